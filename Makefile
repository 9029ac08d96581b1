# Everything that is done to this project has a target here; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.ONESHELL:

CONFIG := debug
# A release is one unless told otherwise: `make dist CONFIG=debug`.
DIST_CONFIG := $(if $(filter command line,$(origin CONFIG)),$(CONFIG),release)
VENV := .venv
PYTHON := $(VENV)/bin/python
DEBUG_BINARY := .build/debug/pillion
RELEASE_BINARY := .build/release/pillion
# Targets import only what Package.swift says they may; a warning in one of our targets is an error.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
STRICT := PILLION_STRICT=1
# Two accesses that overlap are a mistake that debug builds stop at, and every test runs on one of those; a release does not look
# again at each access, which was a seventh of its instructions. Swift's runtime is inside of every release, so that what is
# measured is what is shipped, and one build serves both. Nothing looks symbols up in it by name: without a table of them for that,
# and linked by lld, it holds 2 MiB less in memory; what is stripped of the others has no names for a debugger. Another 3 MiB were
# the relocations, which are read at each start and take 24 kB when packed: glibc 2.36, Debian 12's, is the first to read that.
RELEASE_FLAGS := --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked -Xswiftc -use-ld=lld \
	-Xlinker --no-export-dynamic -Xlinker -z -Xlinker pack-relative-relocs
RELEASE := swift build -c release $(SWIFT_FLAGS) $(RELEASE_FLAGS)
# What `make test PYTEST_FLAGS="-k errors"` passes on.
PYTEST_FLAGS ?=
DEMO_LISTEN ?= 127.0.0.1:50051
FUZZ_SECONDS ?= 60
CORPUS_CASES ?= 60000
FILTER_CASES ?= 1000000
TIMING_SAMPLES ?= 1000000
CASES ?= 10000000
TSAN_FILTER ?= Pillion
ASAN_FILTER ?= Pillion
# Files of Tests/Clients that the address sanitizer and valgrind are put below: those about frames, streams, deadlines and both databases.
SANITIZED_CLIENTS ?= test_http2 test_malformed test_deadlines test_cancel_race test_dead_peers test_create_retrieve test_types test_list

.PHONY: help
help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##### use

.PHONY: run
run: bootstrap-run ## Install what is missing, build, and serve a demo shop on 127.0.0.1:50051.
	@echo "==> swift build -c release (minutes the first time, seconds afterwards)"
	$(RELEASE) --product pillion
	exec scripts/demo $(RELEASE_BINARY) $(DEMO_LISTEN)

.PHONY: build
build: bootstrap-run ## Build pillion; CONFIG=release for the fast one.
	$(if $(filter release,$(CONFIG)),$(RELEASE),swift build -c $(CONFIG) $(SWIFT_FLAGS)) --product pillion

.PHONY: generate-protos
generate-protos: build ## Write protos/ from models/.
	.build/$(CONFIG)/pillion generate-protos

.PHONY: check
check: build ## Say whether models/ and protos/ agree.
	.build/$(CONFIG)/pillion generate-protos --check

##### test

.PHONY: test
test: bootstrap-test docs format-check test-swift lint test-differential test-examples test-clients ## Install what is missing, lint, and run every test.

.PHONY: build-tests
build-tests:
	$(STRICT) swift build --build-tests $(SWIFT_FLAGS)

.PHONY: test-swift
test-swift: build-tests ## Run the Swift tests, one after the other: on two cores the heavy ones would starve those that wait.
	$(STRICT) swift test --skip-build --no-parallel $(SWIFT_FLAGS)

# The example shares what is built: only its own few files are compiled.
EXAMPLE := --package-path Examples/blog --scratch-path .build

.PHONY: build-examples
build-examples: build-tests
	$(STRICT) swift build $(EXAMPLE) --build-tests

.PHONY: test-examples
test-examples: build-examples ## Build Examples/blog and run its tests.
	$(STRICT) swift test $(EXAMPLE) --skip-build

.PHONY: test-clients
test-clients: build-examples ## Run real clients against the debug binary, on SQLite and PostgreSQL.
	PILLION_BINARY=$(CURDIR)/$(DEBUG_BINARY) $(PYTHON) -m pytest Tests/Clients $(PYTEST_FLAGS)

