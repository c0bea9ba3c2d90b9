package checks

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Only a template bends and takes arguments; what is put into it stays as it is.
func TestAPhraseBendsByItsTemplateAlone(t *testing.T) {
	const odd = "{alpha|beta} %s %!d(x) {"
	p := say("{keeps|keep} crashing (%d %%): %s", 7, odd).and(", {it|they} and %s", say("{its|their} %s", odd))
	for n, want := range map[int]string{
		1: "keeps crashing (7 %): " + odd + ", it and its " + odd,
		2: "keep crashing (7 %): " + odd + ", they and their " + odd,
	} {
		if got := p.of(n); got != want {
			t.Errorf("said of %d: %s, want %s", n, got, want)
		}
	}
}

// Phrases that begin alike don't write over each other.
func TestPhrasesShareNothing(t *testing.T) {
	p := say("a").and("b")
	one, other := p.and("c"), p.and("d")
	if one.of(1) != "abc" || other.of(1) != "abd" || p.of(1) != "ab" {
		t.Errorf("%s, %s, %s", one.of(1), other.of(1), p.of(1))
	}
}

// Templates are written in the source. One that is put together could hold words of others.
func TestTemplatesAreConstant(t *testing.T) {
	files, _ := filepath.Glob("*.go")
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "phrase.go" {
			continue
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			var at int
			switch fun := call.Fun.(type) {
			case *ast.Ident:
				at = map[string]int{"say": 0, "inflect": 1, "": -1}[fun.Name]
				if fun.Name != "say" && fun.Name != "inflect" {
					return true
				}
			case *ast.SelectorExpr:
				if fun.Sel.Name != "and" {
					return true
				}
				at = 0
			default:
				return true
			}
			found++
			lit, ok := call.Args[at].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s: the template is no constant", set.Position(call.Pos()))
				return true
			}
			verbs := strings.Count(strings.ReplaceAll(lit.Value, "%%", ""), "%")
			if verbs != len(call.Args)-at-1 {
				t.Errorf("%s: %d verbs for %d arguments: %s", set.Position(call.Pos()), verbs, len(call.Args)-at-1, lit.Value)
			}
			if strings.Count(lit.Value, "{") != strings.Count(lit.Value, "}") || strings.Count(lit.Value, "{") != strings.Count(lit.Value, "|") {
				t.Errorf("%s: the braces don't match: %s", set.Position(call.Pos()), lit.Value)
			}
			return true
		})
	}
	if found < 80 {
		t.Errorf("only %d templates were found", found)
	}
}

// Whatever a log, a message or a kubelet says stands in the title as it was said.
func TestTitlesKeepBracesOfOthers(t *testing.T) {
	const words = `cannot parse {alpha|beta} in {"a": 1}`
	manifests := fmt.Sprintf(`
apiVersion: v1
kind: Node
metadata: {name: n1, creationTimestamp: "2025-01-01T00:00:00Z"}
status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-01-01T00:00:00Z"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {nodeName: n1, containers: [{name: main, image: x}]}
status: {phase: Failed, reason: Odd, message: %[1]q}
---
apiVersion: v1
kind: Pod
metadata: {name: configured, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {nodeName: n1, containers: [{name: main, image: x}]}
status: {phase: Pending, containerStatuses: [{name: main, image: x, imageID: "", ready: false, restartCount: 0, state: {waiting: {reason: CreateContainerConfigError, message: %[1]q}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: starts, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {nodeName: n1, containers: [{name: main, image: x}]}
status: {phase: Pending, containerStatuses: [{name: main, image: x, imageID: "", ready: false, restartCount: 3, state: {waiting: {reason: RunContainerError, message: %[1]q}}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: waits, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {containers: [{name: main, image: x}]}
status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: %[1]q, lastTransitionTime: "2026-01-02T08:00:00Z"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: said, namespace: shop, creationTimestamp: "2026-01-02T08:00:00Z"}
spec: {nodeName: n1, containers: [{name: main, image: x}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-02T08:00:00Z"}]
  containerStatuses: [{name: main, image: x, imageID: "", ready: false, restartCount: 9, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, reason: Error, startedAt: "2026-01-02T09:57:00Z", finishedAt: "2026-01-02T09:58:00Z"}}}]
---
apiVersion: paramedic
kind: Log
namespace: shop
pod: said
container: main
text: 'panic: open /etc/{alpha|beta}/app.conf: permission denied'
`, words)
	s, err := snapshot.FromManifests(time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC), []byte(manifests))
	if err != nil {
		t.Fatal(err)
	}
	titles := map[string][]string{}
	for _, f := range Run(s).Findings {
		titles[f.Object.Name] = append(titles[f.Object.Name], f.Title)
	}
	for _, pod := range []string{"api", "configured", "starts", "waits", "said"} {
		if !slices.ContainsFunc(titles[pod], func(s string) bool { return strings.Contains(s, "{alpha|beta}") }) {
			t.Errorf("%s: %q", pod, titles[pod])
		}
	}
}
