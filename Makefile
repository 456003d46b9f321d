# `make compare` and `make test` are enough on a fresh machine with Python >= 3.11.
# uv is used when it is on PATH; else a virtual environment and pip.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
CHECKED := .venv/.ready-check
CLIENTS := .venv/.ready-drive
OLDEST := .venv-oldest
SCENARIO ?= default
OUT ?= out/compare
TRACES ?=
REPORTS ?=
# A comma in an argument of `call` would divide it.
FOR_SETUP := -e '.[test,fast]'
FOR_CHECKS := -e '.[test,check]'
FOR_DRIVE := -e '.[test,drive]'
OLDEST_VERSIONS := >=3.11,<3.13
# The Python for the oldest versions, where there is no uv.
OLDEST_PYTHON ?= $(shell for python in $(PYTHON) python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo $$python && break; done)

# $(call create,VENV,PYTHON,VERSIONS) makes a virtual environment: uv finds a Python of these versions, without uv it is
# PYTHON. $(call install,VENV,REQUIREMENTS) installs into it.
create = if command -v uv >/dev/null 2>&1; then uv venv --quiet --allow-existing --python '$(3)' $(1); else \
	$(2) -c 'import sys; sys.exit("syncproof needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)' && \
	$(2) -m venv $(1); fi
install = if command -v uv >/dev/null 2>&1; then uv pip install --quiet --python $(1)/bin/python $(2); else \
	$(1)/bin/python -m pip install --quiet --disable-pip-version-check $(2); fi

# Compiled code is kept, even if the environment says otherwise (containers often do): every process that a test starts would
# compile the package again, and pytest the tests.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup compare test test-fast test-oldest test-wheel coverage fuzz check check-reports docs reports drive notebooks lab bench mutants clean

setup: $(READY)

$(READY): pyproject.toml
	@$(call create,.venv,$(PYTHON),>=3.11)
	@$(call install,.venv,$(FOR_SETUP))
	@touch $@

# The clients of the real servers that `drive` runs; without them the tests of these are skipped.
$(CLIENTS): $(READY)
	@$(call install,.venv,$(FOR_DRIVE))
	@touch $@

$(CHECKED): $(READY)
	@$(call install,.venv,$(FOR_CHECKS))
	@touch $@

compare: $(READY)
	$(BIN)/syncproof compare $(SCENARIO) --out $(OUT)

# Everything: about a quarter of an hour of processor time. Each process begins with files of its own, so that what the tests of a
# file share is made once, and takes tests from another process when it has none left.
PYTEST := -m pytest -n logical --dist worksteal
test: $(READY)
	$(BIN)/python $(PYTEST)

# Everything but what takes about a second or more, for the desk: under two minutes of processor time.
test-fast: $(READY)
	$(BIN)/python $(PYTEST) -m "not slow"

# Fast tests on the oldest versions that pyproject.toml allows (they need Python 3.11 or 3.12), without those that use no library
# beyond what all others use. What old libraries say about newer ones is not ours: a deprecation is no error here.
NO_LIBRARY := designs properties tools benchmarks seeded_bugs counterexamples engines/drive $(addprefix engines/explore/test_,agreement.py \
	compiled.py directed.py equal_to_world.py guards.py handlers.py moves.py recorded.py renaming.py representatives.py \
	retransmission.py symmetry.py symmetry_landing.py unchanging.py views.py) $(addprefix engines/simulate/test_,jitter.py \
	overload.py theory.py) studies/test_script_search.py $(addprefix test_,examples.py house.py senders.py setup_complaints.py)
test-oldest: $(OLDEST)/.ready
	$(OLDEST)/bin/python $(PYTEST) -m "not slow" -W default::DeprecationWarning \
		$(addprefix --ignore=tests/,$(NO_LIBRARY))

$(OLDEST)/.ready: pyproject.toml tools/oldest.py
	@rm -rf $(OLDEST) && $(call create,$(OLDEST),$(or $(OLDEST_PYTHON),$(PYTHON)),$(OLDEST_VERSIONS))
	@$(OLDEST)/bin/python -c 'import sys; sys.exit("the oldest versions need Python 3.11 or 3.12: make test-oldest \
	OLDEST_PYTHON=FILE" if sys.version_info >= (3, 13) else 0)'
	@$(OLDEST)/bin/python -m tools.oldest test > $(OLDEST)/pins.txt
	@$(call install,$(OLDEST),-r $(OLDEST)/pins.txt -e .)
	@touch $@

# The wheel, in an environment and a folder that have nothing else.
test-wheel: $(READY)
	PYTHON=$(CURDIR)/$(BIN)/python tools/test_wheel.sh

# Wrong inputs of every kind: about a quarter of an hour on two quiet processors.
FUZZ ?= 20000
SEED ?= 1
fuzz: $(READY)
	$(BIN)/python -m tests.fuzz.run --count $(FUZZ) --seed $(SEED)

coverage: $(CHECKED)
	$(BIN)/python $(PYTEST) --cov --cov-report=term

check: $(CHECKED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# Whether the committed reports are what would be made now.
check-reports: $(READY)
	$(BIN)/python -m tools.gallery --check

docs: $(READY)
	$(BIN)/python -m tools.docs

# Two hours of processor time for all, one of them for the verification; REPORTS="default verify" for some, TRACES=DIR for those that need real traffic.
reports: $(READY)
	$(BIN)/python -m tools.gallery $(REPORTS) $(if $(TRACES),--traces $(TRACES))

# Every target that is installed, and a design's own actors: the table in reports/drive/. A broken promise is a finding.
# An hour, with five runs of each script. Without running anything, only the searches of the recorded table are made again by
# `python -m tools.predict_again`.
DRIVEN ?= all model:timeline-notify model:F01 --repeat 5
drive: $(CLIENTS)
	$(BIN)/syncproof drive $(DRIVEN) --out reports/drive || test $$? -eq 1 -o $$? -eq 3

# Each line of docs/speed.md: a quarter of an hour on two quiet processors; BENCH="explore check" for some groups.
BENCH ?=
bench: $(READY)
	@$(call install,.venv,-e '.[bench]')
	$(BIN)/python -m benchmarks --write $(BENCH)

# Whether the tests notice wrong lines of the package: half an hour for all of `properties`. See docs/mutants.md.
MUTANTS ?= properties
mutants: $(READY)
	@$(call install,.venv,-e '.[mutants]')
	nice -n 10 $(BIN)/python -m tools.mutants $(MUTANTS)

notebooks: $(READY)
	$(BIN)/python notebooks/remake.py

# The notebooks in Jupyter, in the browser.
lab: $(READY)
	@$(call install,.venv,-e '.[notebooks]')
	$(BIN)/jupyter lab notebooks

clean:
	rm -rf .venv $(OLDEST) out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage
