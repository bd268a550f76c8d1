#!/usr/bin/env bash
# An issuer on loopback with the registry of specimens, and what to type next. Data stay in target/serve between runs.
set -euo pipefail
cd "$(dirname "$0")/.."
bin="${CARGO_TARGET_DIR:-target}/release"
home="${CARGO_TARGET_DIR:-target}/serve"
listen="${LISTEN:-127.0.0.1:8080}"
url="http://$listen"
issuer=("$bin/tessera-issuer" --data "$home/data")
export TESSERA_ISSUER_PASSPHRASE=${TESSERA_ISSUER_PASSPHRASE:-specimen authority passphrase}
export TESSERA_ISSUER_LISTEN=$listen

mkdir -p "$home/registry"
cp tests/fixtures/registry/persons.json tests/fixtures/photos/person_*.jpg "$home/registry/"
if [ ! -d "$home/data" ]; then
    "${issuer[@]}" init
    "${issuer[@]}" registry import "$home/registry"
fi
if [ ! -f "$home/cafe.key" ]; then
    did=$("$bin/tessera-verify" keygen --out "$home/cafe.key" | grep -o 'did:key:[A-Za-z0-9]*' | head -n 1)
    "${issuer[@]}" relying-party add --did "$did" --name-en "Corner Internet Café" --name-zh 街角网吧 \
        --service internet-cafe --out "$home/cafe.json"
fi
root=$("${issuer[@]}" root)
[ -f "$home/counter.secret" ] || head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$home/counter.secret"
cat >"$home/rp.toml" <<TOML
[client]
key_file = "cafe.key"
[bundle]
url = "$url/bundle"
root = "$root"
[[back_ends]]
name = "counter"
secret_file = "counter.secret"
[services.internet-cafe]
back_end = [["age_equal_or_over", "18"]]
page = [["age_equal_or_over", "18"]]
TOML

cat <<TEXT

An issuer with a registry of specimen persons, at $url
In a second terminal, from this folder (any passphrase will do):

  export PATH=$bin:\$PATH TESSERA_PASSPHRASE=specimen TESSERA_STORE=$home/wallet
  tessera init
  tessera enrol --issuer $url --number 999999198605140140 --photo tests/fixtures/photos/person_b_2.jpg
  tessera list

The internet café asks, the holder answers, and the café checks, with the issuer stopped (Ctrl-C here) if you like:

  tessera-verify bundle fetch $url/bundle --root $root --out $home/bundle.jwt
  tessera-verify request --key $home/cafe.key --registration $home/cafe.json --service internet-cafe --out $home/request.jwt
  tessera present $home/request.jwt --out $home/presentation.json
  tessera-verify check --request $home/request.jwt --presentation $home/presentation.json --bundle $home/bundle.jwt --root $root

Or the café runs a server that asks by QR code (in a third terminal; open the "page" it answers with in a browser):

  tessera-rp serve --config $home/rp.toml
  curl -s -H "Authorization: Bearer \$(cat $home/counter.secret)" -H 'Content-Type: application/json' \\
      -d '{"service": "internet-cafe", "flow": "cross_device"}' http://127.0.0.1:8090/requests
  tessera present --local 'openid4vp://…'      # the "link", which is what the QR code says

TEXT
exec "${issuer[@]}" serve
