# Targets run commands that can also be typed by hand.

VENV := target/venv
HOST := $(shell rustc --print host-tuple)
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
IMAGE := localhost/pdfmagic:$(VERSION)
LOAD_IMAGE := localhost/pdfmagic-load:$(VERSION)
CLI_IMAGE := localhost/pdfmagic-cli:$(VERSION)
CONTAINER := $(shell command -v podman || command -v docker)
# The published packages. The other packages are tools of this repository.
PUBLISHED := -p pdfmagic-core -p pdfmagic-cli -p pdfmagic-http
# The defaults of podman require privileges that nested containers do not have.
export CONTAINERS_CONF ?= $(CURDIR)/deploy/tests/containers.conf
# With a fixed timestamp, podman builds identical images from identical programs.
BUILD_IMAGE := $(CONTAINER) build $(if $(findstring podman,$(CONTAINER)),--timestamp=0) --build-arg VERSION=$(VERSION)
CARGO_HOME ?= $(HOME)/.cargo
# Released programs are static: they start faster, and run without a C library. Packed relocations make them smaller. They do not
# name the folder of the crates, so that everyone builds the same program.
# With an explicit target the flags do not apply to procedural macros, which cannot be static.
STATIC := RUSTFLAGS="-C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs \
  --remap-path-prefix=$(CARGO_HOME)/registry/src=" cargo build --profile dist --target $(HOST)
DIST := target/$(HOST)/dist
# The folder for the programs of the images, and their bills of materials.
PACKED ?= target/packed
# The number of replicas that `make up` starts.
REPLICAS ?= 3
# The time for which `make fuzz` runs each target, in seconds, and the targets.
SECONDS ?= 60
LAWS ?= parse convert streamed transcode walk backends_agree geometry metadata conformance existing form http_request

.PHONY: run test lint check minimum-versions rust portable mutants viewers documents api page chaos instructions container \
  soak batch ratios tools programs bench bench-documents report fuzz reproducible deb image load-image cli-image binary-image \
  binary-load-image binary-cli-image up down

run:
	cargo run --release -p pdfmagic-http

# Runs what CI runs in its job `test`, except `make ratios`.
test: tools lint check rust portable instructions viewers documents api page container

lint:
	cargo fmt --check
	cargo clippy --workspace --all-targets --features pdfmagic-report/rivals,pdfmagic-http/otel -- -D warnings

