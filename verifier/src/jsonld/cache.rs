//! Contexts derived once and shared between threads without a lock.
//!
//! Deriving the scoped contexts again for every document is what dominates other
//! implementations' time. Only contexts reached from the store's own documents are kept, and the
//! table never grows: whoever writes documents cannot fill the memory with derived contexts.

use alloc::boxed::Box;
use alloc::sync::Arc;

use once_cell::race::OnceBox;

use super::context::Context;

/// How many derived contexts are kept.
const SLOTS: usize = 1024;
/// How far from its own place a context may be kept.
const PROBES: usize = 8;

/// What a derived context depends on besides its parent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A document of the store, by number.
    Document(usize),
    /// A term's scoped context on a property, by the definition's number.
    Property(usize),
    /// A term's scoped context on a type, by the definition's number.
    Type(usize),
}

/// Parent context's number and the step taken from it.
pub(crate) type Key = (usize, Step);

/// A kept context and what it was derived from.
type Slot = OnceBox<(Key, Arc<Context>)>;

/// A table of fixed size; a full neighbourhood means that a context is derived again each time.
pub(crate) struct ContextCache {
    slots: Box<[Slot]>,
}

impl ContextCache {
    pub(crate) fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| OnceBox::new()).collect(),
        }
    }

    fn places(&self, key: Key) -> impl Iterator<Item = &Slot> {
        let (parent, step) = key;
        let (kind, number) = match step {
            Step::Document(number) => (1, number),
            Step::Property(number) => (2, number),
            Step::Type(number) => (3, number),
        };
        let mixed = ((parent as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ (number as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F))
        .wrapping_add(kind)
        .wrapping_mul(0x1656_67B1_9E37_79F9);
        let start = (mixed >> 40) as usize;
        (0..PROBES).filter_map(move |probe| self.slots.get((start + probe) % SLOTS))
    }

    pub(crate) fn find(&self, key: Key) -> Option<&Arc<Context>> {
        self.places(key)
            .map_while(OnceBox::get)
            .find_map(|(kept, context)| (*kept == key).then_some(context))
    }

    /// Keeps `context` if there is room near its place.
    pub(crate) fn keep(&self, key: Key, context: &Arc<Context>) {
        for slot in self.places(key) {
            match slot.get() {
                Some((kept, _)) if *kept == key => return,
                Some(_) => {}
                // Losing the race to another thread leaves the context uncached this time.
                None => {
                    let _ = slot.set(Box::new((key, Arc::clone(context))));
                    return;
                }
            }
        }
    }
}
