package story

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

func same(s string) string { return s }

func TestAHugeDiagnosisFitsAndKeepsWhatMatters(t *testing.T) {
	d := founding()
	for i := range 3000 {
		e, f := fmt.Sprint("X", i), fmt.Sprint("Y", i)
		d.Evidence = append(d.Evidence, incident.Evidence{ID: e, Source: incident.SourceLog, Object: object("Pod", "load", fmt.Sprint("worker-",
			i)), Excerpt: strings.Repeat("日本 12:00 error; ", 60)})
		d.Findings = append(d.Findings, incident.Finding{ID: f, Code: "PodCrashLoop", Severity: incident.Critical,
			Object: object("Deployment", "load", fmt.Sprint("worker-", i)), Title: strings.Repeat("very long ", 30), Evidence: []string{e}})
		d.Causes[0].Explains = append(d.Causes[0].Explains, f)
		d.Causes = append(d.Causes, incident.Cause{ID: fmt.Sprint("Z", i), Title: strings.Repeat("and another ", 30), Evidence: []string{e}})
	}
	for _, budget := range []int{4096 - maxAnswer, 2048, 1300} {
		p, err := newPrompt(redacted(d, seenBefore, same), strings.Repeat("a", 32), budget)
		if err != nil {
			t.Fatal(err)
		}
		whole := system + p.user(fmt.Errorf("%s", strings.Repeat("why ", 100)))
		if n := Tokens(whole) + overhead; n > budget {
			t.Errorf("%d tokens, the budget is %d", n, budget)
		}
		if !slices.Contains(p.causes, "C1") || !slices.Contains(p.evidence, "E1") || !strings.Contains(whole, "less important lines left out") {
			t.Errorf("at %d: causes %v, evidence %v", budget, p.causes, p.evidence)
		}
		for _, id := range p.evidence {
			if !strings.Contains(p.data, "\n"+id+" (") {
				t.Errorf("%s may be cited and was not shown", id)
			}
		}
		if len(p.schema()) > 2000 {
			t.Errorf("the schema has %d bytes", len(p.schema()))
		}
	}
	if _, err := newPrompt(redacted(d, nil, same), "m", 500); err == nil {
		t.Error("500 tokens were enough")
	}
}

func TestTheFixedPartIsTheSameForEveryDiagnosis(t *testing.T) {
	a, err := newPrompt(redacted(founding(), nil, same), strings.Repeat("a", 32), 3000)
	if err != nil {
		t.Fatal(err)
	}
	b, err := newPrompt(redacted(founding(), nil, same), strings.Repeat("a", 32), 3000)
	if err != nil || a.user(nil) != b.user(nil) {
		t.Error("the same diagnosis gives another prompt")
	}
	if strings.Contains(system, "aaaa") || strings.Contains(system, "coredns") {
		t.Error("the fixed part is not fixed")
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(good)
	f.Add(`{"cause":"unknown","sentences":[{"text":"“CoreDNS” 'x' é … 127.0.0.1:53","cites":["E1","E1"]}]}`)
	f.Add(`{"cause":"C1","sentences":[null,{}]}`)
	p, err := newPrompt(redacted(founding(), seenBefore, same), strings.Repeat("a", 32), 3000)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		s, err := p.parse(answer)
		if err != nil {
			return
		}
		if s.Cause != incident.Unknown && !slices.Contains(p.causes, s.Cause) {
			t.Errorf("cause %q", s.Cause)
		}
		for _, x := range s.Sentences {
			if len(x.Cites) == 0 || strings.ContainsAny(x.Text, "<>\n`") {
				t.Errorf("sentence %+v", x)
			}
			for _, id := range x.Cites {
				if !slices.Contains(p.evidence, id) {
					t.Errorf("cites %q", id)
				}
			}
		}
	})
}
