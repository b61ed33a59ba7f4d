PORT ?= 8000
PYTHON ?= python3
BIN := .venv/bin
CRASHES ?= 30
SEED ?= 20261120
TO ?= .

.PHONY: help run test crash bench backup lint smoke format lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*##\(.*\)/make \1\t\2/p' $(MAKEFILE_LIST)

run: .venv/runtime  ## serve on http://localhost:8000 (PORT=9000: elsewhere)
	exec $(BIN)/gunicorn wsgi:app --bind 127.0.0.1:$(PORT)

test: .venv/development  ## run the tests
	$(BIN)/pytest

crash: .venv/development  ## kill the service at 30 random moments (CRASHES=100 SEED=1: more, others)
	CRASHES=$(CRASHES) SEED=$(SEED) $(BIN)/pytest tests/service/test_crashes.py

bench: .venv/development  ## measure what things cost, side by side (PAGES=… saved pages to read)
	@for file in $$(grep -l __main__ bench/*.py); do \
	    $(BIN)/python -m bench.$$(basename $$file .py) $(PAGES) || exit; \
	done

backup: .venv/runtime  ## copy storage/ into TO=… while the service runs
	$(BIN)/flask --app wsgi backup $(TO)

lint: .venv/development  ## check style, types, containers and scripts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile deploy/nginx/Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml deploy/smoke.yml
	bash -n .ci/run
	bash -n deploy/smoke.sh

smoke:  ## try the containers from zero to a zip (needs Docker)
	deploy/smoke.sh

format: .venv/development  ## mend what can be mended by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: .venv/development  ## bring the lock files up to date (UPGRADE=--upgrade: take newer releases)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    $(UPGRADE) requirements.in --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    $(UPGRADE) requirements-dev.in --output-file requirements-dev.txt

clean:  ## remove what the targets above made, except storage/
	rm -rf .venv .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

.venv/runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

.venv/development: requirements-dev.txt .venv/runtime
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@
