# Everything runs in the project's own virtual environment. `make` alone lists the targets.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2
SECONDS ?= 120
SEED ?=

.PHONY: help setup check format test crash soak bench bench-journal demo demo-clean lock wheel clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

setup: $(READY) ## Make the virtual environment in .venv (again only when what it depends on changed)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[demo,dev]'
	$(BIN)/python -m compileall -q cutover
	touch $(READY)

check: $(READY) ## Lint, types and layers: ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## Put the sources into shape
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

test: $(READY) ## Run all tests (WORKERS=2 processes)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

crash: $(READY) ## Kill a run at every named point by itself, and every server: minutes, and not part of `make test`
	CUTOVER_TEST_MATRIX=full $(BIN)/python -m pytest -n $(WORKERS) --dist load tests/crash

soak: $(READY) ## Random kills for SECONDS=120; its last line reads `soak: K kills, D differences`
	$(BIN)/python -m tests.crash.soak $(SECONDS) $(SEED)

bench: $(READY) bench-journal ## Measure what the documents claim; figures go to benchmarks/results.json
	$(BIN)/python -m benchmarks.engine

bench-journal: $(READY) ## Measure `cutover status` and a resume on journals of 100,000 events
	$(BIN)/python -m benchmarks.journal

demo: $(READY) ## Tell the story: three rehearsals, a go-live, and a go-live with a planted fault that rolls back
	$(BIN)/python -m demo

demo-clean: ## Stop the demo's servers and remove everything it keeps
	test ! -x $(BIN)/python || $(BIN)/python -m demo clean

lock: $(READY) ## Work out constraints.txt anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra demo --extra dev --upgrade \
	  --no-header --output-file constraints.txt pyproject.toml

wheel: $(READY) ## Build the wheel into dist/
	$(BIN)/uv build --quiet --wheel --out-dir dist .

clean: demo-clean ## Remove the virtual environment, caches and builds
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
