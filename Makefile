# `make compare` and `make test` are enough on a fresh machine with Python >= 3.11.
# uv is used when it is on PATH; else a virtual environment and pip.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
CHECKED := .venv/.ready-check
SCENARIO ?= default
OUT ?= out
TRACES ?=
REPORTS ?=

.PHONY: setup compare test check docs reports notebooks bench clean

setup: $(READY)

$(READY): pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python '>=3.11' .venv && uv pip install --quiet --python $(BIN)/python -e '.[test]'; \
	else \
		$(PYTHON) -c 'import sys; sys.exit("syncproof needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)' && \
		$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'; \
	fi
	@touch $@

$(CHECKED): $(READY)
	@if command -v uv >/dev/null 2>&1; then \
		uv pip install --quiet --python $(BIN)/python -e '.[test,check]'; \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,check]'; \
	fi
	@touch $@

compare: $(READY)
	$(BIN)/syncproof compare $(SCENARIO) --out $(OUT)

test: $(READY)
	$(BIN)/python -m pytest -n logical

check: $(CHECKED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)
	$(BIN)/python -m tools.docs

# Some twenty minutes for all; REPORTS="default verify" for some, TRACES=DIR for those that need real traffic.
reports: $(READY)
	$(BIN)/python -m tools.gallery $(REPORTS) $(if $(TRACES),--traces $(TRACES))

bench: $(READY)
	@if command -v uv >/dev/null 2>&1; then uv pip install --quiet --python $(BIN)/python -e '.[bench]'; \
	else $(BIN)/python -m pip install --quiet -e '.[bench]'; fi
	$(BIN)/python benchmarks/simulate.py
	$(BIN)/python benchmarks/explore.py

notebooks: $(READY)
	$(BIN)/python notebooks/remake.py

clean:
	rm -rf .venv out .pytest_cache .mypy_cache .ruff_cache
