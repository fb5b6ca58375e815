# Presswatch. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.complete

.PHONY: help setup setup-system lock demo up down test test-slow lint format schemas bench-pipeline bench-matching eval-topics clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with the command presswatch

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; v=sys.version_info; sys.exit(0 if v >= (3, 11) else f"Presswatch needs Python 3.11 or newer, this is {v[0]}.{v[1]}; run make PYTHON=python3.12 setup")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

setup-system: ## install the Debian packages that engines and tests need (as root)
	deploy/setup-system

lock: $(STAMP) ## pin the newest allowed dependencies, with hashes
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-header --upgrade --quiet -o requirements.lock

demo: $(STAMP) ## run the whole system once on 40-odd articles and show what it did (KEEP=1 leaves it running)
	$(BIN)/presswatch demo $(if $(KEEP),--keep)

CONFIG ?= deploy/local/presswatch.yaml

up: $(STAMP) ## run the whole system on this machine, to stay (CONFIG=your/presswatch.yaml)
	$(BIN)/presswatch up --config $(CONFIG)

down: $(STAMP) ## stop what `make up` started
	$(BIN)/presswatch down --config $(CONFIG)

test: $(STAMP) lint ## all tests but the long ones, on real engines
	$(BIN)/python -m pytest -m "not slow"

test-slow: $(STAMP) ## the long tests
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -m slow

lint: $(STAMP) ## look at style, types and layers; change nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## bring the code into its standard form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

schemas: $(STAMP) ## write schemas/ from the typed models
	$(BIN)/python -m presswatch.schemas

bench-pipeline: $(STAMP) ## CPU per article and stage through the whole system
	$(BIN)/python -m benchmarks.pipeline

bench-matching: $(STAMP) ## our engines beside Lucene Monitor and OpenSearch, on one core (QUICK=1: a first look)
	$(BIN)/python -m benchmarks.matching $(if $(QUICK),--quick,--keep)

eval-topics: $(STAMP) ## precision, recall and F1 of the topic packs on the development data
	$(BIN)/python -m benchmarks.topics.evaluate

clean: ## remove what the tools made (not engines or data)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
