//! Regular expressions of `pattern` and `patternProperties` (Core §6.4, §10.3.2.2), matched in linear time.
//!
//! ```text
//! parse    ECMA-262 §22.2.1 with the `u` flag ─▶ Node
//! program  Node ─▶ states; every state that can be reached is followed at once, so nothing is ever tried twice
//! ```
//!
//! What takes more than a finite automaton (backreferences, lookaround), modifiers, and properties of characters that need
//! tables of Unicode are refused: a schema must mean here what it means to its author.

mod class;
mod parse;
mod program;

pub(super) use program::Pattern;
