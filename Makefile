# Presswatch. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.complete
CARGO := $(shell command -v cargo)
NATIVE := .venv/.native-$(if $(CARGO),built,absent)
READY := $(STAMP) $(NATIVE)

.PHONY: help setup setup-system native lock demo up down test test-python test-slow lint format schemas picture bench-pipeline bench-matching bench-topics train-topics eval-topics clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with the command presswatch

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; v=sys.version_info; sys.exit(0 if v >= (3, 11) else f"Presswatch needs Python 3.11 or newer, this is {v[0]}.{v[1]}; run make PYTHON=python3.12 setup")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

# Without it all works, more slowly; so its failure stops nothing. An old core must not stay in the place of a new one.
$(NATIVE): $(STAMP) $(shell find services/matcher -name target -prune -o -type f -print)
	@if test -z "$(CARGO)"; then \
	  echo "cargo is not on the PATH: the native core is not built; without it the Python engine matches, more slowly and the same"; \
	elif ! $(MAKE) --no-print-directory native; then \
	  $(BIN)/python -m pip uninstall --quiet --yes presswatch-matcher; \
	  echo "the native core could not be built (see above): the matching engine is the Python one; make native tries again"; \
	fi
	@touch $@

native: $(STAMP) ## build the native matching core (services/matcher) with cargo and install it
	@test -n "$(CARGO)" || { echo "cargo is not on the PATH; install it (see rustup.rs)"; exit 1; }
	rm -rf .venv/native
	$(BIN)/maturin build --quiet --release --interpreter $(BIN)/python --manifest-path services/matcher/Cargo.toml --out .venv/native
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --force-reinstall .venv/native/*.whl

setup-system: ## install the Debian packages that engines and tests need (as root)
	deploy/setup-system

lock: $(STAMP) ## pin the newest allowed dependencies, with hashes
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-header --upgrade --quiet -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --no-emit-index-url --no-header --quiet -c requirements.lock -o deploy/image/requirements.lock
	$(BIN)/uv pip compile --group build --universal --generate-hashes --no-emit-index-url --no-header --quiet -c requirements.lock -o deploy/image/build.lock

demo: $(READY) ## run the whole system once on 40-odd articles and show what it did (KEEP=1 leaves it running)
	$(BIN)/presswatch demo $(if $(KEEP),--keep)

CONFIG ?= deploy/local/presswatch.yaml

up: $(READY) ## run the whole system on this machine, to stay (CONFIG=your/presswatch.yaml)
	$(BIN)/presswatch up --config $(CONFIG)

down: $(STAMP) ## stop what `make up` started
	$(BIN)/presswatch down --config $(CONFIG)

test: $(READY) lint ## all tests but the long ones, on real engines
	$(BIN)/python -m pytest -m "not slow"

MATCHING := tests/contract/test_rule_cases.py tests/property tests/unit tests/e2e/test_match_command.py

test-python: $(READY) ## the tests that match articles, once more with the Python engine
	PRESSWATCH_ENGINE=python $(BIN)/python -m pytest -m "not slow and not engine" $(MATCHING)

test-slow: $(READY) ## the long tests
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -m slow

lint: $(STAMP) ## look at style, types and layers; change nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
ifdef CARGO
	cd services/matcher && cargo fmt --check
	cd services/matcher && PYO3_PYTHON=$(CURDIR)/$(BIN)/python cargo clippy --quiet --locked --all-targets --features python -- -D warnings
else
	@echo "cargo is not on the PATH: the Rust of services/matcher was not looked at"
endif

format: $(STAMP) ## bring the code into its standard form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(if $(CARGO),cd services/matcher && cargo fmt)

schemas: $(STAMP) ## write schemas/, docs/metrics.md and deploy/grafana/ from the code
	$(BIN)/python -m presswatch.schemas
	$(BIN)/python -m tools.dashboards

picture: $(READY) ## run the system for eight minutes and draw what Prometheus saw (docs/images/operations-run.svg)
	$(BIN)/python -m tools.picture

bench-pipeline: $(READY) ## CPU per article and stage through the whole system
	$(BIN)/python -m benchmarks.pipeline

bench-matching: $(READY) ## our engines beside Lucene Monitor and OpenSearch, on one core (QUICK=1: a first look)
	$(BIN)/python -m benchmarks.matching $(if $(QUICK),--quick,--keep)
	$(BIN)/python -m benchmarks.matching.hostile $(if $(QUICK),,--keep)

DATA ?= shipped
# What all data gave is for a desk's own use: it stays out of the package and of the repository.
DESK = .run/topics-all

train-topics: $(READY) ## train the learned parts of the topic packs (DATA=all: from all sets, for your own use, into .run/topics-all)
	$(BIN)/python -m benchmarks.topics.train --data $(DATA) $(if $(filter all,$(DATA)),--out $(DESK))

eval-topics: $(READY) ## how right the topic packs are on the labelled sets (DATA=all: those of train-topics DATA=all)
	$(BIN)/python -m benchmarks.topics.evaluate --keep $(if $(filter all,$(DATA)),--packs $(DESK) --name topics-all)
	$(BIN)/python -m benchmarks.topics.evaluate --part dev --report .run/topics-mistakes.txt $(if $(filter all,$(DATA)),--packs $(DESK)) > /dev/null
	@echo "mistakes on the development part, with receipts: .run/topics-mistakes.txt"

bench-topics: $(READY) ## articles a second, cold start and memory of the tagger, on both engines
	$(BIN)/python -m benchmarks.topics.speed --keep

clean: ## remove what the tools made (not engines or data)
	rm -rf .venv services/matcher/target .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
