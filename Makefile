# Florin. `make help` lists what there is.

CARGO ?= cargo
CARGO_FLAGS ?=
# The profile `make run` builds with; `release` starts later and runs faster.
RUN_PROFILE ?= dev
# What `make bench-lists` runs on: sqlite, or a mysql:// or postgres:// address.
TEST_DATABASE ?= sqlite

# What `make fuzz` runs, and for how long each.
FUZZ_TARGETS ?= money date month cursor notes
FUZZ_SECONDS ?= 60
# What `make mutants` is to look at, such as `--file 'crates/domain/src/score/**'`, and how many cases a property tries then.
MUTANTS ?=
MUTANTS_CASES ?= 200

# Every command names the whole workspace, and test programs by name: with one selection of packages, and so one set of
# features, nothing is built twice. The test programs of the package in tests/ run once an engine, all others once.
ALL := --workspace $(CARGO_FLAGS)
TESTS = $(CARGO) metadata --no-deps --format-version 1 $(CARGO_FLAGS) \
	| grep -o '"kind":\["test"\],"crate_types":\["bin"\],"name":"[^"]*","src_path":"[^"]*"' \
	| grep $(1) '"src_path":"$(CURDIR)/tests/' | sed 's/.*"name":"\([^"]*\)".*/--test \1/'
# Those that are of no single engine are left out of them: `queue` needs a Redis, the others belong to `make torture`.
ELSEWHERE := --test=queue --test=differential --test=galera
ENGINE_TESTS = $(or $(filter-out $(ELSEWHERE),$(subst --test ,--test=,$(shell $(call TESTS,)))),$(error the package in tests/ has no test programs))
OTHER_TESTS = $(shell $(call TESTS,-v))

.DEFAULT_GOAL := help
.NOTPARALLEL:

.PHONY: help
help: ## Print this list
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Run
.PHONY: run
run: ## Build, make and migrate data/florin.db, seed a demo user, serve on http://127.0.0.1:8080
	$(CARGO) build --profile $(RUN_PROFILE) $(CARGO_FLAGS)
	$(CARGO) run --quiet --profile $(RUN_PROFILE) $(CARGO_FLAGS) --bin florin-api -- seed-demo
	$(CARGO) run --quiet --profile $(RUN_PROFILE) $(CARGO_FLAGS) --bin florin-api -- serve

.PHONY: schedule
schedule: ## Decide and deliver what is due now: florin-scheduler --once
	$(CARGO) run --quiet --profile $(RUN_PROFILE) $(CARGO_FLAGS) --bin florin-scheduler -- --once

.PHONY: servers
servers: ## Throwaway MariaDB, PostgreSQL and Redis until Ctrl-C; prints their addresses
	@tests/servers.sh

.PHONY: clean-data
clean-data: ## Remove data/: the local database and its signing key
	rm -rf data

##@ Build
.PHONY: build
build: ## Build every program, library and test
	$(CARGO) build $(ALL) --lib --bins --tests

##@ Test
.PHONY: test
test: ## Every test, the acceptance suite on SQLite, MariaDB and PostgreSQL; starts and ends its own servers
	tests/servers.sh $(MAKE) --no-print-directory --keep-going test-unit test-sqlite test-queue on-mariadb on-postgres

.PHONY: test-unit
test-unit: build ## Every other test, the documentation's examples included; needs no server
	$(CARGO) test $(ALL) --no-fail-fast --lib --bins $(OTHER_TESTS)
	$(CARGO) test $(ALL) --no-fail-fast --doc

.PHONY: test-sqlite
test-sqlite: build ## The acceptance suite on SQLite; needs no server
	TEST_DATABASE=sqlite $(CARGO) test $(ALL) --no-fail-fast $(ENGINE_TESTS)

.PHONY: test-queue
test-queue: build ## Workers on a throwaway Redis; needs redis-server
	TEST_DATABASE=sqlite $(CARGO) test $(ALL) --no-fail-fast --test queue

.PHONY: test-mariadb
test-mariadb: ## The acceptance suite on a throwaway MariaDB
	tests/servers.sh --only mariadb $(MAKE) --no-print-directory on-mariadb

.PHONY: test-postgres
test-postgres: ## The acceptance suite on a throwaway PostgreSQL
	tests/servers.sh --only postgres $(MAKE) --no-print-directory on-postgres

