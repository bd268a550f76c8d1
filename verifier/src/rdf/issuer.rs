//! Blank node identifier issuers (RDFC-1.0 §4.5).

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::table::Table;

/// Issues `prefix0`, `prefix1`, … in the order in which nodes ask for the first time.
#[derive(Clone)]
pub(super) struct Issuer {
    prefix: &'static str,
    order: Vec<u32>,
    issued: Table<u32, Arc<str>>,
}

impl Issuer {
    pub(super) fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            order: Vec::new(),
            issued: Table::default(),
        }
    }

    pub(super) fn label(&self, node: u32) -> Option<&Arc<str>> {
        self.issued.get(&node)
    }

    /// The label of `node`, issued now if it has none.
    pub(super) fn issue(&mut self, node: u32) -> Arc<str> {
        if let Some(label) = self.issued.get(&node) {
            return Arc::clone(label);
        }
        let label: Arc<str> = format!("{}{}", self.prefix, self.order.len()).into();
        self.order.push(node);
        self.issued.insert(node, Arc::clone(&label));
        label
    }

    /// Nodes in the order in which they were issued.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }
}
