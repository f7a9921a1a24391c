# `make help` lists what there is to make.

GOLANGCI_VERSION := v2.15.0
TEMPL_VERSION    := v0.3.1020

# Go's own temporary folders and caches are used; what is built for this project lies in bin/.
BIN  := bin
LINT := $(BIN)/golangci-lint-$(GOLANGCI_VERSION)
TEMPL := $(BIN)/templ-$(TEMPL_VERSION)

# The test runner: one throw-away PostgreSQL server for all packages, and a summary of what was left out.
GOTEST := $(BIN)/withpostgres $(BIN)/gotest

PACKAGES ?= ./...
FUZZTIME ?= 10s

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

## help: list the targets
.PHONY: help
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST) | while IFS=: read -r target what; do printf '  make %-9s%s\n' "$$target" "$$what"; done

## build: build the program as bin/purser
.PHONY: build
build:
	go build -trimpath -o $(BIN)/purser ./cmd/purser

## run: serve a demo company from a new SQLite file
.PHONY: run
run:
	go run ./cmd/purser serve --demo

## test: run every test on SQLite and on PostgreSQL, and say what was left out (PACKAGES=./internal/flow for some)
.PHONY: test
test: postgres browser runner
	$(GOTEST) $(PACKAGES)

## check: all that must hold before a commit: tidy, format, lint, then the tests
.PHONY: check
check: tidy lint test

## race: run the tests with the race detector
.PHONY: race
race: postgres browser runner
	$(GOTEST) -race $(PACKAGES)

## mutants: take the guards of stock, money and repetition away, one at a time, and see that a test misses each (GUARDS="money order" for some)
.PHONY: mutants
mutants: postgres runner
	$(BIN)/withpostgres go run ./internal/test/mutants $(GUARDS)

## fuzz: run every fuzz target for FUZZTIME (10s)
.PHONY: fuzz
fuzz:
	@grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' cmd internal | sed 's|/[^/]*:func | |' | sort -u | \
	while read -r package target; do \
		echo "$$package $$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$package" || exit 1; \
	done

## bench: run the benchmarks
.PHONY: bench
bench: postgres runner
	$(BIN)/withpostgres go test -run '^$$' -bench . -benchmem $(PACKAGES)

## golden: write the golden files anew (docs/openapi.json, docs/schema.sql, testdata); read the difference
.PHONY: golden
golden: postgres runner
	$(BIN)/withpostgres go test $$(grep -rl --include='*_test.go' '"purser/internal/test/golden"' cmd internal | xargs -n 1 dirname | sort -u | sed 's|^|./|') -update

## pages: make the Go code of the pages' templates anew
.PHONY: pages
pages: $(TEMPL)
	$(TEMPL) generate -log-level warn -path internal/web

## pictures: make the pictures of README and docs anew
.PHONY: pictures
pictures: browser
	go test ./internal/test/journey -tags screenshots -run TestScreenshots -count=1

## lint: vet and lint
.PHONY: lint
lint: $(LINT) $(TEMPL)
	@$(TEMPL) generate -check -log-level warn -path internal/web || { echo "run make pages"; exit 1; }
	@unformatted=$$(gofmt -l cmd internal); [ -z "$$unformatted" ] || { echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; }
	go vet ./...
	$(LINT) run ./...

## tidy: check that go.mod and go.sum name what the code needs and no more
.PHONY: tidy
tidy:
	go mod tidy -diff

## postgres: install PostgreSQL's server binaries for the tests where that is possible (root on Debian or Ubuntu)
.PHONY: postgres
postgres:
	@internal/test/pgcluster/install.sh || [ "$$PURSER_TEST_REQUIRE" != 1 ] || [ -n "$$PURSER_TEST_POSTGRES" ]

## browser: install Chromium for the tests of pages where that is possible (root on Debian or Ubuntu)
.PHONY: browser
browser:
	@internal/test/browser/install.sh || [ "$$PURSER_TEST_REQUIRE" != 1 ]

## clean: remove what was built
.PHONY: clean
clean:
	rm -rf $(BIN)

.PHONY: runner
runner:
	@go build -buildvcs=false -o $(BIN)/ ./internal/test/withpostgres ./internal/test/gotest

# Some minutes, once for each version.
$(LINT):
	GOBIN="$(CURDIR)/$(BIN)" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(BIN)/golangci-lint $@

$(TEMPL):
	GOBIN="$(CURDIR)/$(BIN)" go install github.com/a-h/templ/cmd/templ@$(TEMPL_VERSION)
	mv $(BIN)/templ $@