.PHONY: test-applications
test-applications: bootstrap-test build-tests ## Run inspect on the tables of a CMS, a forum, an issue tracker and a workflow engine from PyPI.
	[[ -x .venv-applications/bin/python ]] || python3 -m venv .venv-applications
	.venv-applications/bin/pip install --quiet --requirement Tests/Clients/inspected/applications/requirements.txt
	PILLION_BINARY=$(CURDIR)/$(DEBUG_BINARY) $(PYTHON) -m pytest Tests/Clients/test_inspect_applications.py $(PYTEST_FLAGS)

.PHONY: test-histories
test-histories: build-tests ## Grow 500 databases at random, and let buf say whether their protos stay compatible.
	PILLION_HISTORIES=500 PILLION_BINARY=$(CURDIR)/$(DEBUG_BINARY) $(PYTHON) -m pytest -q Tests/Clients/test_ddl_histories.py $(PYTEST_FLAGS)

.PHONY: test-round-trips
test-round-trips: build-tests ## Make tables of 200 random schemas on each database, and read the same definitions back.
	PILLION_SCHEMAS=200 PILLION_BINARY=$(CURDIR)/$(DEBUG_BINARY) $(PYTHON) -m pytest -q Tests/Clients/test_round_trip.py $(PYTEST_FLAGS)

.PHONY: test-differential
test-differential: build-tests ## Compare the codec with Python's protobuf on generated and mutated messages.
	$(PYTHON) Tests/Differential/wire_corpus.py --out .build/wire-corpus.txt --cases $(CORPUS_CASES)
	PILLION_CORPUS=$(CURDIR)/.build/wire-corpus.txt $(STRICT) swift test --skip-build $(SWIFT_FLAGS) --filter PillionWireTests.CorpusTests

.PHONY: tsan
tsan: bootstrap-test ## Run the Swift tests under the thread sanitizer.
	TSAN_OPTIONS=suppressions=$(CURDIR)/scripts/tsan.supp swift test --no-parallel --sanitize=thread --scratch-path .build-tsan --filter '$(TSAN_FILTER)'

.PHONY: asan
asan: bootstrap-test ## Run the Swift tests, and clients (SANITIZED_CLIENTS), under the address sanitizer.
	swift build --build-tests --sanitize=address --scratch-path .build-asan $(SWIFT_FLAGS)
	swift test --skip-build --no-parallel --sanitize=address --scratch-path .build-asan --filter '$(ASAN_FILTER)'
	PILLION_BINARY=$(CURDIR)/.build-asan/debug/pillion $(PYTHON) -m pytest $(SANITIZED_CLIENTS:%=Tests/Clients/%.py) $(PYTEST_FLAGS)

.PHONY: valgrind
valgrind: bootstrap-test build-tests ## Run clients (SANITIZED_CLIENTS) against the debug binary in valgrind's memcheck; slow.
	mkdir -p .build/valgrind
	objcopy --strip-debug $(DEBUG_BINARY) .build/valgrind/pillion-stripped
	cp scripts/valgrind.supp .build/valgrind/
	cp scripts/under-valgrind .build/valgrind/pillion
	PILLION_BINARY=$(CURDIR)/.build/valgrind/pillion $(PYTHON) -m pytest $(SANITIZED_CLIENTS:%=Tests/Clients/%.py) $(PYTEST_FLAGS)

.PHONY: timing
timing: build-tests ## Measure whether the time of comparing secrets tells where they differ, with TIMING_SAMPLES (1000000) samples.
	PILLION_TIMING_SAMPLES=$(TIMING_SAMPLES) $(STRICT) swift test --skip-build $(SWIFT_FLAGS) --filter TimingTests

