# `make help` lists the targets.
.DEFAULT_GOAL := help
export CARGO_TERM_COLOR ?= auto
ifdef CI
# A clean clone is built once: what makes the next build quicker only costs time.
export CARGO_INCREMENTAL := 0
endif

NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)

.PHONY: help run cluster test steps-of-test quick long check fmt docs bench bench-channel bench-cluster soak faults lies clients simulate site features fuzz

# Tests that need the machine for themselves. .config/nextest.toml has a corresponding list.
ALONE := attacks::resources hostile:: load:: neighbours:: soak::

# The long versions of tests that have a short one in `make test`. This is what `make test` leaves to them, and why:
#   soak      9,750 of 10,000 sessions: a leak shows after 250, and its rate after 10,000
#   faults    half of the quick attacks, seven eighths of the slow ones and two thirds of the hostile pages, other ones every day;
#             most faults of processes and clusters, because each has to be waited for;
#             the stories repeated through another instance in which only the way to the browser is longer;
#             of CDP clients through an instance or a proxy, each story with one of the libraries, and nine tenths of the load
#   clients   eight of the ten further CDP clients: they download 600 MB
#   lies      1,950 of 2,000 generated pages, 97,000 of 100,000 requests of bad_input, and 99,920 of 100,000 worlds of simulate,
#             because they are further samples of a kind that is tested already
LONG := CAPTURE_LONG=1 cargo test --locked -p capture-tests --test e2e --

# `make test` fails when it would take more minutes than this on two free cores; the aim is 15.
TEST_MINUTES := 20
# Longest time of `make long`, in minutes.
LONG_MINUTES ?= 60

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: ## install what is missing, build, and serve for trying things out (capture serve --dev)
	@scripts/setup.sh run
	cargo run --locked -p capture-http -- serve --dev

cluster: ## two instances, Redis and nginx on loopback, and what to try
	@scripts/setup.sh cluster
	cargo build --locked -p capture-http
	scripts/cluster.sh

test: ## install what is missing, check, run all tests, and say where the time went
	@scripts/setup.sh tests
	@scripts/test_times.py $(TEST_MINUTES) $(MAKE) --no-print-directory steps-of-test

steps-of-test:
	@$(MAKE) --no-print-directory check
	cargo build --locked --workspace --bins --example embed --example follow
ifeq ($(NEXTEST),yes)
	cargo nextest run --locked --workspace --lib --bins --tests
	cargo test --locked --workspace --doc
else
	cargo test --locked --workspace -- --test-threads=2 $(addprefix --skip ,$(ALONE))
	cargo test --locked -p capture-tests --test e2e -- --test-threads=1 $(ALONE)
endif

quick: ## units and stories of what was changed since main, within about 90 seconds
	@scripts/setup.sh tests
	@scripts/quick.py

long: build-tests ## the long runs one after the other for LONG_MINUTES (60), from where the last one stopped
	@scripts/long.py $(LONG_MINUTES)

check: ## format, lints, documentation; what CI runs first
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --quiet

features: ## capture-core with each set of its features (about 3 minutes)
	cargo clippy --locked -p capture-core -- -D warnings
	cargo clippy --locked -p capture-core --features redis -- -D warnings
	cargo clippy --locked -p capture-core --features render --all-targets -- -D warnings

fmt: ## format everything
	cargo fmt --all

docs: ## build the documentation of the code
	cargo doc --workspace --no-deps --open

bench: ## measure side by side with peers and write BENCHMARKS.md
	@scripts/setup.sh bench
	cargo build --locked --release -p capture-http -p capture-core --bins --example many --example channels
	cd bench && npm install --no-audit --no-fund --silent && node run.mjs

bench-channel: ## what 10,000 connections of the channel cost (about 2 minutes)
	cargo run --locked --release -p capture-http --example channels -- 10000

bench-cluster: ## what the relay between two instances costs, and how soon it heals (about 4 minutes)
	@scripts/setup.sh tests
	cargo run --locked --release -p capture-core --features redis --example relay

soak: build-tests ## open and close 10,000 sessions, make 5,000 renders, and look what is left (about 10 minutes)
	$(LONG) soak:: load:: codecs::

faults: build-tests ## every process of the browser in every phase, then every fault of a cluster at every load, and every attack (about 3 hours; CAPTURE_ROUNDS for fewer, CAPTURE_ATTACK for those on neighbours with this in their name)
	$(LONG) --test-threads=1 --nocapture faults:: attacks:: hostile:: cdp:: connect_expiry::
	cargo build --locked --release -p capture-http
	CAPTURE_BUILD=release $(LONG) --test-threads=1 --nocapture neighbours::

simulate: ## 100,000 worlds of the cluster under faults, each from a seed (about 35 minutes; CAPTURE_SEEDS for fewer)
	CAPTURE_SEEDS=$${CAPTURE_SEEDS:-100000} cargo test --locked --release -p capture-core --features redis --lib simulation -- --nocapture

site: build-tests ## every page of the picture site; the pictures are left in target/site
	$(LONG) picture_site::

lies: build-tests ## judge every claim on 2,000 generated pages (about 10 minutes)
	$(LONG) claims::

clients: build-tests ## stories with further CDP clients from npm and PyPI, unmodified, and with an S3 server (about 2 minutes, most of it installing)
	$(LONG) --nocapture clients:: s3_server::

fuzz: build-tests ## 100,000 bad requests, 20,000 bad renders, 3,000 random documents to convert, then an hour of cargo-fuzz (needs a nightly compiler)
	$(LONG) bad_input:: content::whatever
	scripts/fuzz.sh

.PHONY: build-tests
build-tests:
	@scripts/setup.sh tests
	cargo build --locked --workspace --bins
