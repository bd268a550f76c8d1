#!/usr/bin/env bash
# A relying party links the verifier: it must stay small, and hold no network, no runtime, no clock, no randomness.
# (verifier/deny.toml says the same to cargo deny, which not every machine has.)
set -euo pipefail
cd "$(dirname "$0")/.."
ceiling=60
banned='ureq|reqwest|hyper.*|isahc|curl|attohttpc|minreq|socket2|rustls|native-tls|tokio.*|async-std|smol|futures.*|mio|chrono|time|jiff|web-time|instant|rand|rand_core|getrandom|fastrand|ssi.*|did-key|json-ld|openssl|josekit'

tree=$(cargo tree --locked --offline -p tessera-verifier -e normal --prefix none --no-dedupe | awk '{print $1, $2}' | sort -u)
count=$(printf '%s\n' "$tree" | wc -l)
found=$(printf '%s\n' "$tree" | awk '{print $1}' | grep -xE "$banned" || true)
# Test modules may read files and draw keys: whole files of that kind, and what follows #[cfg(test)] in the others.
hidden=$(find verifier/src -name '*.rs' ! -name vectors.rs ! -name tests.rs ! -path '*/tests/*' -print0 |
    xargs -0 awk 'FNR == 1 { test = 0 } /^#\[cfg\(test\)\]/ { test = 1 }
        !test && !/^[[:space:]]*\/\// && /SystemTime::now|Instant::now|SystemRandom|getrandom|std::(net|fs|env|process)|tokio::/ { print FILENAME ":" FNR ": " $0 }')

[ -z "$found" ] || { echo "verifier tree: banned crates linked: $found"; exit 1; }
[ -z "$hidden" ] || { printf 'verifier tree: a clock, randomness or I/O of its own:\n%s\n' "$hidden"; exit 1; }
[ "$count" -le "$ceiling" ] || { echo "verifier tree: $count packages, the ceiling is $ceiling"; exit 1; }
echo "verifier tree: $count packages (ceiling $ceiling), none banned"
