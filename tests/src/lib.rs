//! End to end walks, hostile corpus, interop and benchmarks.
