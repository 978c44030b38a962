# parkdispatch: `make` lists the targets. Everything runs in .venv, which the first target that needs it creates.

VISITS ?= 10000
SEED   ?= 1
PORT   ?= 8000
JSON   ?=

BIN := .venv/bin
RUNTIME := .venv/.runtime-installed
DEV := .venv/.dev-installed
RUN := $(BIN)/parkdispatch

.DEFAULT_GOAL := help
.PHONY: help run demo test check format bench bench-slots bench-matching bench-api bench-contract bench-simulation bench-day bench-faults bench-drive lock clean install

help:  ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-16s %s\n' "$$name" "$$text"; done

run: $(RUNTIME)  ## plan a demo day and serve it on http://127.0.0.1:8000 (VISITS=10000 SEED=1 PORT=8000)
	@$(RUN) serve --visits $(VISITS) --seed $(SEED) --port $(PORT)

demo: $(RUNTIME)  ## plan a demo day, print the summary, do not serve (VISITS=10000 SEED=1 JSON=1)
	@$(RUN) demo --visits $(VISITS) --seed $(SEED) $(if $(filter-out 0,$(JSON)),--json)

test: $(DEV)  ## run the whole test suite against the real store on all cores (REQUIRE_ALL=1: nothing may skip)
	@$(BIN)/python -m pytest -n auto --dist loadfile $(PYTEST_ARGS)

check: $(DEV)  ## format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(DEV)  ## put the code into the project's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: bench-slots bench-matching bench-api bench-day bench-simulation  ## run every benchmark and print its table

bench-slots: $(RUNTIME)  ## the slot solver on generated days, whole and booked one by one
	@$(RUN) bench slots
	@$(RUN) bench online

bench-matching: $(RUNTIME)  ## the matching solver on generated and running days, vehicle scheduling on public instances
	@$(RUN) bench matching
	@$(RUN) bench matching-online
	@$(RUN) bench matching-shares
	@$(RUN) bench mdvsp

bench-api: $(RUNTIME)  ## bookings per second over HTTP against the embedded store
	@$(RUN) bench api

bench-day: $(RUNTIME)  ## days under three policies, ordinary and disturbed: table, pictures, where planning does not help
	@$(RUN) bench day
bench-faults: $(RUNTIME)  ## kill service, worker and store under load, 30 times, and count what is lost
	@$(RUN) bench faults

bench-contract: $(DEV)  ## every role asks every operation, 20,000 requests: nothing that the document does not tell
	@$(RUN) bench contract

bench-drive: $(RUNTIME)  ## drive a day of VISITS visits through the API in fast-forward, and check that everything holds
	@$(RUN) drive-day --visits $(VISITS) --seed $(SEED) $(if $(filter-out 0,$(JSON)),--json)

bench-simulation: $(DEV)  ## the simulation kernel beside SimPy and Ciw, and how it grows
	@$(RUN) bench simulation

lock: $(DEV)  ## resolve the dependencies of pyproject.toml into the hashed lock files
	@sh tools/lock.sh $(BIN)/uv

install: $(RUNTIME)  ## create .venv and install what running needs

clean:  ## remove the environment, caches and benchmark output; ./var (your bookings) stays
	rm -rf .venv out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.lock pyproject.toml tools/bootstrap.sh
	@sh tools/bootstrap.sh requirements.lock
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml tools/bootstrap.sh
	@sh tools/bootstrap.sh requirements-dev.lock
	@touch $@ $(RUNTIME)
