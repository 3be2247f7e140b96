# Everything builds from the Go module proxy; nothing else has to be installed
# for demo, test and bench. e2e needs root and a few Debian packages, see below.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
# Never fetch another toolchain behind the user's back.
export GOTOOLCHAIN ?= local
CLUSTER := $(GO) -C hack/cluster tool cluster
LINT := $(GO) tool -modfile=hack/tools/go.mod golangci-lint
BENCHTIME ?= 1s
RULE_BENCHTIME ?= 0.2s

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build webhook, scanner and reeve into bin/
	@echo "building bin/webhook bin/scanner bin/reeve"
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/ ./cmd/...
	@ln -sf reeve bin/kubectl-reeve

.PHONY: demo
demo: build ## Run the main job on a local API server (KEEP=1 leaves it running)
	@hack/demo/demo.sh

.PHONY: demo-down
demo-down: ## Stop what make demo KEEP=1 left running
	@hack/demo/demo.sh down

.PHONY: test
test: ## Run all tests: Go with the race detector, Rego, a real API server
	@echo "preparing the API server for integration tests (the first build takes about 5 minutes)"
	@assets="$$($(CLUSTER) bin-dir)"; \
	echo "running the tests, the longest first, and one package more than there are processors: some wait"; \
	KUBEBUILDER_ASSETS="$$assets" REEVE_REQUIRE_ENVTEST=1 $(GO) test -race -timeout 40m -p $$(($$(nproc) + 1)) ./test/integration ./test/podsecurity ./...
	@$(GO) -C hack/cluster test ./...

.PHONY: test-short
test-short: ## Run the tests that need no API server
	@$(GO) test -short ./...

.PHONY: e2e
e2e: ## Run the end-to-end tests on a real node (root; containerd, runc, CNI plugins, iptables)
	@hack/e2e.sh

.PHONY: bench
bench: ## Benchmark the engine with rules of all kinds, the modes and the admission handler, with GOGC as deployed
	@GOGC=400 $(GO) test -run '^$$' -bench 'Evaluate|Gatekeeper|Kubescape|Handler|Resolve' -benchtime $(BENCHTIME) -cpu 1 ./internal/engine ./internal/review ./internal/admission

.PHONY: bench-rules
bench-rules: ## List the ten most expensive rules on the typical pod (about two minutes)
	@$(GO) test -run '^$$' -bench '^BenchmarkRule$$' -benchtime $(RULE_BENCHTIME) -count 5 -cpu 1 ./internal/engine | $(GO) run ./hack/benchrules

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (default 30s)
	@hack/fuzz.sh

.PHONY: lint
lint: ## Run the linters (the first build takes a few minutes)
	@$(LINT) run ./...

.PHONY: fmt
fmt: ## Format the code
	@$(LINT) fmt ./...

.PHONY: docs
docs: ## Write docs/rules.md and docs/remediation.md anew from the rules
	@hack/update-docs.sh

.PHONY: crds
crds: ## Write the custom resources' definitions anew from api/
	@hack/update-crds.sh

.PHONY: verify
verify: ## Check that generated files and go.mod are current
	@set -e; for script in hack/verify-*.sh; do echo "$$script"; "$$script"; done

.PHONY: cluster-up
cluster-up: ## Start a local cluster (TIER=1 API server, TIER=2 real node; default 1)
	@$(CLUSTER) up --tier $(or $(TIER),1)

.PHONY: cluster-down
cluster-down: ## Stop the local cluster and remove every trace of it
	@$(CLUSTER) down

.PHONY: clean
clean: ## Remove what was built here; the caches stay
	@rm -rf bin .demo
