# make demo   builds Paramedic and shows the founding incident, and a bad release, in a browser: no account, no key, no cluster
# make test   runs the tests
# make race   runs them with the race detector, which needs gcc and takes several times as long
# make crash  kills the process that runs a plan a thousand times, at every event boundary of a plan of each kind of step (some minutes)
# make crash-lab kills bots fifty times on the lab's real cluster, while they mend real faults
# make judge-slack lays all that can be sent to Slack before judges that others wrote (needs node, npm and Python with venv)
# make screenshots makes the pictures of the guides (needs chromium and a font with emoji)
# make e2e    runs the end-to-end tests on the lab's real cluster (needs root; LAB names the lab's command)
# make e2e-recover mends every live case there that a runbook treats, and writes of it into docs/faults.md
SHELL := /bin/bash
LAB   ?= $(CURDIR)/../shared/lab/lab
BIN   := $(CURDIR)/bin
GOLANGCI_LINT := v2.15.0
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)

.PHONY: all build demo test race crash crash-lab judge-slack e2e e2e-faults e2e-recover scoreboard bench lint docs generate screenshots clean

all: build

build:
	@[ -d "$$(go env GOMODCACHE)/k8s.io/client-go@v0.36.3" ] || echo "downloading the libraries and building; the first time takes a few minutes" >&2
	@go build -buildvcs=auto -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/paramedic ./cmd/bot

demo: build
	@$(BIN)/paramedic demo

test:
	go vet ./...
	go test ./...
	PARAMEDIC_TEST_TRANSPORT=http go test ./internal/slackapp/

# one package after the other: together they would only make each other slower
race:
	CGO_ENABLED=1 go test -race -p 1 -timeout 30m ./...

crash:
	PARAMEDIC_CRASH_KILLS=1000 go test -count=1 -timeout 60m -v -run '^TestCrash' ./internal/app

# The lab keeps its cluster here unless LAB_HOME says otherwise.
LAB_HOME ?= $(HOME)/.cache/lab
LAB_ENV = LAB='$(LAB)' PARAMEDIC=$(BIN)/paramedic KUBECONFIG=$(LAB_HOME)/kubeconfig HOST_ROOT=$(LAB_HOME)/n1/host OLLAMA_HOST=http://127.0.0.1:11434

e2e: build
	'$(LAB)' up
	'$(LAB)' models
	$(LAB_ENV) go test -tags e2e -count=1 -timeout 60m -v ./e2e/...

# kills bots KILLS times while they mend live cases on the lab, ten side by side (about eight minutes)
KILLS ?= 50
crash-lab: build
	'$(LAB)' up
	$(LAB_ENV) PARAMEDIC_LAB_KILLS='$(KILLS)' go test -tags e2e -count=1 -timeout 60m -v -run '^TestCrashOnTheLab$$' ./e2e

# docs/scoreboard.md: every case that needs no cluster, failures included, and the README's first contacts; MODEL=NAME lets an Ollama model tell some of them, too
scoreboard: build
	PARAMEDIC=$(BIN)/paramedic MODEL='$(MODEL)' docs/scoreboard.sh >$(BIN)/scoreboard.md
	mv $(BIN)/scoreboard.md docs/scoreboard.md
	PARAMEDIC=$(BIN)/paramedic docs/scoreboard.sh readme >$(BIN)/README.md
	mv $(BIN)/README.md README.md

# every fault live on the lab, each looked at in four ways, and docs/faults.md of what was found; interrupted, it goes on where it ended (remove $(FAULTS).jsonl to begin again)
FAULTS ?= $(CURDIR)/.e2e-faults
e2e-faults: build
	'$(LAB)' down
	'$(LAB)' up
	KUBECONFIG='$(LAB_HOME)/kubeconfig' '$(LAB_HOME)/bin/kubectl' apply -f e2e/testdata/viewers.yaml
	PATH="$(LAB_HOME)/bin:$$PATH" LAB_HOME='$(LAB_HOME)' $(LAB_ENV) $(BIN)/paramedic eval --live --allow-commands --host-root '$(LAB_HOME)/n1/host' --node leveling-pc --viewer viewer \
	  --resume '$(FAULTS).jsonl' -o markdown diagnosis/eval/cases >'$(FAULTS).md' || [ $$? -eq 1 ]
	{ printf '%s\n' '# Faults on a real cluster' '' 'What `make e2e-faults` found: each case of `diagnosis/eval/cases/live` made on a real cluster, diagnosed, looked at in four ways, and removed. Seconds are from' \
	  'the manifests to the verdict. [evaluation.md](evaluation.md) says what is measured.' ''; cat '$(FAULTS).md'; echo; sed -n '/^## Mended on a real cluster/,$$p' docs/faults.md; } >'$(FAULTS).whole'
	mv '$(FAULTS).whole' docs/faults.md

# An API server that still accepts the TLS of busybox's wget, by which the programs of some live cases see that they were mended.
LAB_UP = GODEBUG=tlssha1=1 '$(LAB)' up