.PHONY: fuzz
fuzz: bootstrap-test build-tests ## Try the codec, the filters and the transport on new random input for FUZZ_SECONDS (60).
	@seed=$$RANDOM$$RANDOM
	while ((SECONDS < $(FUZZ_SECONDS))); do
	  seed=$$((seed + 1))
	  $(PYTHON) Tests/Differential/wire_corpus.py --out .build/fuzz-corpus.txt --cases $(CORPUS_CASES) --seed $$seed
	  PILLION_CORPUS=$(CURDIR)/.build/fuzz-corpus.txt $(STRICT) swift test --skip-build $(SWIFT_FLAGS) --filter PillionWireTests.CorpusTests \
	    || { echo "differs with --seed $$seed; the corpus is in .build/fuzz-corpus.txt" >&2; exit 1; }
	  PILLION_SEED=$$seed PILLION_FILTER_CASES=$(FILTER_CASES) $(STRICT) swift test --skip-build $(SWIFT_FLAGS) --filter FilterFuzzTests
	  PILLION_SEED=$$seed PILLION_BINARY=$(CURDIR)/$(DEBUG_BINARY) $(PYTHON) -m pytest -q Tests/Clients/test_filter_differential.py
	  PILLION_SEED=$$seed $(STRICT) swift test --skip-build $(SWIFT_FLAGS) --filter PillionTransportTests.TransportFuzzTests \
	    || { echo "fails with PILLION_SEED=$$seed: add it to the findings in TransportFuzzTests.swift" >&2; exit 1; }
	done

.PHONY: fuzz-coverage
fuzz-coverage: bootstrap-test ## Let libFuzzer look for inputs that harm the transport, FUZZ_SECONDS (60) for each of its targets.
	@library=$$(dirname "$$(dirname "$$(readlink -f "$$(command -v swiftc)")")")/lib/clang/*/lib/*/libclang_rt.fuzzer_no_main-$$(uname -m).a
	library=$$(ls $$library | head -n 1)
	PILLION_FUZZER=$$library swift build --scratch-path .build-fuzz --product fuzz $(SWIFT_FLAGS)
	for target in connection framer; do
	  mkdir -p .build-fuzz/corpus/$$target
	  SWIFT_BACKTRACE=enable=no .build-fuzz/debug/fuzz $$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	    -artifact_prefix=Tests/Fuzz/findings/$$target/ .build-fuzz/corpus/$$target Tests/Fuzz/seeds/$$target Tests/Fuzz/findings/$$target \
	    || { echo "keep what it wrote to Tests/Fuzz/findings/$$target: the tests try it again" >&2; exit 1; }
	done

.PHONY: build-bench
build-bench:
	$(RELEASE) --product pillion
	$(RELEASE) --product interop-server

.PHONY: bench
bench: bootstrap-bench ## Measure Pillion beside its peers and as things grow, write Benchmarks/report and README's table; BENCH_FLAGS=--quick.
	$(MAKE) -C Benchmarks

.PHONY: bench-check
bench-check: bootstrap-bench ## Compare instructions and allocations a call with Benchmarks/thresholds.json; CHECK_FLAGS=--update writes them down.
	$(RELEASE) --product pillion
	$(MAKE) -C Benchmarks ../.build-bench/loadgen ../.build-bench/allocations.so
	$(PYTHON) Benchmarks/check.py $(CHECK_FLAGS)

.PHONY: soak
soak: bootstrap-bench ## Long tests with a release build: large calls, busy clients, overload, cancels, attacks, SOAK_SECONDS (300) of load with faults.
	$(MAKE) -C Benchmarks soak

.PHONY: bench-sizing
bench-sizing: bootstrap-bench ## Measure processor and memory a call, and write the table of docs/production.md.
	$(RELEASE) --product pillion
	$(MAKE) -C Benchmarks ../.build-bench/loadgen
	$(PYTHON) Benchmarks/sizing.py --write

##### release

.PHONY: dist
dist: bootstrap-run ## Pack a release into dist/: binary, completions, manual, bill of materials, checksums; CONFIG=debug to try it.
	$(MAKE) build CONFIG=$(DIST_CONFIG)
	scripts/manual .build/$(DIST_CONFIG)/pillion .build/manual
	scripts/dist .build/$(DIST_CONFIG)/pillion .build/manual dist

.PHONY: dist-again
dist-again: dist ## Build the release a second time from nothing, and compare what is packed byte by byte.
	$(RELEASE) --product pillion --scratch-path .build-again
	scripts/dist .build-again/release/pillion .build/manual .build-again/dist
	cmp dist/SHA256SUMS .build-again/dist/SHA256SUMS && echo "the same bytes" || scripts/dist-differences dist .build-again/dist

