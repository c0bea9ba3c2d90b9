package cli_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/cli"
)

const exampleBundle = "internal/demo/bundles/broken.tar.zst"

// The worked example of docs/diagnosis.md is what the program prints; -update writes it.
func TestTheGuideToDiagnosisIsCurrent(t *testing.T) {
	const (
		path  = "../../docs/diagnosis.md"
		begin = "<!-- generated: example (make docs) -->\n"
		end   = "<!-- end -->"
	)
	run := func(args ...string) string {
		var stdout, stderr bytes.Buffer
		if exit := cli.Run(t.Context(), "test", append([]string{"paramedic", "why", "--bundle", "../../" + exampleBundle}, args...), &stdout,
			&stderr); exit != 1 {
			t.Fatalf("exit %d: %s", exit, stderr.String())
		}
		return stdout.String()
	}
	want := "    $ paramedic why --bundle " + exampleBundle + " -o mermaid\n\n```mermaid\n" + run("-o", "mermaid") +
		"```\n\nThe way of one of the crashes, out of what `--trace` prints:\n\n```\n" +
		tracedOf(run("--trace"), "Deployment/convocanvas/convocanvas", "DNSLoop", "NodeCNIMissing") + "```\n"
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(have), begin)
	generated, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no part between %q and %q", path, begin, end)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, generated); diff != "" {
		t.Errorf("%s is not current; run make docs (-program +file):\n%s", path, diff)
	}
}

// tracedOf picks from a trace the lines that are about the object, what explains it, and the weights.
func tracedOf(trace, object string, codes ...string) string {
	var b strings.Builder
	_, trace, _ = strings.Cut(trace, "How this came about")
	for line := range strings.Lines(trace) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "- ")
		first, _, _ := strings.Cut(line, " ")
		finding := strings.HasPrefix(first, "F")
		about := strings.Contains(line, " "+object+":") || strings.Contains(line, " "+object+" ->")
		for _, code := range codes {
			about = about || strings.Contains(line, " "+code+" ") && (finding || strings.HasPrefix(first, "C"))
		}
		if about {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}
