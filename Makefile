# Two commands on a fresh machine: make submission, make test. README.md shows both without make.
PYTHON ?= python3
VENV := .venv
ACTIVATE := . $(VENV)/bin/activate

.PHONY: submission test check clean

submission: $(VENV)/requirements
	$(ACTIVATE) && snakemake -j4 submission

test: $(VENV)/requirements-test
	$(ACTIVATE) && python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/requirements-test
	$(ACTIVATE) && ruff check . && ruff format --check .
	$(ACTIVATE) && snakefmt --check Snakefile rules
	$(ACTIVATE) && snakemake --lint
	$(ACTIVATE) && mypy

# The environment, from the lock file; each mark is made only when the whole of it is installed.
# Paddle needs the OpenMP library of GCC and does not bring it; a bare Debian has none, and the one in
# scikit-learn's wheel serves as well.
$(VENV)/requirements $(VENV)/requirements-test: $(VENV)/%: envs/%.txt | $(VENV)/bin/pip
	$(ACTIVATE) && pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@$(ACTIVATE) && python -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2> /dev/null \
	  || { mkdir -p $(VENV)/openmp && cd $(VENV)/openmp \
	       && ln -sf ../lib/python3.*/site-packages/scikit_learn.libs/libgomp-* libgomp.so.1 \
	       && echo 'export LD_LIBRARY_PATH="$$VIRTUAL_ENV/openmp"' >> ../bin/activate; }
	touch $@

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "error: Zest needs Python 3.11 or newer; name one: make PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2> /dev/null \
	  || { echo "error: Python's venv is missing; on Debian: apt install python3-venv"; exit 2; }
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV)
