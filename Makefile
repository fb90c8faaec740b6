# Everything is driven from here. Packages that tests need are installed by them.

GO       ?= go
TOOLS    := lab/tools
FUZZTIME ?= 10s
PICTURES ?= /tmp/mailpath-pictures

.PHONY: test quick lab lab-all bench fuzz lint generate

## test: all that must hold; what CI runs. Needs the network for packages once.
test: vet-and-staticcheck
	$(GO) test -race -timeout 20m ./...

## quick: the loop while writing: no real servers, no browser, no kills, no weeks, no race detector; under a minute.
quick:
	$(GO) vet ./...
	$(GO) test $$($(GO) list ./... | grep -v /lab/debian) -skip 'RealServers|Browser|TestDemo|Kill|Week'

## lab: real mail servers to play with, and a lab.yaml for them, until Ctrl-C.
lab:
	$(GO) run ./lab/debian/maillab

## lab-all: test, the slow linters, every fault at every component, every view of the pages, the servers several times over, hundreds of kills, and all fuzz targets for longer.
lab-all: test lint
	$(GO) test -race -count=5 -timeout 30m ./lab/debian ./cmd/mailpath -run 'Conforms|RealServers'
	MAILPATH_VERDICTS=all $(GO) test -race -count=1 ./cmd/mailpath -run TestTheComponentThatBrokeIsNamed
	MAILPATH_SCREENSHOTS=$(PICTURES) $(GO) test -race -count=1 ./cmd/mailpath -run StatusPageInBrowser
	MAILPATH_KILLS=200 $(GO) test -race -count=1 -timeout 60m ./cmd/mailpath -run Kill
	$(MAKE) fuzz FUZZTIME=60s

## bench: everything that makes a figure in docs/benchmarks.md; a quarter of an hour.
bench:
	$(GO) test -run '^$$' -bench . -benchmem $$($(GO) list ./... | grep -v /cmd/mailpath)
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 40m ./cmd/mailpath

## fuzz: every fuzz target for FUZZTIME each.
fuzz:
	@set -e; for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package; \
		done; \
	done

## lint: the linters that take minutes to build.
lint:
	$(GO) tool -modfile=$(TOOLS)/golangci-lint/go.mod golangci-lint run ./...

## generate: rewrite the golden files and the generated parts of docs.
generate:
	$(GO) test ./probe/config ./probe/trace $(addprefix ./exporters/,api jsonlog prom situation webhook words) -update
	$(GO) test ./cmd/mailpath -run 'TestCommandsDocs|TestHopsGolden' -update

.PHONY: vet-and-staticcheck
vet-and-staticcheck:
	@test -z "$$(gofmt -l .)" || { echo 'gofmt would change:'; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) tool -modfile=$(TOOLS)/staticcheck/go.mod staticcheck ./...