# Inside tests/servers.sh.
.PHONY: on-mariadb on-postgres
on-mariadb: build
	TEST_DATABASE="$${TEST_MARIADB_URL:?}" $(CARGO) test $(ALL) --no-fail-fast $(ENGINE_TESTS)
on-postgres: build
	TEST_DATABASE="$${TEST_POSTGRES_URL:?}" $(CARGO) test $(ALL) --no-fail-fast $(ENGINE_TESTS)

.PHONY: torture
torture: build ## Faults on purpose, against the release build on every engine; TORTURE=full for the sizes of docs/reliability.md
	$(CARGO) build --release $(CARGO_FLAGS)
	TORTURE=$(or $(TORTURE),1) tests/servers.sh --only mariadb,postgres -- tests/torture.sh

.PHONY: schemathesis
schemathesis: ## Property-based requests made from the OpenAPI document; SEED and MAX_EXAMPLES may be set
	tests/schemathesis.sh

.PHONY: mutants
mutants: ## Change the rules of crates/domain in over a thousand ways: its tests must notice; needs cargo-mutants, takes hours
	@$(CARGO) mutants --version >/dev/null 2>&1 || { echo "make mutants needs cargo-mutants: cargo install --locked cargo-mutants" >&2; exit 1; }
	@mkdir -p target
	PROPTEST_CASES=$(MUTANTS_CASES) PROPTEST_MAX_SHRINK_ITERS=0 PROPTEST_RNG_SEED=1 \
		$(CARGO) mutants --package florin-domain --output target $(MUTANTS)

.PHONY: fuzz
fuzz: ## Fuzz the readers of money, dates, months, cursors, notes, FUZZ_SECONDS each; needs cargo-fuzz and a nightly compiler
	@$(CARGO) +nightly fuzz --version >/dev/null 2>&1 || { echo "make fuzz needs cargo-fuzz and a nightly compiler:" \
		"cargo install --locked cargo-fuzz && rustup toolchain install nightly" >&2; exit 1; }
	set -e; for target in $(FUZZ_TARGETS); do \
		mkdir -p target/fuzz/corpus/$$target; \
		$(CARGO) +nightly fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz $$target \
			target/fuzz/corpus/$$target tests/fuzz/corpus/$$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=512; \
	done

.PHONY: bench
bench: ## Writes and reads beside the raw engines and Express, on all three engines, and the rules; writes docs/benchmarks.md
	$(CARGO) build --release $(CARGO_FLAGS)
	FLORIN_TEST_DURABLE=1 tests/servers.sh --only mariadb,postgres -- tests/bench.sh

.PHONY: bench-lists
bench-lists: ## Long lists and the daily checks' scans, on SQLite or on what TEST_DATABASE names
	TEST_DATABASE="$(TEST_DATABASE)" $(CARGO) bench $(CARGO_FLAGS) --workspace --bench lists --bench scan

##@ Categorizer
# What it is measured on may not ship: name it, as in DEV=/data/dev.csv HOUSEHOLD=/data/dev_household_early.csv.
TRAINER = $(CARGO) run --quiet --release $(CARGO_FLAGS) -p florin-trainer --
.PHONY: train-categorizer measure-categorizer
train-categorizer: ## Train the model from the word list and crates/trainer/data; CHECK=1 compares it with what is there
	$(TRAINER) train $(if $(CHECK),--check)
measure-categorizer: ## Print the categorizer's figures on the notes that DEV and HOUSEHOLD name
	$(TRAINER) measure --dev "$(DEV)" $(if $(HOUSEHOLD),--household "$(HOUSEHOLD)")

##@ Judge
.PHONY: fmt
fmt: ## Format the source
	$(CARGO) fmt --all
	$(CARGO) fmt --manifest-path tests/fuzz/Cargo.toml

.PHONY: fmt-check clippy docs
fmt-check:
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path tests/fuzz/Cargo.toml --check
clippy:
	$(CARGO) clippy $(ALL) --all-targets -- -D warnings
docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(ALL) --no-deps

.PHONY: lint
lint: fmt-check clippy docs ## Formatting, clippy and documentation, every warning an error

.PHONY: licences
licences: ## Check every dependency's licence, source and name against deny.toml
	python3 .ci/licences.py

.PHONY: check
check: ## All that a change must pass, as continuous integration runs it
	.ci/run
