# `make` lists the targets. They need only Python 3.11 to 3.13, pip and git; everything else is installed
# from PyPI into .tools and .venv in this folder, and cached in uv's own cache.

UV_VERSION := 0.13.9
# The user's uv, or the one that the rule below installs.
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
# The environment takes 3.6 GB, and its packages another 1 GB while they are downloaded.
DISK_GB := 5
# A version or an interpreter, for the line of TFX; choose_python.sh chooses one if it is empty.
PYTHON ?=
# Only choose_python.sh lets uv download Python; if only PyPI is reachable, an attempt would fail.
export UV_PYTHON_DOWNLOADS := never
REAL_DATA ?=
ACCELERATOR ?= cpu
IMAGE ?= flowers-$(ACCELERATOR):0.1.0

.DEFAULT_GOAL := help
.PHONY: help setup run test test-all test-line test-long lint docs sample bench bench-run bench-growth bench-data bench-augmentation bench-drift bench-near-duplicates bench-serving bench-look-ups pictures image clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Another PYTHON has another stamp; uv then makes .venv anew, without the stamps of the old one.
SYNCED := .venv/.synced$(addprefix -,$(subst /,-,$(PYTHON)))

setup: $(SYNCED)  ## Install uv and the packages of uv.lock into this folder; PYTHON=3.13 for TFX 1.21

run: setup  ## Run the whole pipeline on the embedded sample of synthetic flowers
	@$(UV) run --no-sync flowers run --config quickstart

# Two processes, with the tests of a file in one of them, because they share a root; in the order of the
# files, because otherwise the end-to-end tests would come last. More processes would be short
# of memory.
PYTEST = $(UV) run --no-sync pytest
IN_PARALLEL = -n 2 --dist=loadfile --no-loadscope-reorder

test: setup  ## Run the unit tests and a whole toy pipeline
	$(PYTEST) -m "not slow and not long" $(IN_PARALLEL)

test-all: setup  ## Run all tests of CI; REAL_DATA=DIR adds those on real records
	$(PYTEST) -m "not long" $(IN_PARALLEL) --durations=10 $(if $(REAL_DATA),--real-data=$(REAL_DATA))

test-line:  ## Test the line of TFX of another Python, in a root of Debian; PYTHON=3.11 or 3.13
	PYTHON=$(PYTHON) tests/other_line.sh

test-long: setup  ## Run what is too long for CI: fuzzing, large data, unusual environments, the other line
	$(PYTEST) -m long --durations=10
	PYTHON= tests/other_line.sh || [ $$? = 69 ]

lint: setup  ## Check style and types
	$(UV) run --no-sync ruff check .
	$(UV) run --no-sync ruff format --check .
	$(UV) run --no-sync mypy
	$(UV) run --no-sync hadolint Dockerfile

docs: setup  ## Generate docs/settings.md and the map of files in docs/architecture.md
	$(UV) run --no-sync python -m pipeline.settings.explain > docs/settings.md
	$(UV) run --no-sync python docs/file_map.py

sample: setup  ## Regenerate data/sample; the bytes stay the same
	$(UV) run --no-sync python -m data.synthetic --out data/sample

bench: setup  ## Compare training with a plain tf.keras script; REAL_DATA=DIR for real records
	$(UV) run --no-sync python tests/bench/training.py --data $(or $(REAL_DATA),sample)

bench-run: setup  ## Compare whole runs with those of a revision, AGAINST=3c59da5; REAL_DATA=DIR
	$(UV) run --no-sync python tests/bench/run.py --data $(or $(REAL_DATA),sample) $(if $(AGAINST),--against $(AGAINST))

bench-growth: setup  ## Measure time and memory of each step for up to 100,000 images; REAL_DATA=DIR
	$(UV) run --no-sync python tests/bench/growth.py --data $(or $(REAL_DATA),data/sample)

bench-data: setup  ## Compare import and ExampleGen with plain tf.data; REAL_DATA=DIR
	$(UV) run --no-sync python tests/bench/reading.py --data $(or $(REAL_DATA),data/sample)

bench-augmentation: setup  ## Measure the ops and presets of augmentation, alone and in a training; REAL_DATA=DIR
	$(UV) run --no-sync python tests/bench/augmentation.py --data $(or $(REAL_DATA),data/sample)

bench-drift: setup  ## Measure the drift between spans of real records; REAL_DATA=DIR
	$(UV) run --no-sync python tests/bench/drift.py --data $(or $(REAL_DATA),data/sample)

bench-near-duplicates: setup  ## Measure time and memory of the search for near-duplicates
	$(UV) run --no-sync python tests/bench/near_duplicates.py

bench-serving: setup  ## Compare flowers serve with the bare signature of the newest model of ROOT=R
	$(UV) run --no-sync python -m tests.bench.serving --root $(or $(ROOT),runs)

bench-look-ups: setup  ## Measure ML Metadata in a root with 1,000 runs
	$(UV) run --no-sync python tests/bench/look_ups.py

pictures: setup  ## Run the pipeline on the sample and take the README's pictures
	$(UV) run --no-sync python docs/take_pictures.py --root runs/pictures; rm -r runs/pictures

image:  ## Build the container image of the steps; ACCELERATOR=gpu or tpu, IMAGE=REGISTRY/NAME:TAG
	docker build --build-arg ACCELERATOR=$(ACCELERATOR) --tag $(IMAGE) .

clean:  ## Remove the environment from this folder; keeps runs/
	rm -rf .venv .tools

$(SYNCED): pyproject.toml uv.lock | $(if $(findstring .tools,$(UV)),.tools/bin/uv)
	@free=$$(df -Pk . | awk 'NR == 2 {print int($$4 / 1048576)}'); \
	  [ -d .venv ] || [ $$free -ge $(DISK_GB) ] || { \
	  echo "The environment needs $(DISK_GB) GB in $(CURDIR), and $$free GB are free."; exit 1; }
	@python=$$(./choose_python.sh "$(UV)" "$(PYTHON)") && \
	  echo "Installing the packages of uv.lock into .venv (3.6 GB)" && \
	  $(UV) sync --locked --quiet --compile-bytecode --python "$$python"
	@touch $@ .venv/.synced

.tools/bin/uv:
	@echo "Installing uv $(UV_VERSION) into .tools"
	@python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
	  --target .tools uv==$(UV_VERSION) || { \
	  echo "Could not install uv. Is pip installed (apt install python3-pip), and is PyPI reachable?"; \
	  exit 1; }
