//! The relying party on the command line.
fn main() {}
