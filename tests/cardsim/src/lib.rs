//! A travel-document chip for tests: in process and behind the virtual PC/SC reader.
