# `make verify` checks the theorems and writes report.html; `make test` checks this software;
# `make docs` writes the documentation, docs/_build/html/index.html.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.verilimit-installed
TIER ?= smoke

.PHONY: verify test docs bench clean

verify: $(STAMP)
	$(BIN)/verilimit report --tier $(TIER) --out report.html

test: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/verilimit generate --check
	$(BIN)/python -m pytest -m "not network" -n auto --dist loadfile

docs: $(STAMP)
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build/html

bench: $(STAMP)
	$(BIN)/verilimit bench --speed
	$(BIN)/python -m pytest -q -s -o addopts=--import-mode=importlib tests/benchmarks

# The stamp is as new as the last installation, so a second call installs nothing.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
	  sys.exit(0 if (3, 11) <= v < (3, 14) else f"expected Python 3.11 to 3.13; received {sys.version.split()[0]}; run make with PYTHON=python3.12, say")'
	@test -x $(BIN)/python || { echo "creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing the pinned set into $(VENV) (a few minutes on a fresh machine)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[certify,cluster,data,dev,docs]"
	@touch $@

clean:
	rm -rf build dist docs/_build report.html .verilimit .pytest_cache .ruff_cache .hypothesis .benchmarks
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -print | xargs rm -rf
