# Each target sets up what it needs; `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# What a lock names, into an environment: by uv, which takes a quarter of pip's time; where uv finds no index, as it does
# not read pip's settings, by pip. Compiled at once, since nothing can be written where student code runs.
INSTALL = $(BIN)/uv pip install --quiet --python $(1) --link-mode copy --compile-bytecode --require-hashes -r $(2) || { \
  echo "uv could not install $(2); pip tries ..."; $(PIP) --python $(1)/bin/python install --require-hashes -r $(2); }
# The locks name no index, wherever they are resolved.
RESOLVE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --constraints locks/constraints.txt
# A file stays on one core, with what its tests share; tests/conftest.py puts the long files first.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -q -n auto --dist loadfile --no-loadscope-reorder
NEEDS_VENV = $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing. Next, on Debian or Ubuntu: apt install python3-venv"; exit 2; }

.PHONY: help setup postgresql cluster demo test test-full e2e lint lab release grade bench mutation lock

help:
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/.installed .venv-worker/.ready .venv-notebook/.ready ## create the three environments from the locks

.venv/.ready: locks/kit.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is `$(PYTHON) -V`. Next: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 2; }
	@$(NEEDS_VENV)
	@echo "Setting up .venv from locks/kit.txt (the kit and its tests: 800 MB, half a minute to two minutes, once) ..."
	@$(PYTHON) -m venv --clear .venv
	@awk '/^[^ #]/ { mine = /^uv==/ } mine' locks/kit.txt > .venv/uv.txt
	@$(PIP) install --require-hashes -r .venv/uv.txt
	@$(call INSTALL,.venv,locks/kit.txt)
	@touch $@

.venv/.installed: .venv/.ready pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv-worker/.ready: grader/locks/worker.txt .venv/.ready
	@echo "Setting up .venv-worker from grader/locks/worker.txt (what student code may import: 80 MB, a few seconds) ..."
	@$(PYTHON) -m venv --clear --without-pip .venv-worker
	@$(call INSTALL,.venv-worker,grader/locks/worker.txt)
	@touch $@

# Matplotlib looks at every font when it is imported first; in a sandbox, where nothing is kept, that is each time.
.venv-notebook/.ready: grader/locks/notebook.txt .venv/.ready
	@echo "Setting up .venv-notebook from grader/locks/notebook.txt (what a submitted notebook may import: 250 MB, some seconds) ..."
	@$(PYTHON) -m venv --clear --without-pip .venv-notebook
	@$(call INSTALL,.venv-notebook,grader/locks/notebook.txt)
	@mkdir .venv-notebook/matplotlib
	@MPLCONFIGDIR=.venv-notebook/matplotlib .venv-notebook/bin/python -c 'import matplotlib.font_manager'
	@touch $@

postgresql: setup ## the driver for a gradebook on a PostgreSQL server, which `make setup` leaves out
	@$(call INSTALL,.venv,locks/postgresql.txt)

cluster: setup ## add what `grader grade --cluster` needs (docs/cluster.md)
	@$(call INSTALL,.venv,locks/cluster.txt)

demo: setup ## a small class, from release to gradebook and feedback, in a disposable copy: make demo NAME=batch_normalization
	@$(BIN)/grader demo $(NAME)

test: setup lint ## everything that must hold, but for the long forms of some tests
	@$(PYTEST) -m "not full"

test-full: setup ## the rest: the long forms (marked `full`), and nothing that `make test` runs
	@$(PYTEST) -m full

e2e: setup ## a student and an instructor in a real browser (Chromium); pictures of it in build/e2e
	@$(BIN)/pytest -q -s tests/e2e

lint: setup ## formatting, lint, types, and the rules between rooms
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet . && $(BIN)/mypy --no-error-summary
	@rules=$$($(BIN)/lint-imports --no-logo --no-cache 2>&1) || { echo "$$rules"; exit 1; }

lab: setup ## JupyterLab with formgrader, on this course: make lab COURSE=build/demo for the demo's
	@test -f "$(or $(COURSE),.)/nbgrader_config.py" || { echo "$(COURSE): no course (no nbgrader_config.py in it). Next: make lab COURSE=FOLDER with a course, or make demo for one to try."; exit 2; }
	@cd "$(or $(COURSE),.)" && PATH="$(CURDIR)/$(BIN):$$PATH" jupyter lab $$(test "$$(id -u)" != 0 || echo --allow-root)

release: setup ## make release/NAME and solutions/NAME: make release NAME=batch_normalization
	@$(BIN)/grader release $(or $(NAME),batch_normalization)

grade: setup ## grade everything under submitted/: make grade NAME=batch_normalization
	@$(BIN)/grader grade $(or $(NAME),batch_normalization)

bench: setup ## the figures in docs, side by side with a peer
	@for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

mutation: setup ## every known mistake and correct variant on DRAWS=1000 draws, into docs/mutation/NAME.md: make mutation NAME=batch_normalization
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m grader.mutation --draws $(or $(DRAWS),1000) $(or $(NAME),batch_normalization)

lock: setup ## resolve the pinned versions anew
	@$(RESOLVE) --group dev pyproject.toml -o locks/kit.txt
	@$(RESOLVE) --group postgresql --constraints locks/kit.txt -o locks/postgresql.txt
	@$(RESOLVE) --group worker --constraints locks/kit.txt -o grader/locks/worker.txt
	@$(RESOLVE) --group notebook --constraints locks/kit.txt -o grader/locks/notebook.txt
	@$(RESOLVE) --group cluster --constraints locks/kit.txt -o locks/cluster.txt
