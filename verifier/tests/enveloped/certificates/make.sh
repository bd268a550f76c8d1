#!/usr/bin/env bash
# How the certificates beside this file were made, with OpenSSL: a root, an authority below it, and a leaf of each kind.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
key() { case $1 in ed25519) openssl genpkey -algorithm ed25519;; rsa) openssl genrsa 2048;; *) openssl ecparam -name "$1" -genkey -noout;; esac; }
# Some versions of `openssl x509` cannot set dates: `openssl ca` can.
touch "$work/index"; echo 1000 > "$work/serial"
cat > "$work/ca.cnf" <<CNF
[ca]
default_ca = it
[it]
database = $work/index
serial = $work/serial
new_certs_dir = $work
policy = any
unique_subject = no
[any]
commonName = supplied
organizationName = optional
[root]
basicConstraints = critical,CA:true,pathlen:1
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[authority]
basicConstraints = critical,CA:true,pathlen:0
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = URI:https://issuer.example/specimen,DNS:issuer.example
CNF
sign() { # name section digest issuer days
    openssl req -new -config /dev/null -subj "/O=Specimen/CN=$1" -key "$work/$1.key" -out "$work/$1.csr" 2>/dev/null ||
        openssl req -new -subj "/O=Specimen/CN=$1" -key "$work/$1.key" -out "$work/$1.csr"
    local by=(-cert "$work/$4.pem" -keyfile "$work/$4.key"); [ "$1" = "$4" ] && by=(-selfsign -keyfile "$work/$1.key")
    openssl ca -batch -config "$work/ca.cnf" -extensions "$2" -md "$3" "${by[@]}" -notext \
        -startdate 20260101000000Z -enddate 20351231235959Z -in "$work/$1.csr" -out "$work/$1.pem" 2>/dev/null
    openssl x509 -in "$work/$1.pem" -outform DER -out "$1.der"
}
key secp384r1 > "$work/root.key"; sign root root sha384 root
key prime256v1 > "$work/authority.key"; sign authority authority sha384 root
key prime256v1 > "$work/p256.key"; sign p256 leaf sha256 authority
key ed25519 > "$work/ed25519.key"; sign ed25519 leaf sha256 authority
key secp521r1 > "$work/p521.key"; sign p521 leaf sha256 authority
key rsa > "$work/rsa.key"; sign rsa leaf sha256 authority
