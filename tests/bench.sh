#!/usr/bin/env bash
# The bars of the credential engine as ratios to a raw P-256 verification, beside ssi, which takes turns with us on this
# machine; draws how the cost grows. Without the outside judges the bars are measured alone.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR=$target

echo "bench: building the outside judges"
judges=(cargo build --locked --release --no-default-features --manifest-path tests/oracles/Cargo.toml --target-dir "$target/oracles")
"${judges[@]}" --features bbs || "${judges[@]}" || echo "bench: they could not be built"
TESSERA_FIGURES="$PWD/docs/figures" cargo bench --locked -p tessera-verifier --features bbs --bench bars
