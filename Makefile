# Each command here is one that a person could type.

VENV := target/venv
HOST := $(shell rustc --print host-tuple)
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
IMAGE := localhost/pdfmagic:$(VERSION)
CONTAINER := $(shell command -v podman || command -v docker)
# Podman's defaults ask for more than nested containers may have.
export CONTAINERS_CONF ?= $(CURDIR)/deploy/tests/containers.conf
RELEASE := target/$(HOST)/release
# What ships is static: it starts sooner, and runs where there is no C library. Packed relocations make it smaller.
# Naming the target keeps the flags away from procedural macros, which cannot be static.
STATIC := RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs" \
  cargo build --release --target $(HOST)
# How many replicas `make up` starts.
REPLICAS ?= 3
# How long `make fuzz` takes for each law, in seconds.
SECONDS ?= 60

.PHONY: run test lint rust portable mutants viewers api chaos instructions container ratios tools programs bench report fuzz image image-root binary-image up down

run:
	cargo run --release -p pdfmagic-http

test: tools lint rust portable instructions viewers api container ratios

lint:
	cargo fmt --check
	cargo clippy --workspace --all-targets --features pdfmagic-benches/rivals,pdfmagic-http/otel -- -D warnings

rust:
	cargo test --workspace --no-fail-fast
	cargo test -p pdfmagic-http --features otel --test service traces

# The command without anything that only Linux has, as on Windows and macOS.
portable:
	RUSTFLAGS="--cfg portable" cargo test -p pdfmagic-cli --target-dir target/portable

# What valgrind counts does not depend on how busy the machine is.
instructions: tools
	$(MAKE) programs
	$(RELEASE)/instructions

viewers: tools
	cargo build -p pdfmagic-cli
	$(VENV)/bin/pytest -q -n auto pdfmagic-core/tests/viewers

api: tools
	cargo build -p pdfmagic-http
	$(VENV)/bin/pytest -q pdfmagic-http/tests/openapi

# What the tests do for ten seconds, for five minutes.
chaos:
	CHAOS_SECONDS=300 cargo test -p pdfmagic-http --test service chaos

container: tools binary-image
	PDFMAGIC_IMAGE=$(IMAGE) PDFMAGIC_RELEASE=target/image $(VENV)/bin/pytest -q deploy/tests

tools:
	@.ci/tools $(VENV)

# Every program as it ships, or those that WHAT names.
programs: WHAT ?= --bins
programs:
	$(STATIC) --workspace $(WHAT)

bench:
	cargo bench -p pdfmagic-benches --features rivals

# What the report promises, in two minutes where it is kept at once.
ratios:
	$(MAKE) report QUICK=1

# The practical's questions, answered by measuring: `make report`, or `make report QUICK=1` in two minutes.
report: tools
	$(MAKE) programs $(if $(QUICK),,WHAT="--bins --features pdfmagic-benches/rivals")
	$(RELEASE)/report $(if $(QUICK),--quick --output target/report)

fuzz:
	cargo install cargo-fuzz --version 0.13.2 --locked
	for law in convert transcode walk; do \
	  mkdir -p fuzz/corpus/$$law && \
	  cargo +nightly fuzz run $$law fuzz/corpus/$$law pdfmagic-core/tests/corpus -- -max_total_time=$(SECONDS) || exit; \
	done

image:
	$(CONTAINER) build -f deploy/Containerfile --build-arg VERSION=$(VERSION) -t $(IMAGE) .

# What the image holds: one program under two names.
image-root:
	$(STATIC) --locked --no-default-features -p pdfmagic-benches --bin pdfmagic
	rm -rf target/image
	install -D $(RELEASE)/pdfmagic target/image/pdfmagic-http
	ln -s pdfmagic-http target/image/pdfmagic-load

# The same image from a binary built here, where no builder image can be pulled.
binary-image: image-root
	$(CONTAINER) build -q -f deploy/Containerfile.binary --build-arg VERSION=$(VERSION) -t $(IMAGE) target/image

up: binary-image
	IMAGE=$(IMAGE) deploy/local/up $(REPLICAS)

down:
	deploy/local/down
