# The door to the build. CMake and Ninja do the work; this file only names the things one wants.
# `make help` lists them.

BUILD ?= build
ARGS ?=
CMAKE_FLAGS ?=
TIME ?= 600
# An hour of fuzzing in `make evidence` unless TIME is given.
EVIDENCE_TIME := $(if $(filter command environment,$(origin TIME)),$(TIME),3600)
build = script/build $(BUILD)

.PHONY: all product run tests test check format san tsan msan valgrind cover bench bogo fuzz fuzz-smoke fuzz-cover evidence reproduce graph doc install clean help

all: product ## Build the library and the program

product:
	@script/bootstrap run
	@$(build) product $(CMAKE_FLAGS)

run: product ## Build, then watch handshakes on this machine, explained
	@$(BUILD)/handfast demo

tests:
	@script/bootstrap test
	@$(build) tests -DHF_TESTS=ON $(CMAKE_FLAGS)

test: tests ## Build and run all tests (ARGS='-v name' to choose)
	@test/run --build $(BUILD) $(ARGS)

check: ## Look at the source: format, lint, sizes, layers, names, words, documents
	@script/bootstrap check
	@$(build) tests -DHF_TESTS=ON $(CMAKE_FLAGS)
	@script/check --build $(BUILD)

format: ## Let clang-format rewrite the C files
	@script/bootstrap check
	@git ls-files '*.c' '*.h' | xargs clang-format -i

san: ## Run the C tests under ASan, UBSan and LeakSanitizer, with gcc and with clang
	@script/bootstrap san
	@script/sanitize address,undefined gcc $(ARGS)
	@script/sanitize address,undefined clang $(ARGS)

tsan: ## Run the C tests under ThreadSanitizer
	@script/bootstrap san
	@script/sanitize thread clang $(ARGS)

msan: ## Run the C tests under MemorySanitizer, libcrypto's part vouched for by test/msan
	@script/bootstrap san
	@script/sanitize memory clang $(ARGS)

valgrind: tests ## Run the C tests of test/valgrind.list under valgrind
	@test/run --build $(BUILD) --valgrind $(ARGS)

cover: ## Measure which lines the C tests reach, at least 90 % of the engine: build-cover/coverage.html
	@script/bootstrap cover
	@script/build build-cover tests -DHF_TESTS=ON -DHF_COVERAGE=ON
	@script/cover build-cover

bench: ## Measure handshakes and bulk beside libssl: a table and build/bench.json
	@script/bootstrap test
	@$(build) bench -DHF_BENCH=ON $(CMAKE_FLAGS)
	@script/bench $(BUILD) $(ARGS)

fuzz: ## Run all fuzz targets for TIME seconds in all (TIME=3600), going on from what earlier runs found
	@script/bootstrap san
	@CC=clang script/build build-fuzz fuzz -DHF_FUZZ=ON -DHF_TOOL=OFF -DHF_SANITIZE=address,undefined
	@script/fuzz build-fuzz $(TIME)

fuzz-smoke: ## The same for a minute
	@$(MAKE) --no-print-directory fuzz TIME=60

fuzz-cover: ## Measure which lines the corpora of the fuzz targets reach, and what `make fuzz` found
	@script/bootstrap san fuzz-cover
	@CC=clang script/build build-fuzz-cover fuzz -DHF_FUZZ=ON -DHF_TOOL=OFF -DHF_COVERAGE=ON
	@script/fuzz-cover build-fuzz-cover build-fuzz

bogo: tests ## Run BoringSSL's protocol tests (BORINGSSL=path of a checkout; needs Go)
	@script/bogo $(BUILD) "$(BORINGSSL)" $(ARGS)

reproduce: ## Build twice in different places and settings: the same bytes?
	@script/bootstrap run
	@script/reproduce

evidence: ## Run what shows that all this is true, and write docs/EVIDENCE.md from it (STAGES='test bogo', BORINGSSL=path, TIME=3600)
	@BORINGSSL="$(BORINGSSL)" TIME="$(EVIDENCE_TIME)" script/evidence $(STAGES)

graph: ## Draw the state machines from their tables: build/graph/
	@script/bootstrap graph
	@script/graph $(BUILD)/graph

doc: ## Make the API reference from the public headers: build/doc/
	@script/doc $(BUILD)/doc

install: product ## Install to DESTDIR and PREFIX (default /usr/local)
	@cmake --install $(BUILD) $(if $(PREFIX),--prefix $(PREFIX))

clean: ## Remove everything that was built
	rm -rf build build-*

help: ## List the targets
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 14
