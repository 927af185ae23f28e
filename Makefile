# Two commands on a fresh machine: `make demo` runs the whole job, `make test` sets up and passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The lowest releases that pyproject.toml allows, in an environment of their own.
LOWEST := .venv-lowest
# The newest releases that the project was tested with; another CUDA or CPU build: see the README.
TORCH ?= torch==2.14.1 torchvision==0.29.1
# Two torch processes with default threads spin on each other's cores.
export OMP_NUM_THREADS ?= 1

.PHONY: setup demo test test-slow lowest test-lowest torture torture-short gpu docs lint clean

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet -e ".[dev,app]"
	touch $@

demo: setup
	$(BIN)/mevqa demo --out demo-output

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: lint
	$(BIN)/python -m pytest -n 2 -m "not slow" --durations=10

test-slow: setup
	$(BIN)/python -m pytest -n 2 -m slow --durations=10

$(LOWEST)/.installed: pyproject.toml tests/lowest_versions.txt
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --upgrade pip
	$(LOWEST)/bin/python -m pip install --quiet -c tests/lowest_versions.txt -e ".[dev]"
	touch $@

lowest: $(LOWEST)/.installed

# The parts of the tests that lean on the packages whose releases differ most.
test-lowest: $(LOWEST)/.installed
	$(LOWEST)/bin/python -m pytest -n 2 -m "not slow" tests/models tests/data tests/video tests/inference/drawing \
		tests/inference/test_preparing.py tests/inference/test_engine.py tests/inference/test_evaluation.py tests/engines \
		tests/test_lowest_versions.py tests/training/trainer/test_trained_parts.py tests/training/adapters/test_merge.py \
		tests/questions/test_prompts.py tests/reporting/charts tests/test_library.py \
		--deselect tests/inference/test_preparing.py::test_questions_about_long_videos_are_answered_as_of_the_videos \
		--ignore tests/models/served/test_grammars.py --ignore tests/models/test_events.py

# Kills, starvation, second writers, damaged and hostile inputs; the table of what was tried goes to torture.md.
torture: setup
	$(BIN)/python -m tests.torture --time-limit 7000 --table torture.md

torture-short: setup
	$(BIN)/python -m tests.torture --short --time-limit 75

# Measures the recipes on a GPU with the Python that is there (torch, transformers, peft, accelerate): no set-up, no
# network. The results are gpu.json; `--recipe NAME` in ARGS measures one recipe.
gpu:
	PYTHONPATH=. $(PYTHON) -m mevqa bench gpu --markdown $(ARGS)

# The documents as a folder of pages that ask no other host for anything: open site/index.html.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) $(LOWEST) demo-output site
