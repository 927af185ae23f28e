# Two commands on a fresh machine: `make demo` runs the whole job, `make test` sets up and passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The lowest releases that pyproject.toml allows, in an environment of their own.
LOWEST := .venv-lowest
# The newest releases that the project was tested with; another CUDA or CPU build: see docs/start/install.md.
TORCH ?= torch==2.14.1 torchvision==0.29.1
# Two torch processes with default threads spin on each other's cores.
export OMP_NUM_THREADS ?= 1
# Three workers on two cores, as many tests wait for a browser or a server; they take the tests in the order of their
# files, and an idle one half of what another has left.
PYTEST := -m pytest -n 3 --dist worksteal -rs
# Options of every installation, as `--no-compile`.
PIP_INSTALL := -m pip install --quiet $(PIP_OPTIONS)

.PHONY: setup demo test test-slow lowest test-lowest torture torture-short gpu docs lint clean

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python $(PIP_INSTALL) $(TORCH)
	$(BIN)/python $(PIP_INSTALL) -e ".[dev,app]"
	touch $@

demo: setup
	$(BIN)/mevqa demo --out demo-output

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# `make test SLOW=yes` runs the slow tests in the same session, which imports and collects once.
test: lint
	$(BIN)/python $(PYTEST) $(if $(SLOW),,-m "not slow") --durations=10

test-slow: setup
	$(BIN)/python $(PYTEST) -m slow --durations=10

$(LOWEST)/.installed: pyproject.toml tests/lowest_versions.txt
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --upgrade pip
	$(LOWEST)/bin/python $(PIP_INSTALL) -c tests/lowest_versions.txt -e ".[dev]"
	touch $@

lowest: $(LOWEST)/.installed

# The parts of the tests that lean on the packages whose releases differ most; what they leave out is this package's own
# work on what those parts gave it: how well motion is found, its cache of pictures, what it refuses.
MERGES := tests/training/adapters/test_merge.py
test-lowest: $(LOWEST)/.installed
	$(LOWEST)/bin/python $(PYTEST) -m "not slow" tests/models tests/data tests/video tests/inference/drawing \
		tests/inference/test_preparing.py tests/inference/test_engine.py tests/inference/test_evaluation.py tests/engines \
		tests/project/test_lowest_versions.py tests/training/trainer/test_trained_parts.py \
		$(MERGES)::test_the_merged_model_answers_as_base_and_adapter \
		$(MERGES)::test_an_adapter_beside_tied_matrices_unties_them \
		tests/questions/test_prompts.py tests/reporting/charts tests/test_library.py \
		--deselect tests/inference/test_preparing.py::test_questions_about_long_videos_are_answered_as_of_the_videos \
		$(foreach one,models/served/test_grammars models/served/test_constraining models/test_events \
			models/test_class_prior inference/drawing/test_cache video/motion/test_curve video/motion/test_localise \
			video/motion/test_still reporting/charts/test_timeline,--ignore tests/$(one).py)

# Kills, starvation, second writers, damaged and hostile inputs; the table of what was tried goes to torture.md.
torture: setup
	$(BIN)/python -m tests.torture --time-limit 7000 --table torture.md

torture-short: setup
	$(BIN)/python -m tests.torture --short --time-limit 40

# Measures the recipes on a GPU with the Python that is there (torch, transformers, peft, accelerate): no set-up, no
# network. The results are gpu.json; `--recipe NAME` in ARGS measures one recipe.
gpu:
	PYTHONPATH=. $(PYTHON) -m mevqa bench gpu --markdown $(ARGS)

# The documents as a folder of pages that ask no other host for anything: open site/index.html.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) $(LOWEST) demo-output site
