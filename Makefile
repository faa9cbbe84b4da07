# `make` lists the targets. Nothing but Python 3.11, pip and git is needed; what is missing is fetched
# from PyPI into .tools and .venv in this folder, and kept in uv's own cache.

UV_VERSION := 0.13.9
# A uv of the user's own, or the one that the rule below installs.
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
# The environment takes 3.2 GB, its packages 1 GB more while they are fetched.
DISK_GB := 4
# Where there is no network but PyPI, uv would try in vain to fetch a Python.
export UV_PYTHON_DOWNLOADS := never
REAL_DATA ?=
ACCELERATOR ?= cpu
IMAGE ?= flowers-$(ACCELERATOR):0.1.0

.DEFAULT_GOAL := help
.PHONY: help setup run test test-all lint docs sample bench bench-data bench-drift pictures image clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.synced  ## Fetch uv and everything in uv.lock into this folder

run: setup  ## Run the whole pipeline on the embedded sample of synthetic flowers
	@$(UV) run --no-sync flowers run --config quickstart

test: setup  ## Run the unit tests and a whole toy pipeline
	$(UV) run --no-sync pytest -m "not slow"

test-all: setup  ## Run all tests; REAL_DATA=DIR adds those on real records
	$(UV) run --no-sync pytest --durations=10 $(if $(REAL_DATA),--real-data=$(REAL_DATA))

lint: setup  ## Check style and types
	$(UV) run --no-sync ruff check .
	$(UV) run --no-sync ruff format --check .
	$(UV) run --no-sync mypy
	$(UV) run --no-sync hadolint Dockerfile

docs: setup  ## Generate docs/settings.md from the descriptions of the settings
	$(UV) run --no-sync python -m pipeline.settings.explain > docs/settings.md

sample: setup  ## Draw data/sample anew: the same bytes
	$(UV) run --no-sync python -m data.synthetic --out data/sample

bench: setup  ## Measure training beside a bare tf.keras script; REAL_DATA=DIR on real records
	$(UV) run --no-sync python tests/bench/training.py --data $(or $(REAL_DATA),sample)

bench-data: setup  ## Measure import and ExampleGen beside plain tf.data; REAL_DATA=DIR
	$(UV) run --no-sync python tests/bench/reading.py --data $(or $(REAL_DATA),data/sample)

bench-drift: setup  ## Measure how far spans of real records are apart; REAL_DATA=DIR
	$(UV) run --no-sync python tests/bench/drift.py --data $(or $(REAL_DATA),data/sample)

pictures: setup  ## Run the sample anew and make the README's pictures of it
	$(UV) run --no-sync python docs/take_pictures.py --root runs/pictures; rm -r runs/pictures

image:  ## Build the image of the steps; ACCELERATOR=gpu or tpu, IMAGE=REGISTRY/NAME:TAG
	docker build --build-arg ACCELERATOR=$(ACCELERATOR) --tag $(IMAGE) .

clean:  ## Remove what was installed in this folder; runs/ stays
	rm -rf .venv .tools

.venv/.synced: pyproject.toml uv.lock | $(if $(findstring .tools,$(UV)),.tools/bin/uv)
	@$(UV) python find 3.11 >/dev/null 2>&1 || { \
	  echo "Python 3.11 is needed: TensorFlow 2.16 and TFX 1.16 run on no newer one."; \
	  echo "Debian 12 has it as python3; elsewhere put a python3.11 on PATH."; exit 1; }
	@free=$$(df -Pk . | awk 'NR == 2 {print int($$4 / 1048576)}'); \
	  [ -d .venv ] || [ $$free -ge $(DISK_GB) ] || { \
	  echo "The environment needs $(DISK_GB) GB in $(CURDIR), and $$free GB are free."; exit 1; }
	@echo "Fetching the packages of uv.lock into .venv (3.2 GB)"
	@$(UV) sync --locked --quiet --python 3.11
	@touch $@

.tools/bin/uv:
	@echo "Fetching uv $(UV_VERSION) into .tools"
	@python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
	  --target .tools uv==$(UV_VERSION) || { \
	  echo "Could not install uv. Is pip there (apt install python3-pip), and can PyPI be reached?"; \
	  exit 1; }
