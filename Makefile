PORT ?= 8000
PYTHON ?= python3
BIN := .venv/bin
CRASHES ?= 30
FUZZ_SECONDS ?= 300
SEED ?= 20261120
TO ?= .
# The tests whose subject is the rows, once more where these are in PostgreSQL.
ON_POSTGRESQL := tests/jobs tests/database/test_postgres.py tests/database/test_group_commit.py \
    $(addprefix tests/worker/test_,leases.py restarts.py seats.py webhooks.py) \
    $(addprefix tests/api/test_,$(addsuffix .py,capacity delete events idempotency list_images \
    post_download prefer readyz))

.PHONY: help run fetch test test-cluster crash siege mutate fuzz fuzz-headers bench screenshots backup lint smoke smoke-cluster smoke-render wheel release format lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*##\(.*\)/make \1\t\2/p' $(MAKEFILE_LIST)

run: .venv/runtime  ## serve on http://localhost:8000 (PORT=9000: elsewhere)
	exec $(BIN)/gunicorn wsgi:app --bind 127.0.0.1:$(PORT)

fetch: .venv/runtime  ## get the pictures of URL=https://… in a zip (ARGS=--extract: in a folder)
	@$(if $(value URL),,$(error URL=https://… is missing))$(BIN)/python -m app fetch $(ARGS) '$(subst ','\'',$(value URL))'

test: export PYTHONDONTWRITEBYTECODE =  # hundreds of processes start; one compiles for all
test: .venv/development  ## run the tests
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder

test-cluster: .venv/development  ## run the tests that need PostgreSQL, Redis or an S3 server
	$(BIN)/pytest -m cluster
	POSTGRESQL=1 $(BIN)/pytest -m 'not cluster and not sqlite' $(ON_POSTGRESQL)

crash: .venv/development  ## kill the service at 30 random moments (CRASHES=100 SEED=1: more, others)
	CRASHES=$(CRASHES) SEED=$(SEED) $(BIN)/pytest tests/service/test_crashes.py

siege: .venv/development  ## do at once what strangers may do, and say what came (some minutes)
	$(BIN)/pytest -m siege tests/siege

mutate: .venv/mutation  ## change the code a little and see whether a test notices (MUTANTS='app.fetch.body*': those)
	PYTHONPATH=$(CURDIR)/.venv/mutation $(BIN)/python -m tests.mutation $(if $(MUTANTS),'$(MUTANTS)')

fuzz: .venv/development  ## try to break the contract (FUZZ_SECONDS=600 SEED=1: longer, others)
	FUZZ_SECONDS=$(FUZZ_SECONDS) SEED=$(SEED) $(BIN)/pytest tests/contract --timeout=0

fuzz-headers: .venv/mutation  ## try to break the readers of pictures' headers (FUZZ_SECONDS=600: longer)
	PYTHONPATH=$(CURDIR)/.venv/mutation FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/python -m tests.pictures.fuzz

bench: .venv/development  ## measure what things cost, side by side (PAGES=… saved pages to read, ROWS=100000 fewer rows)
	@for file in $$(grep -l __main__ bench/*.py); do \
	    $(BIN)/python -m bench.$$(basename $$file .py) $(PAGES) || exit; \
	done

screenshots: .venv/development  ## take README's pictures of the pages again
	SCREENSHOTS=docs CI=true $(BIN)/pytest -q tests/web/test_screenshots.py

backup: .venv/runtime  ## copy storage/ into TO=… while the service runs
	$(BIN)/flask --app wsgi backup $(TO)

lint: .venv/development  ## check style, types, containers and scripts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/hadolint Dockerfile deploy/nginx/Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml deploy/render.yml deploy/cluster.yml deploy/smoke.yml deploy/smoke-cluster.yml deploy/smoke-render.yml
	$(BIN)/kubernetes-validate --strict --quiet deploy/kubernetes/*.yaml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/publish.yml
	bash -n .ci/run
	for script in deploy/*.sh; do bash -n $$script || exit; done

smoke:  ## try the containers from zero to a zip (needs Docker)
	deploy/smoke.sh

smoke-cluster:  ## try the containers of several machines, and kill them (needs Docker, some minutes)
	deploy/smoke-cluster.sh

smoke-render:  ## try the container with a browser (needs Docker)
	deploy/smoke-render.sh

wheel: .venv/development  ## build dist/image_downloader-….whl
	$(BIN)/python -m hatchling build -t wheel -d dist

release: wheel  ## build the wheel and the images for amd64 and arm64, and publish nothing (needs Docker)
	docker buildx build --platform linux/amd64,linux/arm64 --tag image-downloader .
	docker buildx build --platform linux/amd64,linux/arm64 --tag image-downloader-nginx deploy/nginx

format: .venv/development  ## fix style by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: .venv/development  ## bring the lock files up to date (UPGRADE=--upgrade: take newer releases)
	for name in requirements requirements-cluster requirements-dev requirements-mutation; do \
	    $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	        $(UPGRADE) $$name.in --output-file $$name.txt || exit; \
	done

clean:  ## remove what the targets above made, except storage/
	rm -rf .venv .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache dist mutants

.venv/runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	touch $@

.venv/development: requirements-dev.txt .venv/runtime
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

# Apart from the rest, which needs none of it.
.venv/mutation: requirements-mutation.txt .venv/development
	$(BIN)/uv pip install --quiet --require-hashes --target $@ -r requirements-mutation.txt
	touch $@
