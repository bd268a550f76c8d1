//! RDF datasets, N-Quads and RDF Dataset Canonicalization (RDFC-1.0).
//!
//! ```text
//! Vec<Quad> ──canonicalize──▶ Canonical ──to_nquads──▶ bytes to hash
//!                                  └─────label(_:x)──▶ c14n0, c14n1, …
//! ```
//!
//! Canonicalization is a graph-isomorphism problem and can be made to cost exponential time by
//! whoever writes the dataset. Ordinary credentials never leave the first-degree path; everything
//! beyond it is paid for out of a counted [`Budget`], so that a hostile dataset is refused after
//! a known amount of work instead of a timeout.

mod canonical;
mod dataset;
mod issuer;
mod ndegree;
mod nquads;
mod parse;
mod term;

pub(crate) use canonical::CanonicalLabels;
pub use canonical::{Budget, Canonical, HashAlgorithm, canonicalize};
pub(crate) use dataset::{Dataset, TermRef};
pub(crate) use nquads::write_typed;
pub use nquads::{to_nquads, write_quad};
pub use parse::parse_nquads;
pub use term::{Literal, Quad, Term, is_well_formed_iri, is_well_formed_language};

/// What can go wrong with a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RdfError {
    /// The text is not N-Quads; the line counts from 1.
    Syntax {
        /// First line that could not be read.
        line: usize,
    },
    /// The dataset needs more n-degree work than the [`Budget`] allows (RDFC-1.0 §7.1).
    WorkBudgetExceeded,
}

impl core::fmt::Display for RdfError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Syntax { line } => write!(f, "line {line} is not N-Quads"),
            Self::WorkBudgetExceeded => {
                f.write_str("the dataset needs more canonicalization work than is allowed")
            }
        }
    }
}

impl core::error::Error for RdfError {}
