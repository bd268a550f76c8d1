#!/usr/bin/env bash
# Licences, bans, sources and known advisories of everything in the lock files of what ships or fuzzes it. Installs its two tools when they are missing.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
command -v cargo-audit >/dev/null || cargo install --locked cargo-audit

cargo deny check bans licenses sources
cargo deny --manifest-path verifier/Cargo.toml --config verifier/deny.toml check bans
if [ -d ../shared/advisory-db ]; then
    database=(--db ../shared/advisory-db --no-fetch --stale)
else
    echo "audit: no ../shared/advisory-db: fetching the public one"
    database=()
fi
for lock in Cargo.lock verifier/fuzz/Cargo.lock issuer/card/fuzz/Cargo.lock; do
    cargo audit --deny warnings --file "$lock" "${database[@]}"
done
echo "audit: nothing open"
