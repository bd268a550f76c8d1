# Each target does its own set-up and needs no network once built. `make demo` and `make test` are the two to begin with.
SHELL := /bin/bash
export CARGO_TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))

# Without libpcsclite the terminal is built without readers; without OpenSSL only the relying party's side and the evidence checks are.
FEATURES = $(shell pkg-config --exists libpcsclite || echo --no-default-features)
PACKAGES = $(shell pkg-config --exists openssl && echo --workspace || echo -p tessera-verifier -p tessera-verify -p tessera-card -p tessera-face -p tessera-cardsim)
# One profile and one set of packages everywhere, so that nothing is compiled twice and the tests test what ships.
PROGRAMS = cargo build --locked --release --workspace --bins $(FEATURES)
CONFORMANCE = cargo build --locked --release --workspace --bin tessera-conformance $(FEATURES)

.PHONY: setup demo test interop bench serve conformance serve-conformance lint embed audit fuzz
setup: ; @tests/setup.sh
demo: setup ; $(PROGRAMS) && $(CARGO_TARGET_DIR)/release/demo
test: setup ; cargo build --locked --release $(PACKAGES) --bins $(FEATURES) && cargo test --locked --release $(PACKAGES) $(FEATURES)
interop: setup ; $(PROGRAMS) && tests/interop.sh
bench: setup ; tests/bench.sh && $(PROGRAMS) && TESSERA_FACE_PEER=$$(tests/peers/face/install.sh $(CARGO_TARGET_DIR)/peers/face) cargo bench --locked --workspace --bench ratios --bench ld --bench pipeline $(FEATURES)
serve: setup ; $(PROGRAMS) && tests/serve.sh
conformance: setup ; $(CONFORMANCE) && $(CARGO_TARGET_DIR)/release/tessera-conformance vectors
serve-conformance: setup ; @$(CONFORMANCE) && exec $(CARGO_TARGET_DIR)/release/tessera-conformance serve --tls-port 8301
lint: setup ; tests/lint.sh
embed: setup ; @tests/embed.sh
audit: ; tests/audit.sh
fuzz: ; tests/fuzz.sh
