# Every target is explained by `make help`; nothing else is needed to run or test the project.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}'

# --- what a machine needs -------------------------------------------------------

$(STAMP)-run: requirements.lock
	@scripts/find-python > /dev/null
	@test -x $(BIN)/python || "$$(scripts/find-python)" -m venv $(VENV)
	$(BIN)/python -m pip install -qq --require-hashes --no-deps -r requirements.lock
	@touch $@

$(STAMP)-dev: requirements-dev.lock $(STAMP)-run
	$(BIN)/python -m pip install -qq --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

static/vendor/.stamp: static/package-lock.json static/package.json
	cd static && npm ci --no-audit --no-fund --loglevel=error && npm run --silent vendor
	@touch $@

.PHONY: setup
setup: $(STAMP)-run static/vendor/.stamp ## Install what running needs: virtual environment and browser libraries

.PHONY: setup-dev
setup-dev: setup $(STAMP)-dev ## Install what testing needs too: test tools, Chromium, Chinese fonts
	@scripts/install-test-tools

# --- running ----------------------------------------------------------------------

.PHONY: run
run: setup ## Serve the demo county on http://127.0.0.1:8080 (RECEPTION_LISTEN, RECEPTION_DATA_DIR, RECEPTION_DEMO_PASSWORD)
	@exec $(BIN)/python -m reception demo

# --- testing ----------------------------------------------------------------------

.PHONY: test
test: setup-dev ## Everything that has to be green: lint, types, scripts, Python, browsers, the quicker faults
	@# A browser mostly waits: its stories run beside the rest, on two cores in two thirds of the time.
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-browser test-rest

.PHONY: test-rest
test-rest:
	$(MAKE) --no-print-directory lint types test-js
	$(MAKE) --no-print-directory test-python
	$(MAKE) --no-print-directory test-faults

.PHONY: lint
lint: $(STAMP)-dev ## Style of Python code and direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

.PHONY: types
types: $(STAMP)-dev static/vendor/.stamp ## Types of Python (mypy strict) and of the browser's scripts (tsc checkJs)
	$(BIN)/mypy
	cd static && npm run --silent typecheck

.PHONY: test-js
test-js: static/vendor/.stamp ## Tests of browser modules that need no browser
	node --test tests/js/

.PHONY: test-python
test-python: setup-dev ## Tests of rules, store, signalling, media and pages
	$(BIN)/python -m pytest --ignore=tests/browser --ignore=tests/kiosk --ignore=tests/chaos

.PHONY: test-postgres
test-postgres: setup-dev ## The rules of the services once more, on PostgreSQL; races and constraints are in test-python
	$(BIN)/python -m pytest tests/reception/services --every-database -k postgresql

.PHONY: test-browser
test-browser: setup-dev ## Whole stories in Chromium, and the unattended terminal
	$(BIN)/python -m pytest tests/browser tests/kiosk

.PHONY: test-faults
test-faults: setup-dev ## The quicker part of `chaos`: oracle, simulation, failing disks, the TURN server; as root
	$(BIN)/python -m pytest tests/chaos/oracle tests/chaos/sim tests/chaos/disk tests/chaos/net/test_harness.py tests/chaos/net/test_turn_server.py

.PHONY: chaos
chaos: setup-dev ## Crashes, failing disks, torn lines and poor networks, in the short tier; as root for the networks
	$(BIN)/python -m pytest tests/chaos

.PHONY: chaos-long
chaos-long: setup-dev ## The same for hours: a thousand kills, thousands of cuts, every failpoint fifty times
	$(BIN)/python -m pytest -m long tests/chaos

.PHONY: chaos-net
chaos-net: setup-dev ## Networks that misbehave, as root: loss, blackouts, other addresses, blocked UDP, a real coturn
	$(BIN)/python -m pytest -m "not long" tests/chaos/net

.PHONY: format
format: $(STAMP)-dev ## Put the code into the one format
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

# --- measuring --------------------------------------------------------------------

.PHONY: bench
bench: bench-call bench-relay ## Both benchmarks

.PHONY: bench-call
bench-call: setup-dev ## Set-up times of 20 calls beside a bare two-page WebRTC call
	$(BIN)/python -m tests.load.bench_call

.PHONY: bench-relay
bench-relay: setup-dev ## CPU per forwarded stream at 1, 4 and 8 rooms, beside Janus where it is installed
	$(BIN)/python -m tests.load.bench_relay

.PHONY: bench-pages
bench-pages: setup-dev ## The schedule with four weeks of appointments beside a bare page: page and drag to saved
	$(BIN)/python -m tests.load.bench_pages

.PHONY: bench-media
bench-media: setup-dev ## Sound and picture over ten poor lines, through the relay and beside it browser to browser
	$(BIN)/python -m tests.chaos.net.media_grid

# --- upkeep -----------------------------------------------------------------------

.PHONY: lock
lock: $(STAMP)-dev ## Renew the lock files from pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements.lock pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --extra dev -o requirements-dev.lock pyproject.toml

.PHONY: docs
docs: $(STAMP)-run ## Write the generated pages and types: settings, policy, message types
	$(BIN)/python -m reception docs --write
	$(BIN)/python -m signaling.schema --write

.PHONY: clean
clean: ## Remove what was installed and made; the data directory stays
	rm -rf $(VENV) static/node_modules static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
