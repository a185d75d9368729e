# `make help` lists what there is to do.

# The Node that runs everything; brought from the npm registry where the machine's own is too old or missing there.
NODE_VERSION := 24.21.0
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/refgrant
NODE_MAJOR := $(shell node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
NODE_PACKAGE := node-$(shell uname -s | tr 'A-Z' 'a-z')-$(subst aarch64,arm64,$(subst x86_64,x64,$(shell uname -m)))

ifeq ($(shell test $(NODE_MAJOR) -ge 24 && echo new),new)
NODE :=
else
NODE_HOME := $(CACHE)/node-$(NODE_VERSION)
NODE := $(NODE_HOME)/node_modules/$(NODE_PACKAGE)/bin/node
export PATH := $(dir $(NODE)):$(PATH)
endif

INSTALLED := node_modules/.package-lock.json
BUNDLE := dist/refgrant.js

.DEFAULT_GOAL := help
.PHONY: help run try sandbox test bench test-unit test-attacks test-long fuzz soak lint format generate certs node-path bundle clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: certs ## serve the webhook on this machine, with grants from a folder
	@node test/first-look/run.ts

try: $(INSTALLED) ## send an AdmissionReview to what `make run` serves
	@node test/first-look/try.ts

sandbox: certs ## a real API server on this machine, with the webhook registered; CONFIG=FILE for a configuration of yours
	@$(if $(CONFIG),REFGRANT_CONFIG=$(abspath $(CONFIG))) node test/sandbox/sandbox.ts

# Ends with the make that has started it, and whatever it has started ends with it: no other make and no shell is between
# them. The runner itself takes `--require`, and leaves `--import` to its files.
TEST := exec node --require ./test/harness/program/tether.ts --test
UNIT_TESTS = $(TEST) --test-concurrency=4 \
	$$(find test -name '*.test.ts' -not -path 'test/end-to-end/*' -not -path 'test/attacks/*' \
		-not -path 'test/control-plane/*' | sort)

test: $(INSTALLED) ## all tests; the first time compiles Kubernetes, unless KUBEBUILDER_ASSETS is set (README)
	node test/harness/control-plane/binaries.ts
	$(UNIT_TESTS)
	@# Forced to end, since a process that a failed test left behind would keep the run alive for ever. Not so the others:
	@# a forced end may come before the last results are told.
	@mkdir -p dist
	$(TEST) --test-force-exit --test-concurrency=2 --test-reporter=spec --test-reporter-destination=stdout \
		--test-reporter=./test/harness/reporters/fault-table.ts --test-reporter-destination=dist/faults.md 'test/end-to-end/*.test.ts'

test-unit: $(INSTALLED) ## the tests that need neither Go nor a control plane
	$(UNIT_TESTS)

test-attacks: $(BUNDLE) ## the bundle in a container of 256 MiB, under attack (a table in dist/attacks.md); needs root, for a control group
	$(TEST) --test-force-exit --test-concurrency=2 --test-reporter=spec --test-reporter-destination=stdout \
		--test-reporter=./test/harness/reporters/attack-table.ts --test-reporter-destination=dist/attacks.md 'test/attacks/*.test.ts'

test-long: export REFGRANT_LONG := 1
test-long: RUNS := 200000
test-long: test fuzz ## all tests at full length: each fault for a minute or two (a table of them in dist/faults.md), 200,000 random reviews

RUNS := 50000
SEED :=
fuzz: $(INSTALLED) ## judge RUNS random reviews (50,000 by default), from SEED on to repeat a failure
	REFGRANT_FUZZ_RUNS=$(RUNS) $(and $(SEED),REFGRANT_FUZZ_SEED=$(SEED)) $(TEST) 'test/fuzz/*.test.ts'

bench: $(BUNDLE) ## memory of a million grants, what one tenant's worst costs others, what the time of a refusal tells
	@node test/bench/bench.ts

MINUTES := 10
soak: $(INSTALLED) ## churn, reviews and a bad network for MINUTES (10 by default): wrong answers, memory, times to enforce
	@node test/soak/soak.ts $(MINUTES)

lint: $(INSTALLED) ## types, format, unused code, generated files
	npx --no tsc
	npx --no biome check --error-on-warnings
	npx --no knip
	$(MAKE) --no-print-directory generate
	@git diff --exit-code -- manifests README.md docs || \
		{ echo 'what is generated was out of date, or README.md is not committed: it is generated now, commit it' >&2; exit 1; }

format: $(INSTALLED) ## put the source into shape
	npx --no biome check --write

generate: $(INSTALLED) ## write manifests/, the README's tables and the configuration's schema
	node src/cli.ts manifests rbac > manifests/rbac.yaml
	node src/cli.ts manifests webhook > manifests/webhook.yaml
	node -e "import('./src/config/schema.ts').then((m) => console.log(JSON.stringify(m.configurationSchema, null, 2)))" \
		> docs/configuration.schema.json
	node src/cli.ts catalogue --output markdown > README.catalogue
	node -e "import('./src/wording/meanings.ts').then((m) => console.log(m.findingsTable()))" > README.findings
	awk '/<!-- end of the table -->/ { inside = 0 } !inside { print } \
		match($$0, /<!-- table: [a-z]+/) { \
			inside = 1; file = "README." substr($$0, 13, RLENGTH - 12); \
			while ((getline line < file) > 0) print line }' README.md > README.new
	mv README.new README.md
	rm README.catalogue README.findings

certs: $(INSTALLED) ## make development certificates in certs/, if there are none
	@node src/cli.ts certs --out certs --keep

node-path: $(INSTALLED) ## print the folder of the Node that make uses
	@dirname "$$(command -v node)"

bundle: $(BUNDLE) ## one file that Node runs, dist/refgrant.js

clean: ## remove what was installed and built in this folder
	rm -rf node_modules dist

$(BUNDLE): $(INSTALLED) package.json src/banner.js $(shell find src -name '*.ts')
	npm run --silent bundle

$(INSTALLED): package-lock.json $(NODE)
	@# Not `npm ci`, which refuses a lock file that lacks the binaries of platforms the registry did not offer.
	npm install --no-save >&2
	@touch $@

ifneq ($(NODE),)
$(NODE):
	@echo 'Node 24 or newer is needed and this machine has $(NODE_MAJOR): bringing $(NODE_VERSION), about 40 MB, once' >&2
	npm install --loglevel error --no-save --ignore-scripts --prefix $(NODE_HOME) $(NODE_PACKAGE)@$(NODE_VERSION) || \
		{ echo 'Node $(NODE_VERSION) could not be brought from the npm registry: install Node 24 from nodejs.org' >&2; exit 1; }
	@touch $@
endif
