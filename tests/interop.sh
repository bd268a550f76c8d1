#!/usr/bin/env bash
# Independent judges: builds the workspace of the outside implementations (a lock file of its own), then puts our
# credentials, keys and chip before them and theirs before us.
set -euo pipefail
cd "$(dirname "$0")/.."
features=$(pkg-config --exists libpcsclite || echo --no-default-features)

echo "interop: building the outside judges"
cargo build --locked --manifest-path tests/oracles/Cargo.toml --target-dir "$CARGO_TARGET_DIR/oracles" $features
"$CARGO_TARGET_DIR/release/interop" "$CARGO_TARGET_DIR/oracles/debug/tessera-oracle"
