# Two commands matter: `make demo` and `make test`. Each installs what it needs into .venv first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help demo stop test check lock neo4j example-sme-invoices example-smesd example-finbench bench clean

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  make \1\t/' | expand -t 30

$(READY): requirements.lock pyproject.toml
	@deploy/bootstrap "$(PYTHON)"
	@touch $@

demo: $(READY) ## an invented bank the whole way, to alerts and a running API
	@$(BIN)/yujing demo

stop: ## stops the API that the demo left running
	@test -x $(BIN)/yujing && $(BIN)/yujing stop || echo "nothing to stop"

test: $(READY) ## every test; starts a real Neo4j of its own
	@$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

check: $(READY) ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

example-sme-invoices: $(READY) ## 1.1 million real invoices: ingest, graph, scores
	@$(BIN)/python -m examples.run sme-invoices

example-smesd: $(READY) ## 3,976 real firms: ingest, graph, who goes bankrupt
	@$(BIN)/python -m examples.run smesd

example-finbench: $(READY) ## LDBC FinBench 0.01 on both stores
	@$(BIN)/python -m examples.run finbench

neo4j: $(READY) ## a Neo4j server of the project's own, for trying things
	@$(BIN)/python -m deploy.neo4j start

bench: $(READY) ## the measurements of docs/bench.md
	@$(BIN)/python -m bench

lock: $(READY) ## resolves pyproject.toml into requirements.lock, with hashes and no index address
	$(BIN)/uv pip compile pyproject.toml --all-extras --generate-hashes --universal --python-version 3.11 \
		--no-emit-index-url --custom-compile-command "make lock" -o requirements.lock

clean: ## removes the environment and all state
	@rm -rf .venv var
