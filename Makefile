# `make help` lists the commands.

# The Node that runs everything. It comes from the npm registry if the Node of the machine is too old or missing.
NODE_VERSION := 24.21.0
# The Node that is part of the executables, which Node 24 cannot build.
EXECUTABLE_NODE_VERSION := 26.10.0
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
.PHONY: help run try sandbox cluster test bench bench-full test-unit test-attacks test-image test-node test-long fuzz soak lint format generate \
	overlays certs node-path bundle image executable krew image-pins clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: certs ## serve the webhook on this machine, with grants from a folder
	@node test/first-look/run.ts

try: $(INSTALLED) ## send an AdmissionReview to the server of `make run`
	@node test/first-look/try.ts

sandbox: certs ## start a real API server on this machine, with the webhook registered; CONFIG=FILE sets a configuration
	@$(if $(CONFIG),REFGRANT_CONFIG=$(abspath $(CONFIG))) node test/sandbox/sandbox.ts

cluster: image ## start a cluster of one real node with refgrant installed, in namespaces of its own, which needs root (CONTRIBUTING.md)
	@node test/node/cluster.ts

# The runner ends with the make that started it, and everything that it started ends with it. `exec` keeps other processes
# out from between them. The runner itself obeys `--require`; only its files obey `--import`.
TEST := exec node --require ./test/harness/program/tether.ts --test
# These start the command some thousand times, each of which would compile its modules anew.
UNIT_TESTS = NODE_COMPILE_CACHE=$(CACHE)/compiled $(TEST) --test-concurrency=4 \
	$$(find test -name '*.test.ts' -not -path 'test/end-to-end/*' -not -path 'test/attacks/*' \
		-not -path 'test/image/*' -not -path 'test/node/*' -not -path 'test/control-plane/*' | sort)

test: $(BUNDLE) ## run all tests; the first run compiles Kubernetes, unless KUBEBUILDER_ASSETS is set (README.md)
	@# The programs are built before the tests, whose files run at the same time and would build one program several times.
	node test/harness/control-plane/binaries.ts
	node test/harness/control-plane/helm.ts
	$(UNIT_TESTS)
	@# A process that a failed test left behind would keep this run alive, so the runner forces its end. The other runs do not:
	@# a forced end may come before the last results are reported.
	@mkdir -p dist
	$(TEST) --test-force-exit --test-concurrency=2 --test-reporter=spec --test-reporter-destination=stdout \
		--test-reporter=./test/harness/reporters/fault-table.ts --test-reporter-destination=dist/faults.md 'test/end-to-end/*.test.ts'

test-unit: $(BUNDLE) ## run the tests that need neither Go nor a control plane
	$(UNIT_TESTS)

test-attacks: $(BUNDLE) ## attack the bundle in a control group of 256 MiB, which needs root (results in dist/attacks.md)
	$(TEST) --test-force-exit --test-concurrency=2 --test-reporter=spec --test-reporter-destination=stdout \
		--test-reporter=./test/harness/reporters/attack-table.ts --test-reporter-destination=dist/attacks.md 'test/attacks/*.test.ts'

IMAGE_TOOLS := buildah busybox dpkg-deb qemu-aarch64-static runc
IMAGE_PACKAGES := buildah busybox-static qemu-user-static runc
test-image: $(BUNDLE) ## build both images and run them, which needs root, Linux on amd64 and four packages of Debian (CONTRIBUTING.md)
	@for tool in $(IMAGE_TOOLS); do command -v $$tool > /dev/null || \
		{ echo "this machine has no $$tool: apt-get install $(IMAGE_PACKAGES)" >&2; exit 1; }; done
	$(TEST) --test-concurrency=1 'test/image/*.test.ts'

test-node: image ## test on a real node, in namespaces of its own, which needs root and Linux on amd64 (CONTRIBUTING.md)
	$(TEST) --test-concurrency=1 'test/node/*.test.ts'

test-long: export REFGRANT_LONG := 1
test-long: RUNS := 200000
test-long: test fuzz test-node ## run all tests at full length: each fault for a minute or two (results in dist/faults.md), and 200,000 random reviews
	@# The usual release, which the other tests are about, is an older one.
	REFGRANT_KUBERNETES=1.37 node test/harness/control-plane/binaries.ts
	REFGRANT_KUBERNETES=1.37 $(TEST) test/end-to-end/cases.test.ts

RUNS := 50000
SEED :=
fuzz: $(INSTALLED) ## judge RUNS random reviews (default 50,000); SEED=N repeats a failure
	REFGRANT_FUZZ_RUNS=$(RUNS) $(and $(SEED),REFGRANT_FUZZ_SEED=$(SEED)) $(TEST) 'test/fuzz/*.test.ts'

