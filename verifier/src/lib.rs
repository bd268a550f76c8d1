//! Checks identity credentials offline: parse, prove, decide.
