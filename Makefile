# Each target sets up what it needs, from nothing but Python 3.11 and make.
PYTHON ?= $(shell for p in python3.11 python3 python; do \
	$$p -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
READY := .venv/.ready
# Two workers on two cores: numerical threads on top of them only wait for one another.
export OPENBLAS_NUM_THREADS ?= 1
PEERS := .venv-peers/.ready

.PHONY: help demo test check format bench campaign clean

help:
	@echo "make demo    write the sample studies and audit every one of them"
	@echo "make test    run the tests"
	@echo "make check   format, lint and types"
	@echo "make format  format the code"
	@echo "make campaign  audit 10,000 mutated studies: none may pass in silence (half an hour on two cores)"
	@echo "make bench   time and accuracy beside other tools; writes docs/benchmarks.md"

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)
	$(BIN)/rtplan demo demo

test: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The other tools need a pydicom of their own; nothing of the project ever sees them.
$(PEERS): benchmarks/peers.lock
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers.lock
	@touch $@

bench: $(READY) $(PEERS)
	$(BIN)/python benchmarks/run.py --write

SEED ?= 1
campaign: $(READY)
	PYTHONPATH=tests $(BIN)/python -m campaign --count 10000 --seed $(SEED) --json campaign.json

clean:
	rm -rf .venv .venv-peers demo build dist *.egg-info