# Checks everything that a release requires beyond tests: every set of features compiles, each feature is documented, the
# packages build from what they contain, licenses and sources are permitted, and the minimum versions in Cargo.toml suffice.
# `cargo package` builds the other packages with the core that it unpacks into the user's cache. It would take an older core of
# the same version from there, so that one is removed first.
check: export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
check: tools
	cargo hack check --workspace --feature-powerset --exclude-features default
	RUSTDOCFLAGS="-D warnings" cargo hack doc --no-deps --each-feature --exclude-features default $(PUBLISHED)
	rm -rf $(CARGO_HOME)/registry/src/-*/pdfmagic-* target/debug/.fingerprint/pdfmagic-core-*
	cargo package --allow-dirty $(PUBLISHED)
	cargo deny check licenses bans sources
	awk '/^\[/ { inside = /dependencies/ } inside && /^[a-z]/ && !/(path|workspace) = / && before !~ /^#/ { bad = 1; \
	  print FILENAME ": no reason: " $$0 } { before = $$0 } END { exit bad }' Cargo.toml */Cargo.toml benches/*/Cargo.toml
	$(MAKE) minimum-versions

# Only a nightly cargo can resolve minimum versions.
MINIMUM := --config 'resolver.lockfile-path="target/minimum/Cargo.lock"'
minimum-versions:
	mkdir -p target/minimum && cp Cargo.lock target/minimum
	cargo +nightly -Zdirect-minimal-versions generate-lockfile $(MINIMUM)
	cargo +nightly check $(PUBLISHED) --all-features $(MINIMUM)

rust:
	cargo test --workspace --no-fail-fast
	cargo test -p pdfmagic-http --features otel --test service traces

# Tests the command without the features that only Linux has, as on Windows and macOS.
portable:
	RUSTFLAGS="--cfg portable" cargo test -p pdfmagic-cli --target-dir target/portable

# Instruction counts do not depend on how busy the machine is.
instructions: tools programs
	$(DIST)/instructions

viewers: tools
	cargo build -p pdfmagic-cli
	$(VENV)/bin/pytest -q -n auto pdfmagic-core/tests/viewers

documents: tools
	cargo build -p pdfmagic-cli
	$(VENV)/bin/pytest -q -n auto pdfmagic-cli/tests/documents

api: tools
	cargo build -p pdfmagic-http
	$(VENV)/bin/pytest -q pdfmagic-http/tests/openapi pdfmagic-http/tests/clients

# Tests the page in a browser, and the plan; writes screenshots to target/page.
page: tools
	cargo build -p pdfmagic-http -p pdfmagic-cli
	PATH=$(CURDIR)/$(VENV)/bin:$$PATH $(VENV)/bin/pytest -q -n auto pdfmagic-http/tests/page

# Runs a test for five minutes that usually takes ten seconds.
chaos:
	CHAOS_SECONDS=300 cargo test -p pdfmagic-http --test service chaos

container: tools binary-image binary-load-image binary-cli-image
	PDFMAGIC_IMAGE=$(IMAGE) PDFMAGIC_LOAD_IMAGE=$(LOAD_IMAGE) PDFMAGIC_CLI_IMAGE=$(CLI_IMAGE) PDFMAGIC_PROGRAMS=$(PACKED) \
	  $(VENV)/bin/pytest -q deploy/tests

# Runs a test for 30 minutes that usually takes 25 seconds.
soak: SOAK_SECONDS ?= 1800
soak: tools packed/pdfmagic-http
	SOAK_SECONDS=$(SOAK_SECONDS) PDFMAGIC_PROGRAMS=$(PACKED) $(VENV)/bin/pytest -q -s deploy/tests/test_soak.py

# Runs the test of the Job, which usually takes ten seconds, with more photos.
batch: tools binary-cli-image
	PHOTOS=1000 PDFMAGIC_CLI_IMAGE=$(CLI_IMAGE) $(VENV)/bin/pytest -q -s deploy/tests/test_batch.py

tools:
	@.ci/tools $(VENV)

# Builds all programs as they are released, or only the programs that WHAT selects.
programs: WHAT ?= --bins
programs:
	$(STATIC) --workspace $(WHAT)

bench:
	cargo bench --profile dist -p pdfmagic-benches --features rivals

# Times the command with a thousand photos and with one, on three file systems. Needs root and 30 GB.
bench-documents: tools
	$(MAKE) -s programs WHAT="--bin pdfmagic-cli"
	$(VENV)/bin/python benches/documents.py $(DIST)/pdfmagic-cli

# Measures the promises about speed. This takes two minutes if all are kept at the first attempt.
ratios:
	$(MAKE) report QUICK=1

# Answers the practical's questions by measuring, in a quarter of an hour. With QUICK=1 it checks only the promises, and with
# ONLY=PART it measures only that part; both write into target/report.
report: tools
	$(MAKE) programs $(if $(QUICK),,WHAT="--bins --features pdfmagic-report/rivals")
	$(DIST)/pdfmagic-report $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(QUICK)$(ONLY),--output target/report)

# There is no sanitizer: without unsafe code AddressSanitizer can find nothing, and it makes the build three times as
# long. Overflow and debug assertions are checked.
fuzz: export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
fuzz: export RUSTC_WRAPPER := $(CURDIR)/fuzz/rustc
fuzz:
	@command -v djpeg >/dev/null || { echo "fuzz: djpeg is missing; install libjpeg-turbo-progs" >&2; exit 1; }
	command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --version 0.13.2 --locked
	fuzz/seeds target/seeds
	for law in $(LAWS); do \
	  case $$law in form|http_request) features=http;; *) features=;; esac; \
	  mkdir -p fuzz/corpus/$$law && \
	  cargo +nightly fuzz run --sanitizer none --codegen-units 16 --features "$$features" \
	    $$law fuzz/corpus/$$law target/seeds/$$law -- \
	    -max_total_time=$(SECONDS) -rss_limit_mb=512 -timeout=10 -print_final_stats=1 || exit; \
	done

# Changes the core in small ways, one at a time, and runs its tests, for hours. It prints each change that no test notices.
mutants:
	command -v cargo-mutants >/dev/null || cargo install cargo-mutants --version 27.1.0 --locked
	cargo mutants -p pdfmagic-core --all-features --output target -- --tests

# Builds a program, and its bill of materials, as its image contains them: `make packed/pdfmagic-http`.
packed/%:
	$(STATIC) --locked --no-default-features -p $*
	install -D $(DIST)/$* $(PACKED)/$*
	deploy/bill $* >$(PACKED)/$*.cdx.json

# Builds the programs of the last commit in another folder, and checks that they are identical to those of this folder.
reproducible: packed/pdfmagic-cli packed/pdfmagic-http
	rm -rf target/again && git clone -q . target/again
	$(MAKE) -C target/again $^
	for file in $(^F) $(^F:=.cdx.json); do cmp $(PACKED)/$$file target/again/$(PACKED)/$$file || exit; done

# Builds the Debian package of the command.
deb: packed/pdfmagic-cli
	deploy/deb $(PACKED)/pdfmagic-cli $(VERSION) $(PACKED)/pdfmagic_$(VERSION).deb

image:
	$(BUILD_IMAGE) -f deploy/Containerfile -t $(IMAGE) .

load-image:
	$(BUILD_IMAGE) -f deploy/Containerfile.load -t $(LOAD_IMAGE) .

cli-image:
	$(BUILD_IMAGE) -f deploy/Containerfile.cli -t $(CLI_IMAGE) .

# Build the same images from programs that are built on the host, for machines that cannot pull the builder image.
binary-image: packed/pdfmagic-http
	$(BUILD_IMAGE) -q -f deploy/Containerfile --build-context builder=$(dir $(PACKED)) -t $(IMAGE) .

binary-load-image: packed/pdfmagic-load
	$(BUILD_IMAGE) -q -f deploy/Containerfile.load --build-context builder=$(dir $(PACKED)) -t $(LOAD_IMAGE) .

binary-cli-image: packed/pdfmagic-cli
	$(BUILD_IMAGE) -q -f deploy/Containerfile.cli --build-context builder=$(dir $(PACKED)) -t $(CLI_IMAGE) .

up: binary-image
	IMAGE=$(IMAGE) deploy/local/up $(REPLICAS)

down:
	deploy/local/down
