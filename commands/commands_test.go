package commands_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text with testdata/NAME.txt.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got, -update writes it):\n%s", path, diff)
	}
}

func newSet(d *incident.Diagnosis) (*commands.Set, *commandstest.Keeper) {
	c := commandstest.Cluster{Diagnosis: d}
	k := commandstest.NewKeeper(nil)
	return &commands.Set{Looker: c, Explainer: c, Searcher: c, Incidents: k}, k
}

// ask types a line as Ada.
func ask(t *testing.T, s *commands.Set, line string) commands.Reply {
	t.Helper()
	words, err := commands.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	r := commands.Request{Person: commandstest.Ada, Channel: "C1", Now: commandstest.Start.Add(57 * time.Hour)}
	if len(words) > 0 {
		r.Command, r.Args = words[0], words[1:]
	}
	return s.Dispatch(context.Background(), r)
}

func TestAnswers(t *testing.T) {
	well := &incident.Diagnosis{At: commandstest.Start, Cluster: "lab", Looked: []string{"40 pods", "3 nodes"}}
	web := incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}
	scoped := func(d *incident.Diagnosis, scope incident.Scope, looked ...string) *incident.Diagnosis {
		d.Scope, d.Looked = scope, looked
		return d
	}
	quiet := func(scope incident.Scope, looked ...string) *incident.Diagnosis {
		return scoped(&incident.Diagnosis{At: commandstest.Start, Cluster: "lab"}, scope, looked...)
	}
	blind := []incident.NotSeen{{What: "pods", Why: "forbidden"}}
	cases := []struct {
		name, line string
		d          *incident.Diagnosis
		exit       int
	}{
		{"help", "help", nil, 0},
		{"help-empty", "", nil, 0},
		{"check-founding", "check", commandstest.Founding(), 1},
		{"check-well", "check -A", well, 0},
		{"why-founding", "why", commandstest.Founding(), 1},
		{"check-namespace", "check -n shop", quiet(incident.Scope{Namespace: "shop"}, "4 pods", "2 workloads"), 0},
		{"check-empty-namespace", "check -n shop", quiet(incident.Scope{Namespace: "shop"}), 0},
		{"check-blind", "check", quiet(incident.Scope{Unseen: blind}, "3 nodes"), 2},
		{"check-blind-and-wrong", "check", scoped(commandstest.Unexplained(), incident.Scope{Unseen: blind}), 1},
		{"why-dependant", "why deploy/convocanvas", scoped(commandstest.Founding(), incident.Scope{Objects: []incident.Object{
			{Kind: "Deployment", Namespace: "convocanvas", Name: "convocanvas"}}}, "1 workload", "2 pods"), 1},
		{"why-well", "why web", quiet(incident.Scope{Objects: []incident.Object{web, {Kind: "Service", Namespace: "shop", Name: "web"}}},
			"1 workload", "1 service"), 0},
		{"why-blind", "why deploy/web", quiet(incident.Scope{Objects: []incident.Object{web}, Unseen: blind}), 2},
		{"why-root-unknown", "why --trace", commandstest.Unexplained(), 1},
		{"check-before", "check", commandstest.Unexplained(), 1},
		{"search", `search "dns loop"`, nil, 0},
		{"incidents-none", "incidents", nil, 0},
		{"incident-unknown", "incidents inc-9", nil, 1},
		{"open", "open the shop is slow", nil, 0},
		{"nonsense", "frobnicate 1 2", nil, 2},
		{"near-miss", "chekc", nil, 2},
		{"wrong-option", "check --wide", nil, 2},
		{"why-too-many", "why a b c", nil, 2},
		{"approve-nothing", "approve", nil, 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, _ := newSet(c.d)
			r := ask(t, s, c.line)
			if r.Exit != c.exit {
				t.Errorf("exit %d, want %d", r.Exit, c.exit)
			}
			if r.Text == "" || strings.Contains(r.Text, "\n") {
				t.Errorf("the text is not a line: %q", r.Text)
			}
			golden(t, c.name, "$ medic "+c.line+"\n# "+r.Text+"\n\n"+commands.Plain(r))
		})
	}
}

