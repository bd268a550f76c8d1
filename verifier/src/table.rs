//! Tables and values made once, with and without the standard library.
//!
//! With `std`, tables hash with a secret drawn once per process. Without it there is no such secret, and whoever writes a
//! document could choose colliding keys: there the tables are trees, whose worst case nobody can make worse.

use alloc::boxed::Box;
use core::ops::Deref;

use once_cell::race::OnceBox;

/// Keys and values.
#[cfg(feature = "std")]
pub(crate) type Table<K, V> = std::collections::HashMap<K, V, crate::fast_hash::FastHash>;
/// Keys without values.
#[cfg(feature = "std")]
pub(crate) type Set<K> = std::collections::HashSet<K, crate::fast_hash::FastHash>;
/// Keys and values.
#[cfg(not(feature = "std"))]
pub(crate) type Table<K, V> = alloc::collections::BTreeMap<K, V>;
/// Keys without values.
#[cfg(not(feature = "std"))]
pub(crate) type Set<K> = alloc::collections::BTreeSet<K>;

/// An empty set with room for `items`, where the kind of set can have such.
pub(crate) fn set_of<K>(items: usize) -> Set<K> {
    #[cfg(feature = "std")]
    return Set::with_capacity_and_hasher(items, crate::fast_hash::FastHash);
    #[cfg(not(feature = "std"))]
    {
        let _ = items;
        Set::new()
    }
}

/// A value made when it is first needed; several threads may make it at once, and one of the results is kept.
pub(crate) struct Lazy<T: 'static> {
    cell: OnceBox<T>,
    make: fn() -> T,
}

impl<T> Lazy<T> {
    pub(crate) const fn new(make: fn() -> T) -> Self {
        Self {
            cell: OnceBox::new(),
            make,
        }
    }
}

impl<T> Deref for Lazy<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.cell.get_or_init(|| Box::new((self.make)()))
    }
}