# every live case that a runbook treats, mended on the lab from its manifests to the look that finds nothing, and what became of them at the end of
# docs/faults.md; interrupted, it goes on where it ended (remove $(RECOVER).jsonl to begin again)
RECOVER ?= $(CURDIR)/.e2e-recover
e2e-recover: build
	'$(LAB)' down
	$(LAB_UP)
	$(LAB_ENV) RECOVER='$(RECOVER)' go test -tags e2e -count=1 -timeout 180m -v -run '^TestRecover$$' ./e2e
	{ sed '/^## Mended on a real cluster/,$$d' docs/faults.md; printf '%s\n' '## Mended on a real cluster' '' 'What `make e2e-recover` found: each case of `diagnosis/eval/cases/live` that a runbook treats made on a real' \
	  'cluster in a namespace of its own, up to ten at a time, and what is of the whole cluster alone. `paramedic serve` with the rights of `deploy/kubernetes/rbac.yaml`' \
	  'gets an alert that names the namespace, and sees of the cluster what is no other case'"'"'s; its plan is read and approved with `paramedic approve` by one of the' \
	  'operators, or two where it asks for two; it is run, proved for a minute (three cases for six), and `paramedic why` finds nothing of the case any more.' \
	  '[recovery.md](recovery.md) says how all this works.' ''; cat '$(RECOVER).md'; } >'$(RECOVER).whole'
	mv '$(RECOVER).whole' docs/faults.md

# Everything that the bot can send to Slack, of generated content, laid before judges that others wrote, each of which is shown broken payloads
# first; and no place that writes something to be shown is left out. The judges are installed, by exact versions, into JUDGES.
JUDGES ?= $(CURDIR)/.cache/slackjudges
judge-slack: $(JUDGES)/installed
	PARAMEDIC_PAYLOADS='$(JUDGES)/payloads.jsonl' go test -count=1 -timeout 20m -coverpkg=./commands,./internal/slackapp -coverprofile='$(JUDGES)/covered' \
	  -run '^TestEveryPayloadIsTaken$$' -v ./internal/slackapp
	PARAMEDIC_COVERED='$(JUDGES)/covered' go test -count=1 -run '^TestNoBuilderIsForgotten$$' -v ./internal/slackapp
	cp e2e/slackjudges/* '$(JUDGES)/'
	python3 '$(JUDGES)/judge.py' '$(JUDGES)' '$(JUDGES)/payloads.jsonl'

$(JUDGES)/installed: e2e/slackjudges/package.json e2e/slackjudges/package-lock.json e2e/slackjudges/requirements.txt
	@for p in node npm python3; do command -v $$p >/dev/null || \
	  { echo "judge-slack needs $$p, which is not there: install nodejs, npm and python3-venv (Debian's names)" >&2; exit 1; }; done
	@python3 -c 'import venv, ensurepip' || { echo 'judge-slack needs Python with venv and ensurepip: install python3-venv (Debian'"'"'s name)' >&2; exit 1; }
	@mkdir -p '$(JUDGES)'
	cp e2e/slackjudges/* '$(JUDGES)/'
	cd '$(JUDGES)' && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	python3 -m venv --clear '$(JUDGES)/venv'
	'$(JUDGES)/venv/bin/pip' install --quiet --disable-pip-version-check --no-deps -r e2e/slackjudges/requirements.txt
	@touch '$@'

# what the bot does under load, which needs no cluster; then, where the lab is, a check against the least that any check can take
bench: build
	PARAMEDIC=$(BIN)/paramedic go test -tags bench -count=1 -timeout 20m -v ./bench/...
	@if [ -e '$(LAB_HOME)/kubeconfig' ]; then set -x; $(LAB_ENV) go test -tags bench -count=1 -timeout 20m -v -run "TestQuietAtScale|TestBench" ./e2e/...; \
	else echo 'bench: the part that needs a cluster is skipped: there is no lab ($(LAB) up makes one)'; fi

lint: $(BIN)/golangci-lint-$(GOLANGCI_LINT)
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo 'gofmt these files:'; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(BIN)/golangci-lint-$(GOLANGCI_LINT) run ./...

$(BIN)/golangci-lint-$(GOLANGCI_LINT):
	@echo 'building golangci-lint; the first time takes some minutes' >&2
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT)
	mv $(BIN)/golangci-lint $@

# the guides that are derived from the checks' registry
docs:
	go test -count=1 -run TestWhatChecksReadIsCurrent ./internal/cli -update
	go test -count=1 -run TestTheRulesAreThoseOfTheTable ./deploy -update
	go test -count=1 -run TestTheDashboardIsMadeOfItsTables ./deploy/grafana -update
	go test -count=1 -run 'TestTheGuideTo(Checks|Diagnosis|Runbooks)IsCurrent' ./internal/cli -update

# all that is derived: those guides, and the pictures
generate: docs screenshots

# the pictures of the guides, from the demo's page in a real browser; emoji need a font, such as Debian's fonts-noto-color-emoji
SHOTS := incident:2-diagnosis plan:plan-1280 phone:plan-400-dark home:home-ill-1280-light diagnose:diagnosed-1280-light shortcut:menu-1280-light called:called-400-dark graph:pictures-graph-light
screenshots:
	@fc-list | grep -qi emoji || { echo 'screenshots needs a font with emoji: install fonts-noto-color-emoji (Debian'"'"'s name)' >&2; exit 1; }
	@mkdir -p $(BIN)/shots
	PARAMEDIC_REQUIRE_BROWSER=1 PARAMEDIC_SCREENSHOTS=$(BIN)/shots go test -count=1 -run 'InABrowser|WithoutScrolling|OnAPhone' ./internal/demo
	for s in $(SHOTS); do cp "$(BIN)/shots/visit-$${s#*:}.png" "docs/images/$${s%%:*}.png" || exit 1; done

clean:
	rm -rf $(BIN)
