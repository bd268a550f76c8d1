#!/usr/bin/env bash
# Readies a Debian machine: installs what is missing where it may, names the rest, fetches the crates.
# Exits non-zero only where nothing at all can be built.
set -uo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*"; }

# What is needed | the package that brings it | what is lost without it
needs() {
    command -v cc >/dev/null || say "gcc libc6-dev|a C compiler: nothing can be built without it"
    command -v make >/dev/null || say "make|the Makefile's own interpreter"
    command -v pkg-config >/dev/null || say "pkg-config|finding the C libraries below"
    pkg-config --exists openssl 2>/dev/null || say "libssl-dev|encrypted credential responses: issuer, wallet and demo cannot be built"
    pkg-config --exists libpcsclite 2>/dev/null || say "libpcsclite-dev|card readers at the terminal: the card runs in process instead"
    [ -x /usr/sbin/pcscd ] || say "pcscd|the smart-card daemon: the card runs in process instead"
    [ -e /usr/lib/pcsc/drivers/serial/libifdvpcd.so ] || say "vsmartcard-vpcd|the virtual card reader: the card runs in process instead"
    command -v softhsm2-util >/dev/null || say "softhsm2|a PKCS#11 token in software: the demo's terminal keeps its key in a file, and the tests of keys in tokens are skipped"
    command -v swtpm >/dev/null || say "swtpm|a TPM 2.0 in software: the tests of keys in TPMs are skipped"
    command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || say "chromium-headless-shell|a browser: the test that films on the authorization page is skipped"
    command -v openssl >/dev/null || say "openssl|the outside judge of the chip's security object (make interop)"
}

missing=$(needs)
packages=$(printf '%s' "$missing" | cut -d'|' -f1 | tr '\n' ' ')
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "setup: installing $packages"
    # The virtual reader listens on every interface: it belongs on development machines only.
    if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages; } >/dev/null; then
        say "setup: the packages could not all be installed"
    fi
    missing=$(needs)
fi
if [ -n "$missing" ]; then
    say "setup: missing, and what is lost without it:"
    printf '%s\n' "$missing" | sed 's/^\([^|]*\)|\(.*\)/  \1 — \2/'
    say "setup: to install: sudo apt-get install $(printf '%s\n' "$missing" | cut -d'|' -f1 | tr '\n' ' ')"
fi
[ -d ../shared/vectors ] || say "setup: no ../shared/vectors: the tests over the published test suites kept there are skipped"

if ! command -v cargo >/dev/null; then
    say "setup: no cargo: install Rust (https://rustup.rs), then run this again"
    exit 1
fi
command -v cc >/dev/null || exit 1
if ! cargo fetch --locked --offline >/dev/null 2>&1; then
    say "setup: fetching crates"
    cargo fetch --locked || say "setup: the crates could not all be fetched; the build will name the first one it lacks"
fi
say "setup: ready"
