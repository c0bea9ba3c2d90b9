package incident_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/incident/incidenttest"
)

// facts are what the ids of a diagnosis stand for.
func facts(d *incident.Diagnosis) map[string]string {
	m := map[string]string{}
	for _, e := range d.Evidence {
		m[e.ID] = e.Object.String() + " " + e.Excerpt
	}
	for _, f := range d.Findings {
		m[f.ID] = f.Code + " " + f.Object.String()
	}
	for _, c := range d.Causes {
		m[c.ID] = c.Code + " of " + c.Objects[0].String()
	}
	return m
}

// reordered is a diagnosis as a look numbers it that begins anew: what is left comes in its order, with ids from 1.
func reordered(d *incident.Diagnosis, keep ...int) *incident.Diagnosis {
	out := *d
	out.Causes, out.Findings, out.Evidence = nil, nil, nil
	ids := map[string]string{}
	name := func(old, letter string, n int) string {
		ids[old] = fmt.Sprintf("%s%d", letter, n)
		return ids[old]
	}
	renamed := func(list []string) []string {
		list = slices.Clone(list)
		for i := range list {
			list[i] = ids[list[i]]
		}
		return list
	}
	for _, i := range keep {
		for _, e := range d.Evidence[2*i : 2*i+2] {
			e.ID = name(e.ID, "E", len(out.Evidence)+1)
			out.Evidence = append(out.Evidence, e)
		}
		for _, f := range d.Findings[2*i : 2*i+2] {
			f.ID, f.Evidence = name(f.ID, "F", len(out.Findings)+1), renamed(f.Evidence)
			out.Findings = append(out.Findings, f)
		}
		c := d.Causes[i]
		c.ID, c.Explains, c.Evidence, c.Links = fmt.Sprintf("C%d", len(out.Causes)+1), renamed(c.Explains), renamed(c.Evidence), nil
		out.Causes = append(out.Causes, c)
	}
	return &out
}

// A fact keeps its id from look to look, what is new gets a number that was never given, and what comes back is known again.
func TestIdsStayFromLookToLook(t *testing.T) {
	all := ill("Deployment", "fault of %s", "other fault of %s", "third fault of %s", "fourth fault of %s")
	var looks []*incident.Diagnosis
	stood := map[string]string{}
	for i, keep := range [][]int{{1, 2}, {0, 1, 2}, {3, 0}, {0, 1, 2, 3}} {
		whole, told := incident.Number(reordered(all, keep...), looks...)
		looks = append(looks, told)
		for _, problem := range incidenttest.Unresolved(whole, nil) {
			t.Errorf("look %d: %s", i+1, problem)
		}
		for id, fact := range facts(told) {
			if before := stood[id]; before != "" && before != fact {
				t.Errorf("look %d: %s was %q and is now %q", i+1, id, before, fact)
			}
			stood[id] = fact
		}
		known := map[string]string{}
		for id, fact := range stood {
			if other := known[fact]; other != "" {
				t.Errorf("look %d: %q is %s and %s", i+1, fact, other, id)
			}
			known[fact] = id
		}
	}
	if len(stood) != 4+8+8 {
		t.Errorf("%d ids for 20 facts", len(stood))
	}
}

// The same place saying the same is the same fact, however its numbers have moved on; the same place saying something else is another.
func TestWhatIsTheSameFact(t *testing.T) {
	first := ill("Deployment", "fault of %s")
	first.Evidence[0].Excerpt = "waiting: CrashLoopBackOff; 14 restarts"
	_, told := incident.Number(first)
	for name, c := range map[string]struct{ excerpt, id string }{
		"it says the same":                  {"waiting: CrashLoopBackOff; 14 restarts", "E1"},
		"its numbers have moved on":         {"waiting: CrashLoopBackOff; 115 restarts", "E1"},
		"it says something else, with more": {"waiting: ImagePullBackOff; 14 restarts", "E3"},
	} {
		next := ill("Deployment", "fault of %s")
		next.Evidence[0].Excerpt = c.excerpt
		whole, _ := incident.Number(next, told)
		if whole.Evidence[0].ID != c.id || whole.Findings[0].Evidence[0] != c.id || whole.Causes[0].Evidence[0] != c.id {
			t.Errorf("%s: %s, want %s", name, whole.Evidence[0].ID, c.id)
		}
	}
}

// Of a large outage what is told has the low numbers, and keeps them when the outage shrinks and grows again; a whole that was packed is
// the same unpacked.
func TestIdsOfALargeOutage(t *testing.T) {
	var titles []string
	for i := range 300 {
		titles = append(titles, fmt.Sprintf("reason %d of %%s", i%100))
	}
	all := ill("Deployment", titles...)
	whole, told := incident.Number(all)
	if told.Totals == nil || len(told.Causes) != 50 {
		t.Fatalf("%d causes told", len(told.Causes))
	}
	for i, c := range told.Causes {
		if c.ID != fmt.Sprintf("C%d", i+1) {
			t.Errorf("cause %d is %s", i+1, c.ID)
		}
	}
	data, err := incident.Pack(whole)
	if err != nil {
		t.Fatal(err)
	}
	again, err := incident.Unpack(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole, again, cmp.FilterPath(func(p cmp.Path) bool { return strings.HasSuffix(p.String(), "Weight") },
		cmp.Ignore())); diff != "" {
		t.Errorf("packed and unpacked (-before +after)\n%s", diff)
	}
	keep := make([]int, 0, 300)
	for i := range 300 {
		if i%100 > 5 { // six reasons are gone, and the others have moved up
			keep = append(keep, i)
		}
	}
	wholeNext, next := incident.Number(reordered(all, keep...), told, again)
	was, is := facts(whole), facts(wholeNext)
	for id, fact := range is {
		if was[id] != fact {
			t.Errorf("%s was %q and is now %q", id, was[id], fact)
		}
	}
	if wholeNext.Numbered != whole.Numbered {
		t.Errorf("numbered up to %+v, after %+v, and nothing is new", wholeNext.Numbered, whole.Numbered)
	}
	for _, d := range []*incident.Diagnosis{whole, told, wholeNext, next} {
		for _, problem := range incidenttest.Unresolved(d, nil) {
			t.Error(problem)
		}
	}
}

func TestABlobThatIsNoDiagnosis(t *testing.T) {
	for _, data := range []string{"", "{}", "\x1f\x8b\x08\x00"} {
		if _, err := incident.Unpack([]byte(data)); err == nil {
			t.Errorf("%q: no error", data)
		}
	}
}
