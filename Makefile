# Each command here is one that a person could type.

VENV := target/venv
HOST := $(shell rustc --print host-tuple)
STATIC := RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --target $(HOST)
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
CONTAINER := $(shell command -v podman || command -v docker)
# How long `make fuzz` takes, in seconds.
SECONDS ?= 60

.PHONY: run test lint rust viewers container tools bench fuzz image

run:
	cargo run --release -p pdfmagic-http

test: tools lint rust viewers container

lint:
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings

rust:
	cargo test --workspace --no-fail-fast

viewers: tools
	cargo build -p pdfmagic-cli
	$(VENV)/bin/pytest -q -n auto pdfmagic-core/tests/viewers

container: tools
	$(STATIC) -p pdfmagic-http
	$(VENV)/bin/pytest -q deploy/tests

tools:
	@.ci/tools $(VENV)

bench:
	cargo bench -p pdfmagic-benches

fuzz:
	cargo install cargo-fuzz --version 0.13.2 --locked
	cargo +nightly fuzz run convert fuzz/corpus/convert pdfmagic-core/tests/corpus -- -max_total_time=$(SECONDS)

image:
	$(CONTAINER) build -f deploy/Containerfile -t localhost/pdfmagic:$(VERSION) .
