package incident_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/incident/incidenttest"
)

var (
	began = incidenttest.Began
	ill   = incidenttest.Ill
)

func repeat(n int, title string) []string {
	return strings.Split(strings.TrimSuffix(strings.Repeat(title+"\x00", n), "\x00"), "\x00")
}

// One fault on many objects is one cause, with a count and the first of them named; what differs stays apart.
func TestWhatIsAlikeIsToldAsOne(t *testing.T) {
	const crash = "The pod of Deployment %s keeps crashing: exit code 1, no such option"
	for name, c := range map[string]struct {
		kind   string
		titles []string
		want   []string // "faults title" of each cause told
	}{
		"two that are alike are told one by one": {"Deployment", repeat(2, crash), []string{
			"1 The pod of Deployment web-a keeps crashing: exit code 1, no such option",
			"1 The pod of Deployment web-b keeps crashing: exit code 1, no such option"}},
		"three are told as one": {"Deployment", repeat(3, crash), []string{
			"3 The pod of Deployment web-a keeps crashing: exit code 1, no such option, and 2 more Deployments alike"}},
		"many nodes": {"Node", repeat(40, "Node %s has lost its CNI configuration: no new pod can start on it"), []string{
			"40 Node web-a has lost its CNI configuration: no new pod can start on it, and 39 more Nodes alike"}},
		"what they count does not set them apart": {"Deployment",
			[]string{crash, "2 pods of Deployment %s keep crashing: exit code 1, no such option",
				"2 of 3 pods of Deployment %s keep crashing: exit code 1, no such option"}, []string{
				"3 The pod of Deployment web-a keeps crashing: exit code 1, no such option, and 2 more Deployments alike"}},
		"reasons set them apart": {"Deployment", []string{crash, crash, crash,
			"The pod of Deployment %s keeps crashing: exit code 2, no such option", "The pod of Deployment %s keeps crashing: reason 7",
			"The pod of Deployment %s keeps crashing: reason 8"}, []string{
			"3 The pod of Deployment web-a keeps crashing: exit code 1, no such option, and 2 more Deployments alike",
			"1 The pod of Deployment web-d keeps crashing: exit code 2, no such option", "1 The pod of Deployment web-e keeps crashing: reason 7",
			"1 The pod of Deployment web-f keeps crashing: reason 8"}},
		"many that are alike weigh more than the one before them": {"Deployment",
			append([]string{"The pod of Deployment %s keeps crashing: reason 7"}, repeat(3, crash)...), []string{
				"3 The pod of Deployment web-b keeps crashing: exit code 1, no such option, and 2 more Deployments alike",
				"1 The pod of Deployment web-a keeps crashing: reason 7"}},
	} {
		d := ill(c.kind, c.titles...)
		before, _ := json.Marshal(d)
		b := incident.Brief(d)
		var got []string
		for _, x := range b.Causes {
			got = append(got, fmt.Sprintf("%d %s", x.Faults(), x.Title))
			if x.Consequences() != x.Faults() {
				t.Errorf("%s: %q explains %d consequences, one for each of %d", name, x.Title, x.Consequences(), x.Faults())
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		for _, problem := range incidenttest.Unresolved(b, nil) {
			t.Errorf("%s: %s", name, problem)
		}
		if a, w := b.Total(), d.Total(); a.Consequences != w.Consequences || a.Findings != w.Findings || a.Restarts != w.Restarts ||
			a.Causes != len(c.want) {
			t.Errorf("%s: told %+v, the whole has %+v", name, a, w)
		}
		if after, _ := json.Marshal(d); string(after) != string(before) {
			t.Errorf("%s: the whole was changed", name)
		}
	}
}

// What is small and has nothing alike is told as it is.
func TestWhatIsSmallIsToldWhole(t *testing.T) {
	d := ill("Deployment", "a fault", "another fault", "a third")
	d.Changes = []incident.Change{{ID: "T1", At: began}, {ID: "T2", At: began}}
	if diff := cmp.Diff(d, incident.Brief(d)); diff != "" {
		t.Errorf("(-whole +told)\n%s", diff)
	}
}

// Past what people read, causes are counted; how many there are in all is known.
func TestCausesThatDifferAreCounted(t *testing.T) {
	var titles []string
	for i := range 300 {
		titles = append(titles, fmt.Sprintf("The pod of Deployment %%s keeps crashing: reason %d", i))
	}
	b := incident.Brief(ill("Deployment", titles...))
	if len(b.Causes) > 50 || b.Total().Causes != 300 || b.Total().Consequences != 300 || b.Total().Restarts != 2100 {
		t.Errorf("%d causes told, %+v in all", len(b.Causes), b.Totals)
	}
	if again := incident.Brief(b); again != b {
		t.Error("told again it is another")
	}
}

// Whatever the texts and the lists hold, the JSON is bounded: every list long, every text long and of what JSON writes longest.
func TestADiagnosisIsNeverTooLarge(t *testing.T) {
	for _, text := range []string{"<", "\xff", "😀 "} {
		for _, n := range []int{30, 310} {
			var d incident.Diagnosis
			long := strings.Repeat(text, 5000)
			incidenttest.Fill(&d, n, long)
			d.Totals = nil
			for i := range d.Causes { // ids as long as that stand for nothing; these stand for something
				d.Causes[i].ID = fmt.Sprintf("C%d", i+1)
				d.Causes[i].Title = fmt.Sprintf("cause %d %s", i, d.Causes[i].Title)
				d.Causes[i].Explains, d.Causes[i].Links, d.Causes[i].Evidence, d.Causes[i].Changes, d.Causes[i].Blocks = nil, nil, nil, nil, nil
				for k := range n {
					d.Causes[i].Explains = append(d.Causes[i].Explains, fmt.Sprintf("F%d", (i+k)%n+1))
					d.Causes[i].Links = append(d.Causes[i].Links, incident.Link{From: fmt.Sprintf("F%d", i+1), To: fmt.Sprintf("F%d", k+1), Rule: long,
						Reason: long})
					d.Causes[i].Evidence = append(d.Causes[i].Evidence, fmt.Sprintf("E%d", k+1))
					d.Causes[i].Changes = append(d.Causes[i].Changes, fmt.Sprintf("T%d", k+1))
					d.Causes[i].Blocks = append(d.Causes[i].Blocks, incident.Block{Cause: fmt.Sprintf("C%d", k+1), Reason: long})
				}
			}
			for i := range d.Findings {
				d.Findings[i].ID = fmt.Sprintf("F%d", i+1)
				d.Findings[i].Code = fmt.Sprintf("code %d", i)
				d.Findings[i].Evidence = d.Causes[0].Evidence
			}
			for i := range d.Evidence {
				d.Evidence[i].ID = fmt.Sprintf("E%d", i+1)
			}
			for i := range d.Changes {
				d.Changes[i].ID = fmt.Sprintf("T%d", i+1)
			}
			b := incident.Brief(&d)
			data, err := json.Marshal(b)
			if err != nil || len(data) > incident.MaxDiagnosis {
				t.Errorf("%d of each, %q: %d bytes, %v", n, text, len(data), err)
			}
			for _, problem := range incidenttest.Unresolved(b, nil) {
				t.Fatalf("%d of each, %q: %s", n, text, problem)
			}
		}
	}
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{{"short", 100, "short"}, {"just fits", 9, "just fits"}, {"one too long", 11, "one too …"}, {"<<<<", 24, "<<<<"}, {"<<<<", 23, "<<<…"},
		{"äöü", 5, "ä…"}, {"\xff\xff", 11, "\xff…"}} {
		got := incident.Clip(c.text, c.limit)
		b, _ := json.Marshal(got)
		if got != c.want || len(b)-2 > c.limit {
			t.Errorf("Clip(%q, %d) = %q, %d bytes written", c.text, c.limit, got, len(b)-2)
		}
	}
}
