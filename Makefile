# Everything sets up .venv by itself: some minutes the first time, nothing after that.

ifeq ($(OS),Windows_NT)
PYTHON := .venv/Scripts/python.exe
else
PYTHON := .venv/bin/python
endif
READY := .venv/.installed
ARGS ?=
# As many processes as there are cores share the tests, a file at a time; BESIDE= for one.
BESIDE ?= --numprocesses logical --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench assets screenshots clean

help:  ## what there is
	@echo "make setup        make .venv with the tested set (constraints.txt)"
	@echo "make run          open the window; ARGS='model.safetensors image.png' opens these"
	@echo "make test         all tests; those of the real window where Xvfb, xdotool and openbox are"
	@echo "make check        ruff, ruff format, mypy"
	@echo "make bench        the budgets, measured"
	@echo "make assets       train the shipped models again (hours)"
	@echo "make screenshots  draw the pictures of the README again"
	@echo "make clean        remove what was built, .venv too"

$(READY): pyproject.toml constraints.txt tools/setup.sh
	@PYTHON3="$(PYTHON3)" sh tools/setup.sh

setup: $(READY)

run: $(READY)
	@$(PYTHON) tools/check_system.py
	@$(PYTHON) main.py $(ARGS)

test: $(READY)
	$(PYTHON) -m pytest $(BESIDE) $(ARGS)

check: $(READY)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

bench: $(READY)
	$(PYTHON) -m tests.benchmarks $(ARGS)

assets: $(READY)
	PYTHON=$(PYTHON) sh assets/train.sh $(ARGS)

screenshots: $(READY)
	$(PYTHON) tools/screenshots.py $(ARGS)

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -type d -name __pycache__ -prune -exec rm -rf {} +
