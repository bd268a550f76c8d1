#!/usr/bin/env bash
# Builds the verifier alone, without C, for the browser and for a microcontroller: without the standard library, and with it
# for BBS in the browser.
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
# bls12_381_plus declares itself a dynamic library, too. For wasm32, which has those, it is linked as one, and a library by
# itself needs an allocator and a panic handler: the standard library brings them, so BBS in the browser is built with it.
for build in wasm32-unknown-unknown:core,alloc:rustcrypto wasm32-unknown-unknown:std:std,rustcrypto,bbs-pure \
    thumbv7em-none-eabi:core,alloc:rustcrypto,bbs-pure; do
    IFS=: read -r target library features <<<"$build"
    cargo build --locked --quiet --profile embed -Zbuild-std="$library",panic_abort --target "$target" \
        -p tessera-verifier --no-default-features --features "$features"
    echo "embed: $target: builds with $features"
done
