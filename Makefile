# The plain pip lines for people without make stand in README.md.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow lint library labs drafts weights clean

demo: .venv/.product
	$(BIN)/hydrotwin run t1-overflow-concealed

test: .venv/.dev
	$(BIN)/python -m pytest -n 2

test-slow: .venv/.dev
	$(BIN)/python -m pytest -n 2 -m slow

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.venv/.product: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hydrotwin needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/.dev: .venv/.product
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

# What the library's headers say was measured, and the schema editors complete scenarios by.
library: .venv/.dev
	$(BIN)/python -m tests.scenarios.measure

# The pictures of the labs' sheets, from runs of the present code (about a minute).
labs: .venv/.dev
	$(BIN)/python -m tests.scenarios.labs.pictures

# How far drafts are from their EPANET files: twin/README.md's table (about a minute).
drafts: .venv/.dev
	$(BIN)/python -m tests.scenarios.drafts

# The detectors that ship, from twin years of normal operation and weeks under attack (about 20
# minutes).
weights: .venv/.product
	for seed in 101 102; do \
	  $(BIN)/hydrotwin run normal --seed $$seed --duration "365 d" --no-detector \
	    --out runs/year-$$seed || exit 1; \
	done
	for kind in cnn-lstm pca; do \
	  $(BIN)/hydrotwin train runs/year-101 runs/year-102 --kind $$kind \
	    --out detector/weights/$$kind-ctown-3600s.safetensors --force || exit 1; \
	done
	$(BIN)/hydrotwin train runs/year-101 runs/year-102 --kind physics --interval "5 min" \
	  --out detector/weights/physics-ctown-300s.safetensors --force
	$(BIN)/hydrotwin batadal supervise --force \
	  --out scenarios/experiments/weights/supervised.safetensors

clean:
	rm -rf .venv build *.egg-info
