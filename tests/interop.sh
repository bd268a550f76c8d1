#!/usr/bin/env bash
# Independent judges: builds the workspace of the outside implementations (a lock file of its own), installs the pinned
# packages of other ecosystems where their registries can be reached, then puts our credentials, keys and chip before all
# of them and theirs before us. What cannot be installed here is skipped, and the matrix says so.
set -euo pipefail
cd "$(dirname "$0")/.."
features=$(pkg-config --exists libpcsclite || echo --no-default-features)
peers="$CARGO_TARGET_DIR/peers"

# Installs anew only where the lock file is another than that of what is installed.
node_packages() {
    command -v node >/dev/null && command -v npm >/dev/null || { echo "interop: no Node.js here"; return; }
    mkdir -p "$peers/node"
    cp tests/peers/node/*.mjs tests/peers/node/package.json "$peers/node"
    cmp -s tests/peers/node/package-lock.json "$peers/node/package-lock.json" && return
    cp tests/peers/node/package-lock.json "$peers/node/lock.new"
    rm -rf "$peers/node/node_modules" "$peers/node/package-lock.json"
    (cd "$peers/node" && cp lock.new package-lock.json && npm ci --ignore-scripts --no-audit --no-fund --omit=dev --loglevel=error >/dev/null) ||
        { rm -rf "$peers/node"; echo "interop: the npm packages could not be installed"; }
}

python_packages() {
    command -v python3 >/dev/null || { echo "interop: no Python here"; return; }
    mkdir -p "$peers/python"
    cp tests/peers/python/*.py "$peers/python"
    cmp -s tests/peers/python/requirements.txt "$peers/python/requirements.txt" && return
    rm -rf "$peers/python/venv"
    python3 -m venv "$peers/python/venv" &&
        "$peers/python/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
            -r tests/peers/python/requirements.txt >/dev/null &&
        cp tests/peers/python/requirements.txt "$peers/python/" ||
        { rm -rf "$peers/python"; echo "interop: the PyPI packages could not be installed"; }
}

echo "interop: installing the peers"
node_packages
python_packages
echo "interop: building the outside judges"
cargo build --locked --manifest-path tests/oracles/Cargo.toml --target-dir "$CARGO_TARGET_DIR/oracles" $features
oracle="$CARGO_TARGET_DIR/oracles/debug/tessera-oracle"
begun=$SECONDS
"$CARGO_TARGET_DIR/release/tessera-interop" "$oracle" "$peers"
"$CARGO_TARGET_DIR/release/interop-chip" "$oracle"
echo "interop: the face pipeline beside OpenCV and ONNX Runtime"
TESSERA_FACE_PEER=$(tests/peers/face/install.sh "$peers/face" || true) \
    cargo test --locked --release --workspace $features --test parity -- --nocapture
echo "interop: exchanged in $((SECONDS - begun)) s"
