# Bargkhan: paper in, graded results and certificates out.
#
# `make` alone prints this help. Every target that needs something of the
# distribution calls `setup` first; where nothing is missing that takes no time.

SHELL := /bin/bash
.DEFAULT_GOAL := help
export CGO_ENABLED := 1

# What the service needs, and what only its tests need besides. Debian 12's names;
# Ubuntu's are the same.
PACKAGES := ca-certificates g++ libtiff-dev libjpeg-dev libdeflate-dev \
            fonts-noto-core postgresql
TEST_PACKAGES := $(PACKAGES) pkg-config libopencv-dev chromium poppler-utils qpdf
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GOFLAGS_BUILD := -trimpath -ldflags '-X main.version=$(VERSION)'

# $(call install,packages) installs what is missing, says which, and nothing else.
define install
	@missing=$$(for p in $(1); do \
		[ "$$(dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null)" = installed ] || echo $$p; done); \
	[ -z "$$missing" ] && exit 0; \
	echo "setup: missing packages of the distribution:" $$missing; \
	if ! command -v apt-get >/dev/null; then \
		echo "setup: there is no apt-get here. Install the packages above (Debian's names) by hand, then run make again." >&2; exit 1; fi; \
	sudo=; if [ "$$(id -u)" != 0 ]; then \
		command -v sudo >/dev/null || { echo "setup: installing needs root or sudo. As root: apt-get install --no-install-recommends" $$missing >&2; exit 1; }; \
		sudo=sudo; fi; \
	$$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null || \
		{ echo "setup: the packages could not be installed. By hand: apt-get install --no-install-recommends" $$missing >&2; exit 1; }; \
	echo "setup: installed" $$missing
endef

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup setup-test go
go:
	@command -v go >/dev/null || { echo "setup: Go 1.26 or newer is needed: https://go.dev/dl" >&2; exit 1; }
setup: go ## install what the service needs from the distribution, if it is missing
	$(call install,$(PACKAGES))
setup-test: go
	$(call install,$(TEST_PACKAGES))

.PHONY: build
build: setup ## bin/omr, the desk tool, and bin/omrd, the service
	@mkdir -p bin
	@go build $(GOFLAGS_BUILD) -o bin/ ./cmd/omr ./cmd/omrd

.PHONY: demo
demo: build ## the whole job on made scans; ARGS=--exit settles, certifies, verifies and ends
	@bin/omrd demo $(ARGS)

.PHONY: run
run: build ## the service with an empty database; the first account is printed once
	@bin/omrd serve $(ARGS)

.PHONY: test
test: setup-test ## set-up and every test
	@go test -timeout 30m ./...

.PHONY: check
check: setup-test ## format, vet, lint, the law of imports, short tests
	@test -z "$$(gofmt -l .)" || { gofmt -l . ; echo "check: run gofmt -w on the files above" >&2; exit 1; }
	@go vet ./...
	@go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run
	@go test -short ./...

.PHONY: race
race: setup-test ## every test with the race detector
	@go test -race ./...

FUZZ ?= 30s
.PHONY: fuzz
fuzz: setup-test ## every fuzz target for FUZZ=30s each
	@set -e; for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
			echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZ) -fuzzminimizetime 100x $$p; done; done

.PHONY: s3
s3: setup-test ## the archive against a real S3 server (installs it once, two minutes)
	@[ -x var/tools/versitygw ] || GOBIN=$(CURDIR)/var/tools go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
	@go test -count=1 -run 'Bucket|Folder|Cache' ./api/archive ./cmd/omrd

.PHONY: golden
golden: setup-test ## write the golden files again; look at the difference before you commit it
	@go test ./... -run Golden -update

.PHONY: cover
cover: setup-test ## statement coverage by package
	@go test -cover ./...

.PHONY: docker
docker: ## an image of the service (needs a Docker engine)
	@docker build -f docker/Dockerfile --build-arg VERSION=$(VERSION) -t bargkhan:$(VERSION) .

.PHONY: corpus
corpus: setup-test ## 200 made pages of each family of defects, read and held against testdata/corpus/floors.txt
	@set -o pipefail; BARGKHAN_CORPUS=200 go test ./omr -count=1 -run '^TestCorpus$$' -v -timeout 60m | grep -v '^ *=== '

SCANS ?= ../shared/scans
.PHONY: scans
scans: setup-test ## real scans of other people's sheets in SCANS=folder: a row for each set; fails if anything is silently wrong
	@set -o pipefail; BARGKHAN_SCANS=$(abspath $(SCANS)) go test ./omr -count=1 -run '^TestOtherSheets$$' -v -timeout 60m | grep -vE '^ *(===|--- PASS)'

LONG ?= testdata/corpus/long-$(shell date -u +%F).txt
.PHONY: corpus-long
corpus-long: setup-test ## three million bubbles of fresh seeds; goes on where LONG=file ends; FOR=10m stops sooner
	@set -o pipefail; BARGKHAN_LONG=$(abspath $(LONG)) BARGKHAN_FOR=$(FOR) go test ./omr -count=1 -run '^TestLong$$' -v -timeout 24h | grep -vE '^ *(===|--- PASS)'

.PHONY: marks
marks: setup-test ## learn the second reader's weights anew from made pages
	@BARGKHAN_MARKS=$(CURDIR)/omr/marks.json BARGKHAN_CORPUS=6 go test ./omr -count=1 -run '^TestLearnMarks$$' -timeout 60m

KNOWN ?= var/known.jsonl
.PHONY: profile
profile: build ## learn the shipped profile anew from the corpus
	@mkdir -p $(dir $(KNOWN)); BARGKHAN_KEEP=$(abspath $(KNOWN)) BARGKHAN_CORPUS=200 go test ./omr -count=1 -run '^TestCorpus$$' -timeout 60m
	@bin/omr calibrate -d testdata/designs/national-3x20-spare.json --known $(KNOWN) --id default-6 --report -o calibration/default.json

KILLS ?= 200
SEED ?=
CUT ?= 60s
.PHONY: soak
soak: setup-test ## the service killed KILLS=200 times at random moments, then everything is looked at; SEED=n repeats
	@set -o pipefail; BARGKHAN_KILLS=$(KILLS) BARGKHAN_SEED=$(SEED) go test ./cmd/omrd -count=1 -run '^TestSoak$$' -v -timeout 24h | grep -v '^ *==='

.PHONY: faults
faults: setup-test ## the world fails in every way there is, the database is cut off for CUT=60s; as root for small disks and machines
	@set -o pipefail; BARGKHAN_CUT=$(CUT) go test ./api/pipeline ./cmd/omrd -count=1 -run '^(TestFaults|TestFaultsGoBy|TestHosts)$$' -v -timeout 30m | grep -E '^ *(---|ok|FAIL|[a-z_]+_test.go:.*(after|needs|not allowed|cannot be had))'

.PHONY: latency
latency: setup-test ## from a settled file to its verdict, at two sheets a second for a minute
	@set -o pipefail; BARGKHAN_LATENCY=60s go test ./api/pipeline -count=1 -run '^TestLatency$$' -v | grep -v '^ *==='

.PHONY: throughput
throughput: setup-test ## sheets a second through the whole line with one, two and four workers
	@set -o pipefail; BARGKHAN_THROUGHPUT=200 go test ./api/pipeline -count=1 -run '^TestThroughput$$' -v -timeout 30m | grep -v '^ *==='

.PHONY: bench
bench: build ## time reading against decoding, and compare with this machine's baseline
	@bin/omr bench --pages 4 --rounds 13 --baselines testdata/bench $(ARGS)
