# Each target does its own set-up and needs no network once built. `make demo` and `make test` are the two to begin with.
SHELL := /bin/bash
export CARGO_TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))

# Without libpcsclite the terminal is built without readers; without OpenSSL only the relying party's side and the evidence checks are.
FEATURES = $(shell pkg-config --exists libpcsclite || echo --no-default-features)
PACKAGES = $(shell pkg-config --exists openssl && echo --workspace || echo -p tessera-verifier -p tessera-verify -p tessera-card -p tessera-face -p tessera-cardsim)
CARGO_RELEASE = cargo build --locked --release --workspace --bins $(FEATURES)

.PHONY: setup demo test interop bench serve lint audit fuzz
setup: ; @tests/setup.sh
demo: setup ; $(CARGO_RELEASE) && $(CARGO_TARGET_DIR)/release/demo
test: setup ; cargo build --locked $(PACKAGES) --bins $(FEATURES) && cargo test --locked $(PACKAGES) $(FEATURES)
interop: setup ; tests/interop.sh
bench: setup ; cargo build --locked --release --bins $(FEATURES) && cargo bench --locked -p tessera-tests $(FEATURES)
serve: setup ; $(CARGO_RELEASE) && tests/serve.sh
lint: setup ; tests/lint.sh
audit: ; tests/audit.sh
fuzz: ; tests/fuzz.sh
