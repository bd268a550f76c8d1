//! Proves a person, decides, signs, publishes status.
