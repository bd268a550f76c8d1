#!/usr/bin/env bash
# Installs ONNX Runtime and OpenCV at their pinned versions into FOLDER, unless they are there, and prints the interpreter
# that has them. Says why on standard error and prints nothing where they cannot be installed.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$1

command -v python3 >/dev/null || { echo "face peer: no Python here" >&2; exit 1; }
if ! cmp -s "$here/requirements.txt" "$folder/requirements.txt"; then
    rm -rf "$folder"
    mkdir -p "$folder"
    { python3 -m venv "$folder/venv" &&
        "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
            -r "$here/requirements.txt" &&
        cp "$here/requirements.txt" "$folder/"; } >/dev/null 2>&1 ||
        { rm -rf "$folder"; echo "face peer: ONNX Runtime and OpenCV could not be installed" >&2; exit 1; }
fi
echo "$folder/venv/bin/python"
