# Two commands to know: `make demo` and `make test`. Both work as the first command in a fresh clone.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# To compile all 13,000 modules takes longer than the rest of an installation; Python compiles the few that are asked for.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable
# Workers of the test run, of one thread each: two pools of threads on the same cores wait for each other. A file's tests
# stay with one worker, so that what they share is made once.
JOBS   ?= 2
# Where it is set, each worker and each process that a test starts compiles every module anew: a minute to collect, not twenty seconds.
unexport PYTHONDONTWRITEBYTECODE
EXTRAS := dev,docs,slow,supply,bench,generate,text,utility,ray,s3,review

.PHONY: demo test test-docs test-all package packages-all audit-dependencies check format bench pins clean

demo: $(VENV)/.demo
	$(BIN)/doppelscan demo --out demo

test: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist loadfile

# What of the documentation takes minutes: the longer pages, the notebook in a kernel, the whole site in a browser.
test-docs: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) -m slow tests/docs

test-all: $(VENV)/.installed-slow
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist loadfile -m "slow or not slow"

# The wheel and the sdist are built; the wheel audits in a fresh environment without extras, then with each extra alone.
package: $(VENV)/.installed
	$(BIN)/python tests/packages/trial.py

packages-all: $(VENV)/.installed
	$(BIN)/python tests/packages/trial.py --each

# Advisories about what is pinned (it needs PyPI's own service, and fails where that does not answer), and the list of all packages.
UNAUDITED := The pins are not cleared. Known holes are listed above; where it says \"not found on PyPI\", the service did not answer: nothing is known.
audit-dependencies: $(VENV)/.installed-supply
	$(BIN)/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --output-reproducible --output-file sbom.json
	$(BIN)/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt || { echo "$(UNAUDITED)"; exit 1; }

check: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed-bench
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

# Pins what pip chooses today, for every extra, but for what PyTorch's build for GPUs brings; then `make test-all` decides
# whether it stays.
pins:
	rm -rf $(VENV)-pins && $(PYTHON) -m venv $(VENV)-pins
	$(VENV)-pins/bin/python -m pip install --quiet '.[$(EXTRAS)]' hatchling hatch-fancy-pypi-readme editables
	head -1 constraints.txt > $(VENV)-pins/pins
	$(VENV)-pins/bin/python -m pip freeze --all --exclude doppelscan | sed 's/+cpu$$//' | grep -Ev '^(nvidia|cuda|triton)' | LC_ALL=C sort -f >> $(VENV)-pins/pins
	mv $(VENV)-pins/pins constraints.txt && rm -r $(VENV)-pins

clean:
	rm -rf $(VENV) demo dist sbom.json

# A first report needs a third of what tests do.
$(VENV)/.demo: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("doppelscan needs Python 3.11 or later" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) '.[generate]'
	touch $@

$(VENV)/.installed: $(VENV)/.demo
	$(INSTALL) '.[dev,docs,generate,text,utility,review]'
	touch $@

# What only some targets need is installed beside, when they are asked for: -slow brings Ray and a server of objects.
$(VENV)/.installed-%: $(VENV)/.installed
	$(INSTALL) '.[$*]'
	touch $@
