# Every target does its own set-up once. `make demo` and `make test` are the two to know.
PYTHON ?= python3.12
BIN := .venv/bin
MODEL := container/models/pose_landmarker_full.task

.PHONY: demo run test lint models lock clean
.DEFAULT_GOAL := demo

# Set-up talks on standard error: `make demo JSON=1` keeps standard output for one JSON document.
.venv/ready: requirements-dev.txt pyproject.toml
	@echo "Setting up .venv (once; most of it is downloads) ..." >&2
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.12 is needed: install it, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@local/system_packages
	@$(PYTHON) -m venv .venv >&2
	@$(BIN)/pip install -qq --no-compile --no-deps --require-hashes -r requirements-dev.txt >&2
	@$(BIN)/pip install -qq --no-deps --no-build-isolation --editable . >&2
	@touch $@

$(MODEL): .venv/ready container/pose_bundle.py
	@$(BIN)/python container/pose_bundle.py $@ >&2

models: $(MODEL)

demo: $(MODEL)
	@$(BIN)/python -m local.demo \
		$(if $(PHOTO),--photo "$(PHOTO)") $(if $(HEIGHT),--height "$(HEIGHT)") \
		$(if $(SIDE),--side "$(SIDE)") $(if $(VEHICLE),--vehicle "$(VEHICLE)") \
		$(if $(filter-out 0,$(JSON)),--json)

run: $(MODEL)
	@$(BIN)/python -m local $(ARGS)

test: $(MODEL)
	@$(BIN)/python -m pytest $(ARGS)

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Needs uv (`pip install uv`): pins every dependency of a dependency, with hashes.
LOCK := uv pip compile --python-version 3.12 --generate-hashes --no-emit-index-url \
	--override container/overrides.txt --custom-compile-command "make lock" --quiet
lock:
	$(LOCK) container/requirements.in -o container/requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf .venv build out $(MODEL)
