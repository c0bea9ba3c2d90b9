package commands_test

import (
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
	"github.com/paramedic-bot/paramedic/internal/snapshot/snapshottest"
)

// raised is the root message of an incident that a person opened about something, after its look.
func raised(t *testing.T, s *snapshot.Snapshot, about diagnosis.Presumption, only bool) (*incident.State, string) {
	t.Helper()
	_, told := incident.Number(diagnosis.Diagnose(s, diagnosis.Scope{Ill: about, Only: only}))
	g := incident.Signal{Kind: "command", Status: incident.Firing, Fingerprint: "said/x", Title: "checkout is slow", By: commandstest.Ada}
	state := commandstest.NewKeeper(nil).Append("INC-1", incident.SignalReceived{Signal: g}, incident.DiagnosisMade{Diagnosis: *told})
	return state, commands.Plain(commands.IncidentMessages(state, s.At.Add(time.Minute))[0].Reply)
}

// An incident that was opened about a part of a cluster is about that part, however much is wrong elsewhere.
func TestAnIncidentIsAboutWhatItWasOpenedFor(t *testing.T) {
	s := snapshottest.Outage(5000, 500) // 500 Deployments in 25 namespaces
	web := incident.Object{Kind: "Deployment", Namespace: "team-003", Name: "svc-00064"}
	for name, c := range map[string]struct {
		about  diagnosis.Presumption
		title  string // what it names
		impact string
		others string
	}{
		"a namespace": {diagnosis.Presumption{Namespaces: []string{"team-003"}}, "svc-0006", "Impact: 20 workloads in 1 namespace", "480 other causes"},
		"an object":   {diagnosis.Presumption{Objects: []incident.Object{web}}, "svc-00064", "Impact: 1 workload in 1 namespace", "499 other causes"},
	} {
		state, root := raised(t, s, c.about, true)
		for _, want := range []string{c.impact, "Elsewhere in the cluster: ", c.others + "; /medic check"} {
			if !strings.Contains(root, want) {
				t.Errorf("%s: %q is not told:\n%s", name, want, root)
			}
		}
		if !strings.Contains(state.Title, c.title) {
			t.Errorf("%s: the title is %q", name, state.Title)
		}
		for _, cause := range state.Diagnosis.Causes {
			if cause.Objects[0].Namespace != "team-003" {
				t.Errorf("%s: %s is among its causes", name, cause.Title)
			}
		}
	}
}

// Where nothing is wrong in what it was opened for, that is said, in the words of who opened it.
func TestAnIncidentAboutWhatIsWell(t *testing.T) {
	state, root := raised(t, snapshottest.Outage(100, 10), diagnosis.Presumption{Namespaces: []string{"quiet"}}, true)
	if state.Title != "checkout is slow" || !strings.Contains(root, "Nothing wrong was found in namespace quiet.") ||
		!strings.Contains(root, "10 other causes") || strings.Contains(root, "Impact") {
		t.Errorf("%s\n%s", state.Title, root)
	}
}

// What an alert names is told first; the rest of the outage is told as well, for whoever is woken by an alert did not choose it.
func TestWhatAnAlertNamesComesFirst(t *testing.T) {
	web := incident.Object{Kind: "Deployment", Namespace: "team-003", Name: "svc-00064"}
	for _, reasons := range []int{500, 40} { // told one by one, and together
		state, root := raised(t, snapshottest.Outage(5000, reasons), diagnosis.Presumption{Objects: []incident.Object{web}}, false)
		if first := state.Diagnosis.Causes[0]; reasons == 500 && first.Objects[0] != web || !strings.Contains(root, "Also: ") ||
			strings.Contains(root, "Elsewhere") {
			t.Errorf("%d: %v\n%s", reasons, first.Objects, root)
		}
	}
}

// Who asks for an incident hears where it is told, and whether it is another one's.
func TestOpeningSaysWhereItIsTold(t *testing.T) {
	s, _ := newSet(commandstest.Founding())
	s.Channel = "incidents"
	open := func(by incident.Person, channel string, args ...string) commands.Reply {
		return s.Dispatch(t.Context(), commands.Request{Command: "open", Args: args, Person: by, Channel: channel})
	}
	if r := open(commandstest.Ada, "C0GENERAL", "-n", "shop", "it", "is", "slow"); r.Quiet ||
		r.Text != "INC-1 is open: it is slow. It is told in #incidents." {
		t.Errorf("%+v", r)
	}
	if r := open(commandstest.Bob, "C0GENERAL", "-n", "shop", "It", "is", "slow"); r.Text !=
		"That is INC-1, which is open already: it is slow. It is told in #incidents." {
		t.Errorf("%+v", r)
	}
	if r := open(commandstest.Bob, "C0GENERAL", "-n", "other", "it", "is", "slow"); !strings.HasPrefix(r.Text, "INC-2 is open") {
		t.Errorf("the same words about another namespace are %+v", r)
	}
	s.Channel = "C0INCIDENTS"
	r := open(commandstest.Ada, "C0GENERAL", "more")
	if !strings.HasSuffix(r.Text, "It is told in the incidents’ channel.") {
		t.Errorf("the channel is not named: %+v", r)
	}
	if r := open(commandstest.Ada, s.Channel, "yet more"); !r.Quiet {
		t.Errorf("where it is told it is said twice: %+v", r)
	}
}

// Who raised what goes on in another incident is notified of that.
func TestWhoRaisedWhatGoesOnElsewhereIsTold(t *testing.T) {
	g := incident.Signal{Kind: "command", Status: incident.Firing, Fingerprint: "said/x", Title: "test of Ada", By: commandstest.Ada}
	state := commandstest.NewKeeper(nil).Append("INC-3", incident.SignalReceived{Signal: g},
		incident.Closed{Into: "INC-1", Reason: "it has the cause of INC-1"})
	for _, m := range commands.IncidentMessages(state, commandstest.Start) {
		if m.Slot == "resolution" && strings.Contains(commands.Plain(m.Reply), "See INC-1. @"+commandstest.Ada.Name) {
			return
		}
	}
	t.Error(tell(state))
}
