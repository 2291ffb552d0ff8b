# The project's commands. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help setup demo up cluster down test test-fast test-all image-check matrix review-benchmark lint audit format lock clean
unexport PYTHONDONTWRITEBYTECODE

environment := .venv/complete
bin := .venv/bin
ifeq ($(shell test -x .venv/bin/python && echo there),) # gone, or its interpreter is; wildcard finds a link to nothing
$(shell rm -f $(environment))
endif

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(environment) ## Make the environment in .venv (with uv if installed, else with venv and pip)

$(environment): requirements.txt requirements-dev.txt constraints.txt scripts/setup
	@scripts/setup
	@touch $@

demo: $(environment) ## Run every pipeline once through Airflow with an embedded S3 server (DATE=2026-01-31 for another day)
	@./refinery demo $${DATE:+--date "$$DATE"} # as the shell has it: make would let a date run commands

up: $(environment) ## Start Airflow (http://localhost:8080, no login; PORT=8081 for another port) with the embedded S3 server; Ctrl-C stops both
	@./refinery up $${PORT:+--port "$$PORT"}

cluster: $(environment) ## Start Airflow on two Celery workers that share no folder (needs redis-server and postgresql installed)
	@./refinery cluster $${PORT:+--port "$$PORT"}

down: $(environment) ## Stop what `make up` or `make cluster` started
	@./refinery down

pytest := $(bin)/python -m pytest --numprocesses logical --dist loadfile --no-loadscope-reorder

test: $(environment) ## Run the tests
	@$(pytest)

test-fast: $(environment) ## Run the tests that start no server and no Airflow: configs, plans, projects; under a minute
	@$(pytest) --quiet -m "not slow" tests/config tests/review tests/project tests/scaffold/test_init.py tests/docs

test-all: $(environment) ## Run the tests with every variant and many more examples; an hour
	@THOROUGH=1 $(pytest)

review-benchmark: $(environment) ## Plan 400 seeded changes of a project with 200 pipelines, and print how many are flagged; some minutes
	@PYTHONPATH=include $(bin)/python -m benchmarks.review

image-check: $(environment) ## Build the image and use it as `astro dev start` does (needs root and Docker, and no image registry)
	@PYTHONPATH=include $(bin)/python scripts/image_check/check.py

matrix: ## Run a new project on each Airflow and Python that is supported (needs uv and the Pythons)
	@python3 scripts/matrix.py

lint: $(environment) ## Check style, types, architecture and security
	@$(bin)/ruff check
	@$(bin)/ruff format --check
	@$(bin)/mypy
	@PYTHONPATH=include $(bin)/lint-imports
	@$(bin)/bandit --quiet --recursive --configfile pyproject.toml include plugins dags

audit: ## Look up the pinned packages among known vulnerabilities (needs the network, and pip-audit on the PATH)
	@pip-audit --requirement constraints.txt --no-deps --disable-pip

format: $(environment) ## Format the code and fix what can be fixed
	@$(bin)/ruff check --fix
	@$(bin)/ruff format

lock: ## Update constraints.txt from requirements-dev.txt (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links requirements-dev.txt --output-file constraints.txt

clean: ## Remove the environment, the local S3 data and every cache
	@rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
