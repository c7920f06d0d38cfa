# Each command here is one that a person could type.

VENV := target/venv
HOST := $(shell rustc --print host-tuple)
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
IMAGE := localhost/pdfmagic:$(VERSION)
CONTAINER := $(shell command -v podman || command -v docker)
# Podman's defaults ask for more than nested containers may have.
export CONTAINERS_CONF ?= $(CURDIR)/deploy/tests/containers.conf
# How long `make fuzz` takes, in seconds.
SECONDS ?= 60

.PHONY: run test lint rust viewers container tools bench fuzz image binary-image

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

container: tools binary-image
	PDFMAGIC_IMAGE=$(IMAGE) $(VENV)/bin/pytest -q deploy/tests

tools:
	@.ci/tools $(VENV)

bench:
	cargo bench -p pdfmagic-benches

fuzz:
	cargo install cargo-fuzz --version 0.13.2 --locked
	cargo +nightly fuzz run convert fuzz/corpus/convert pdfmagic-core/tests/corpus -- -max_total_time=$(SECONDS)

image:
	$(CONTAINER) build -f deploy/Containerfile --build-arg VERSION=$(VERSION) -t $(IMAGE) .

# The same from a binary built here, where no builder image can be pulled.
binary-image:
	RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --target $(HOST) -p pdfmagic-http
	install -D target/$(HOST)/release/pdfmagic-http target/image/pdfmagic-http
	$(CONTAINER) build -q -f deploy/Containerfile.binary --build-arg VERSION=$(VERSION) -t $(IMAGE) target/image