// What does not exist is no good news: exit 2, in text and in JSON, with what may have been meant and without an incident to open.
func TestWhatDoesNotExistHasNoAnswer(t *testing.T) {
	none := &incident.NoAnswer{Reason: "There is no namespace shp.", Near: []string{"shop"}}
	s := &commands.Set{Looker: commandstest.Cluster{Err: none}, Incidents: commandstest.NewKeeper(nil)}
	for _, line := range []string{"check -n shp", "why -n shp", "why deployment/web -n shp", "why web"} {
		r := ask(t, s, line)
		if r.Exit != commands.ExitNoAnswer || r.Text != "There is no namespace shp. Did you mean shop?" {
			t.Errorf("%s: %d %q", line, r.Exit, r.Text)
		}
		if got := strings.TrimSpace(commands.Plain(r)); got != r.Text {
			t.Errorf("%s shows %q", line, got)
		}
		if diff := cmp.Diff(commands.Unanswered{Text: none.Reason, Near: none.Near}, r.Data); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
	}
}

func TestNotBeingAbleToLookIsSaid(t *testing.T) {
	s := &commands.Set{Looker: commandstest.Cluster{Err: errors.New("dial tcp 10.0.0.1:6443: connection refused")}}
	r := ask(t, s, "check")
	if r.Exit != commands.ExitNoAnswer || !strings.Contains(r.Text, "connection refused") {
		t.Errorf("%d %q", r.Exit, r.Text)
	}
	if r = ask(t, &commands.Set{}, "search x"); r.Exit != commands.ExitWrong || !strings.Contains(r.Text, "not set up") {
		t.Errorf("%d %q", r.Exit, r.Text)
	}
}

func TestPeopleFromOutsideMayAskButNotAct(t *testing.T) {
	s, k := newSet(commandstest.Founding())
	k.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.PlanProposed{Plan: commandstest.Plan()})
	for command, exit := range map[string]int{"check": 1, "incidents": 0, "approve": 1, "reject": 1, "close": 1, "publish": 1, "plan": 0,
		"open": 1, "look": 1, "save": 1, "decide": 1} {
		args := []string{"INC-1", commandstest.Plan().Hash}
		if command == "check" || command == "incidents" {
			args = nil
		}
		r := s.Dispatch(context.Background(), commands.Request{Command: command, Args: args, Outside: true, Person: commandstest.Ada})
		refused := strings.Contains(r.Text, "Only people in this workspace")
		if r.Exit != exit || refused == (exit == 0 || command == "check") {
			t.Errorf("%s: exit %d, %q", command, r.Exit, r.Text)
		}
		if command == "plan" && (r.Form.Submit != "" || r.Form.Command != "") {
			t.Errorf("somebody from outside may submit the plan: %+v", r.Form)
		}
	}
	if state, _ := k.Get(context.Background(), "INC-1"); state.Approval() != nil || !state.Open() {
		t.Error("somebody from outside changed the incident")
	}
}

func TestTheReportHasNoNulls(t *testing.T) {
	v := reflect.ValueOf(commands.NewReport(&incident.Diagnosis{Causes: []incident.Cause{{}}, Findings: []incident.Finding{{}}}, nil, nil))
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice && f.IsNil() {
			t.Errorf("%s is null", v.Type().Field(i).Name)
		}
	}
}

func TestParse(t *testing.T) {
	cases := []struct {
		line string
		want []string
		bad  bool
	}{
		{"", nil, false},
		{"  why  pod/a\t-n shop ", []string{"why", "pod/a", "-n", "shop"}, false},
		{`search "dns loop" 'a b'`, []string{"search", "dns loop", "a b"}, false},
		{"search “smart quotes”", []string{"search", "smart quotes"}, false},
		{`it's fine`, []string{"it's", "fine"}, false},
		{`a\ b "c\"d" ''`, []string{"a b", `c"d`, ""}, false},
		{`"open`, nil, true},
		{`end\`, nil, true},
		{strings.Repeat("x ", 100), nil, true},
		{strings.Repeat("x", 3000), nil, true},
	}
	for _, c := range cases {
		got, err := commands.Parse(c.line)
		if (err != nil) != c.bad || err == nil && !cmp.Equal(got, c.want) {
			t.Errorf("%.40q: %q, %v", c.line, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("why pod/a -n 'x y' “z”")
	f.Fuzz(func(t *testing.T, line string) {
		words, err := commands.Parse(line)
		if err != nil {
			return
		}
		again, err := commands.Parse(commands.Quote(words...))
		if err != nil || len(words) > 0 && !cmp.Equal(words, again) {
			t.Errorf("%q became %q, and that %q (%v)", line, words, again, err)
		}
	})
}
