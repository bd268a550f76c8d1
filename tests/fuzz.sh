#!/usr/bin/env bash
# Hostile input at length: the fuzz targets for a minute each where cargo-fuzz is installed; always the property tests
# with many more cases than `make test` takes.
set -euo pipefail
cd "$(dirname "$0")/.."
features=$(pkg-config --exists libpcsclite || echo --no-default-features)

if [ -d verifier/fuzz ] && cargo fuzz --version >/dev/null 2>&1; then
    for target in $(cargo fuzz list --fuzz-dir verifier/fuzz); do
        echo "fuzz: $target"
        cargo fuzz run --fuzz-dir verifier/fuzz "$target" -- -max_total_time=60
    done
else
    echo "fuzz: cargo-fuzz is not installed (it needs a nightly compiler): running the property tests only"
fi
PROPTEST_CASES=${PROPTEST_CASES:-20000} cargo test --locked --workspace $features --release hostile
