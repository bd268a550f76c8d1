#!/usr/bin/env bash
# Builds the verifier alone, without the standard library and without C, for the browser and for a microcontroller.
# Debian's rustc-web and rust-web-src bring a standard library in source for targets that have none prebuilt.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! dpkg -s rustc-web rust-web-src lld-14 >/dev/null 2>&1; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "embed: skipped: needs Debian's rustc-web, rust-web-src and lld-14" && exit 0
    fi
    echo "embed: installing rustc-web rust-web-src lld-14"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rustc-web rust-web-src lld-14 >/dev/null
fi
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-14
# Without BBS for wasm32: bls12_381_plus asks to be linked as a library of its own there, with an allocator it has not.
for build in wasm32-unknown-unknown:rustcrypto thumbv7em-none-eabi:rustcrypto,bbs-pure; do
    target=${build%:*}
    cargo build --locked --quiet --profile embed -Zbuild-std=core,alloc,panic_abort --target "$target" \
        -p tessera-verifier --no-default-features --features "${build#*:}"
    echo "embed: $target: builds"
done
