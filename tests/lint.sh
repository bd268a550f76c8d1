#!/usr/bin/env bash
# Format, lints, documentation and the shape of the verifier's tree: every warning is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
features=$(pkg-config --exists libpcsclite || echo --no-default-features)

cargo fmt --all --check
cargo clippy --locked --release --workspace --all-targets $features -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --locked --release --workspace --no-deps --quiet $features
tests/verifier-tree.sh
if grep -rnE '#!?\[allow\(' --include='*.rs' verifier wallet issuer tests | grep -v '/target/'; then
    echo "lint: use #[expect(lint, reason = \"…\")] instead of allow" && exit 1
fi
echo "lint: clean"
