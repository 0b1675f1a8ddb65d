# `make demo` and `make test` set up everything themselves from Python 3.11 or later.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find src examples benchmarks docs/diagnostics -type f -not -path '*/__pycache__/*')
CHECKPOINTS := successor-natural successor-reverse preorder inorder inorder-round
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test coverage test-slow test-thorough check format bench checkpoints clean

demo: $(VENV)/.recsyn
	$(BIN)/recsyn demo

test: check
	$(BIN)/pytest -m "not slow" --numprocesses auto --dist worksteal

# Measuring slows every test down, so it is no part of them.
coverage: $(VENV)/.recsyn
	$(BIN)/pytest -m "not slow" --numprocesses auto --dist worksteal --cov recsyn --cov-report term:skip-covered

# By way of Python, so that the processes that tests start find the tests too.
test-slow: $(VENV)/.recsyn
	$(BIN)/python -m pytest -m slow

# All of them, properties with more examples than fit into `make test`.
test-thorough: $(VENV)/.recsyn
	RECSYN_PROFILE=thorough $(BIN)/python -m pytest --numprocesses auto --dist worksteal

check: $(VENV)/.recsyn
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.recsyn
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.recsyn
	$(BIN)/recsyn bench

# Trains those that are missing.
checkpoints: $(CHECKPOINTS:%=checkpoints/%/config.json)

checkpoints/%/config.json: | $(VENV)/.recsyn
	$(BIN)/recsyn train $* --out checkpoints/$*

clean:
	rm -rf $(VENV) .recsyn

# What recsyn needs, once; then recsyn itself, as a user would install it, whenever its sources change.
$(VENV)/.needs: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "recsyn needs Python 3.11 or later: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet '.[dev]'
	touch $@

$(VENV)/.recsyn: $(VENV)/.needs $(SOURCES)
	$(BIN)/python -m pip install --quiet --no-deps --force-reinstall .
	touch $@
