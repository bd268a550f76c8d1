#!/usr/bin/env bash
# Hostile input: every fuzz target of the verifier for FUZZ_SECONDS (30) and of the cards for half of that, as many at
# once as there are processors; on two processors seven and a half minutes, and what building takes. A longer run than a
# minute each ends with the property tests, with many more cases than `make test` takes. The committed seeds in the
# folders `corpus` are read; what is found in addition stays in the target folder.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-30}
tools=${CARGO_TARGET_DIR:-$PWD/target}
# libFuzzer's instrumentation needs flags of an unstable compiler; this lets the stable one take them.
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$tools/fuzz PATH="$tools/fuzz/tools/bin:$PATH"
export ARTIFACTS=$CARGO_TARGET_DIR/artifacts FOUND=$CARGO_TARGET_DIR/found LOGS=$CARGO_TARGET_DIR/logs

cargo fuzz --version >/dev/null 2>&1 || cargo install --debug --locked --version 0.13.2 --root "$tools/fuzz/tools" cargo-fuzz
mkdir -p "$LOGS"

one() {
    local target=$1 seeds=fuzz/corpus/$1
    mkdir -p "$FOUND/$target" "$ARTIFACTS/$target"
    if cargo fuzz run --fuzz-dir fuzz "$target" "$FOUND/$target" $([ -d "$seeds" ] && echo "$seeds") -- \
        -max_total_time="$SECONDS_EACH" -timeout=20 -rss_limit_mb=3072 -max_len=16384 -print_final_stats=1 \
        -artifact_prefix="$ARTIFACTS/$target/" >"$LOGS/$target.log" 2>&1; then
        echo "fuzz: $target: $(awk '/number_of_executed_units/ { print $2 }' "$LOGS/$target.log") runs, nothing found"
    else
        echo "fuzz: $target FAILED"
        tail -n 40 "$LOGS/$target.log"
        return 1
    fi
}
export -f one

# The targets of one crate; of those that FUZZ_TARGETS names, if it does, the ones that are there.
all() {
    local known
    cargo fuzz build --fuzz-dir fuzz
    known=$(cargo fuzz list --fuzz-dir fuzz)
    for target in ${FUZZ_TARGETS:-$known}; do
        if grep -qx "$target" <<<"$known"; then echo "$target"; fi
    done | SECONDS_EACH=$1 xargs -r -P "$(nproc)" -I{} bash -c 'one {}'
}
(cd verifier && all "$seconds")
(cd issuer/card && all $(((seconds + 1) / 2)))

if [ "$seconds" -gt 60 ]; then
    unset RUSTC_BOOTSTRAP
    export CARGO_TARGET_DIR=$tools
    PROPTEST_CASES=${PROPTEST_CASES:-20000} cargo test --locked -p tessera-verifier --release hostile
fi