.PHONY: test-release
test-release: bootstrap-test ## Pack the debug binary, or PILLION_BINARY, twice, and look at what a release holds; minutes.
	PILLION_BINARY=$(or $(PILLION_BINARY),$(CURDIR)/$(DEBUG_BINARY)) $(PYTHON) -m pytest Tests/Release $(PYTEST_FLAGS)

.PHONY: kubernetes
kubernetes: bootstrap-test ## Write deploy/kubernetes/standalone.yaml from the Helm chart.
	$(PYTHON) scripts/render-kubernetes

.PHONY: test-image
test-image: bootstrap-image ## Carry out the last stage of deploy/Dockerfile in a chroot and call the server in it; minutes.
	PILLION_BINARY=$(or $(PILLION_BINARY),$(CURDIR)/$(DEBUG_BINARY)) $(PYTHON) -m pytest Tests/Image $(PYTEST_FLAGS)

.PHONY: bench-peers
bench-peers: bootstrap-bench ## Measure each call beside the peers and write Benchmarks/report/report.md; PEERS_FLAGS are matrix.py's.
	$(MAKE) -C Benchmarks peers

.PHONY: bench-growth
bench-growth: bootstrap-bench ## Measure what a call costs as things grow and write Benchmarks/report/growth.md; GROWTH_FLAGS are growth.py's.
	$(MAKE) -C Benchmarks growth

.PHONY: bench-bars
bench-bars: bootstrap-bench ## Measure the ratios that are aimed at and write Benchmarks/report/bars.md; BARS_FLAGS are run.py's.
	$(MAKE) -C Benchmarks bars

.PHONY: bench-answers
bench-answers: bootstrap-bench ## Compare what Pillion and each peer answer with what the database holds.
	$(MAKE) -C Benchmarks answers

.PHONY: bench-queries
bench-queries: bootstrap-bench ## Measure a far page of a large table and the CPU of filters; QUERY_FLAGS are queries.py's.
	$(MAKE) -C Benchmarks queries

.PHONY: bench-hooks
bench-hooks: bootstrap-bench ## Measure what hooks cost; HOOK_FLAGS are hooks.py's.
	$(RELEASE) --product embedding-server
	$(MAKE) -C Benchmarks hooks

.PHONY: fuzz-filters
fuzz-filters: bootstrap-test build-tests ## Try the filter parser on CASES (10,000,000) random inputs in one go.
	PILLION_FILTER_CASES=$(CASES) $(STRICT) swift test --skip-build $(SWIFT_FLAGS) --filter FilterFuzzTests

##### style

.PHONY: lint
lint: bootstrap-test format-check build-tests ## Check style, the generated files, and what buf says of the protos.
	$(VENV)/bin/buf lint
	$(VENV)/bin/buf build -o /dev/null
	$(DEBUG_BINARY) generate-protos --check
	$(MESSAGES_PLUGIN)
	scripts/generate-messages --check

MESSAGES_PLUGIN := $(STRICT) swift build $(SWIFT_FLAGS) --product protoc-gen-swift

.PHONY: generate-messages
generate-messages: bootstrap-test build-tests ## Write Swift's messages of the protos that the example and the tests' programs use.
	$(MESSAGES_PLUGIN)
	scripts/generate-messages

.PHONY: format-check
format-check:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Examples

.PHONY: format
format: ## Rewrite the Swift sources in the house style.
	swift format --in-place --recursive --parallel Package.swift Sources Tests Examples

.PHONY: docs
docs: ## Check that every link between the documents leads somewhere, that every test they name is there, and that their Swift is compiled.
	scripts/check-links README.md docs Benchmarks
	scripts/check-tests docs/reliability.md
	scripts/doc-snippets --check

.PHONY: doc-snippets
doc-snippets: ## Write the documents' Swift blocks to Examples/blog/Tests/DocSnippets, where `make test` compiles them.
	scripts/doc-snippets

.PHONY: clean
clean: ## Remove what was built; keep what was installed.
	rm -rf .build .build-* demo
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

##### set-up

.PHONY: bootstrap-run
bootstrap-run:
	@scripts/bootstrap run

.PHONY: bootstrap-test
bootstrap-test:
	@scripts/bootstrap test

.PHONY: bootstrap-image
bootstrap-image:
	@scripts/bootstrap image

.PHONY: bootstrap-bench
bootstrap-bench:
	@scripts/bootstrap bench