bench: $(BUNDLE) ## measure what a review, a start and the memory cost beside bare Node (Linux; results in dist/bench.json)
	@node test/bench/bench.ts

bench-full: $(BUNDLE) ## the same for all sizes of reviews and numbers of grants, a real API server, the command line and tenants; ROUNDS=3 is shorter
	@node test/bench/bench.ts --full
	@node test/bench/security.ts

MINUTES := 10
soak: $(INSTALLED) ## judge reviews under changing grants and a bad network for MINUTES (default 10): wrong answers, memory, delays
	@node test/soak/soak.ts $(MINUTES)

lint: $(INSTALLED) ## check types, format, unused code and generated files
	npx --no tsc
	npx --no biome check --error-on-warnings
	npx --no knip
	$(MAKE) --no-print-directory generate
	@git diff --exit-code -- manifests README.md docs THIRD-PARTY-NOTICES || \
		{ echo 'generated files differ from the last commit: make generate has written them, review and commit them' >&2; exit 1; }

format: $(INSTALLED) ## format the source
	npx --no biome check --write

generate: $(BUNDLE) ## write manifests/, the tables of the documentation, the schema of the configuration and THIRD-PARTY-NOTICES
	node src/cli.ts manifests rbac > manifests/rbac.yaml
	node src/cli.ts manifests webhook > manifests/webhook.yaml
	node src/cli.ts manifests values > manifests/chart/generated.yaml
	node .build/chart/schema.ts
	node .build/chart/dashboard.ts
	awk '/^```yaml/ { inside = 1; next } /^```/ && inside { exit } inside' docs/monitoring.md > manifests/chart/alerts.yaml
	node -e "import('./src/config/schema.ts').then((m) => console.log(JSON.stringify(m.configurationSchema, null, 2)))" \
		> docs/configuration.schema.json
	node src/cli.ts catalogue --output markdown > table.catalogue
	node -e "import('./src/wording/meanings.ts').then((m) => console.log(m.findingsTable()))" > table.findings
	node -e "import('./src/wording/meanings.ts').then((m) => console.log(m.findingPages()))" > table.pages
	node -e "import('./src/runtime/metrics/descriptions.ts').then((m) => console.log(m.metricsTable()))" > table.metrics
	for file in README.md docs/monitoring.md docs/findings.md; do \
		awk '/<!-- end of the table -->/ { inside = 0 } !inside { print } \
			match($$0, /<!-- table: [a-z]+/) { \
				inside = 1; file = "table." substr($$0, 13, RLENGTH - 12); \
				while ((getline line < file) > 0) print line }' $$file > table.new && mv table.new $$file || exit 1; done
	rm table.catalogue table.findings table.pages table.metrics

overlays: generate ## render manifests/overlays from the chart, which needs Go
	node test/harness/control-plane/chart.ts

certs: $(INSTALLED) ## make certificates for development in certs/, unless they exist
	@node src/cli.ts certs --out certs --keep

node-path: $(INSTALLED) ## print the folder of the Node that make uses
	@dirname "$$(command -v node)"

bundle: $(BUNDLE) ## build dist/refgrant.js and its chunks, which Node runs without any package

image: $(BUNDLE) ## build the image for amd64 and arm64 in dist/image, an OCI layout (needs dpkg-deb and GNU tar, no container engine)
	@node .build/image/image.ts

executable: $(BUNDLE) ## build executables that need no Node, for Linux on amd64 and arm64, in dist/executables
	@node .build/executable/executables.ts

krew: executable ## build them, and the manifest for krew, dist/executables/refgrant.yaml
	@node .build/executable/krew.ts

image-pins: $(INSTALLED) ## pin the newest libraries of Debian, and Node NODE_VERSION, as what the image and the node of the tests consist of
	node .build/image/update-pins.ts $(NODE_VERSION) $(EXECUTABLE_NODE_VERSION)
	node test/node/update-pins.ts

clean: ## remove the installed packages and the builds from this folder
	rm -rf node_modules dist

$(BUNDLE): $(INSTALLED) package.json src/refgrant.js $(shell find src .build -name '*.ts')
	npm run --silent bundle

$(INSTALLED): package-lock.json $(NODE)
	@# `npm ci` refuses a lock file without the binaries for all platforms, and a registry may lack some.
	npm install --no-save >&2
	@touch $@

ifneq ($(NODE),)
$(NODE):
	@echo 'this machine has Node $(NODE_MAJOR), and make needs Node 24 or newer: downloading $(NODE_VERSION) once, about 40 MB' >&2
	npm install --loglevel error --no-save --ignore-scripts --prefix $(NODE_HOME) $(NODE_PACKAGE)@$(NODE_VERSION) || \
		{ echo 'cannot download Node $(NODE_VERSION) from the npm registry: install Node 24 from nodejs.org' >&2; exit 1; }
	@touch $@
endif
