# The commands of the README. Everything lands in .venv and var/; nothing is installed for the user. `make help` lists.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

UV_VERSION := 0.13.9
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
# The first Python that fits; or say which: make up PYTHON=/opt/python3.12/bin/python3
PYTHON ?= $(shell for python in python3.12 python3.11 python3 python; do \
	"$$python" -c '$(FITS)' 2>/dev/null && command -v "$$python" && break; done)
# The certificates that this machine trusts, which may be those of a company.
SYNC = UV_SYSTEM_CERTS=true UV_PYTHON_DOWNLOADS=never UV_PYTHON="$(PYTHON)" var/uv/bin/uv sync --quiet --frozen --inexact

# One line that says what to do, instead of what a tool printed; that is kept in var/install.log.
OR_SAY = || { printf 'sickbay: %s\n' "$($(1))" >&2; exit 2; }
NO_PYTHON := Python 3.11 or 3.12 is needed; install it, or say where it is: make up PYTHON=/path/to/python3
NO_VENV = the venv module is missing from $(PYTHON); install it (on Debian and Ubuntu: apt install python3-venv)
NO_UV := var/uv could not be made; var/install.log says why
NO_PACKAGES := the packages could not be installed: is the network there? var/install.log says what was tried

.PHONY: help
help:  ## List what can be made
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

.PHONY: up
up: .venv/.runtime  ## Run Sickbay here; the first start makes the environment, Ctrl-C stops everything
	@.venv/bin/python manage.py up

.PHONY: test
test: .venv/.development var/pure/.synced  ## Run everything that CI runs
	@.ci/test

.PHONY: lint
lint: .venv/.development  ## Check style, types, layers, migrations and deployment settings
	@.ci/lint

.PHONY: bench
bench: .venv/.development  ## Measure against kubectl and the official client
	@for each in scan judging signatures recording following storm delivering exporting pages; do echo "== $$each"; .venv/bin/python -m bench.$$each; done

.PHONY: corpus
corpus: .venv/.development  ## Judge a captured cluster of failing pods against the truth about it
	@.venv/bin/python -m tests.corpus

.PHONY: clean
clean:  ## Remove what was built; the data stays
	rm -rf .venv var/uv var/pure staticfiles .coverage* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# ---- Environments ----------------------------------------------------------------------------------------------------

.venv/.runtime: uv.lock pyproject.toml | var/uv/bin/uv
	@echo "Installing the packages of uv.lock ..."
	@$(SYNC) 2>>var/install.log $(call OR_SAY,NO_PACKAGES)
	@touch $@

.venv/.development: uv.lock pyproject.toml | var/uv/bin/uv
	@$(SYNC) --all-groups 2>>var/install.log $(call OR_SAY,NO_PACKAGES)
	@touch $@ .venv/.runtime

# What the pure layers may use, and nothing else; compiled, as whoever runs their tests waits for them.
var/pure/.synced: uv.lock pyproject.toml | var/uv/bin/uv
	@UV_PROJECT_ENVIRONMENT=var/pure UV_COMPILE_BYTECODE=true $(SYNC) --only-group pure 2>>var/install.log $(call OR_SAY,NO_PACKAGES)
	@touch $@

var/uv/bin/uv:
	@"$(PYTHON)" -c '$(FITS)' 2>/dev/null $(call OR_SAY,NO_PYTHON)
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null $(call OR_SAY,NO_VENV)
	@mkdir -p var && "$(PYTHON)" -m venv --clear var/uv >var/install.log 2>&1 $(call OR_SAY,NO_UV)
	@var/uv/bin/python -m pip install --quiet --retries 1 uv==$(UV_VERSION) >>var/install.log 2>&1 $(call OR_SAY,NO_PACKAGES)
