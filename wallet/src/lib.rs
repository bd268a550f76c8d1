//! Receives, keeps, chooses and presents identity credentials.
