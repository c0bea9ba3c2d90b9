package commands_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// shop is a diagnosis of a crash from which a Service's trouble follows.
func shop() *incident.Diagnosis {
	web := incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}
	svc := incident.Object{Kind: "Service", Namespace: "shop", Name: "web"}
	return &incident.Diagnosis{At: commandstest.Start, Cluster: "lab",
		Findings: []incident.Finding{{ID: "F1", Code: "PodCrashLoop", Severity: incident.Warning, Object: web, Title: "web keeps crashing"},
			{ID: "F2", Code: "ServicePodsUnready", Severity: incident.Critical, Object: svc, Title: "nothing answers at web"}},
		Causes: []incident.Cause{{ID: "C1", Code: "PodCrashLoop", Title: "web keeps crashing", Confidence: incident.Certain,
			Objects: []incident.Object{web}, Explains: []string{"F1", "F2"}, Links: []incident.Link{{From: "F1", To: "F2"}}}}}
}

func accepting(d *incident.Diagnosis) (*commands.Set, *commandstest.Acceptances) {
	s, _ := newSet(d)
	known := &commandstest.Acceptances{}
	s.Acceptances, s.Codes = known, []incident.CodeDoc{{Code: "PodCrashLoop", Severity: incident.Critical}, {Code: "ServicePodsUnready"}}
	return s, known
}

// A finding is accepted as bad as it is now, and who accepts hears what that does not do.
func TestAcceptingAFinding(t *testing.T) {
	s, known := accepting(shop())
	r := ask(t, s, "accept podcrashloop deployment/shop/web --for 7d the shop’s move")
	said := commands.Plain(r)
	for _, want := range []string{"PodCrashLoop of Deployment/shop/web is accepted until 2025-10-", "reported again when " +
		"it is worse than warning",
		"reported as long as 1 finding", "ServicePodsUnready Service/shop/web", "accept --withdraw PodCrashLoop Deployment/shop/web"} {
		if !strings.Contains(said, want) {
			t.Errorf("does not say %q:\n%s", want, said)
		}
	}
	list, _ := known.InForce(t.Context())
	if len(list) != 1 || list[0].Worst != incident.Warning || list[0].Reason != "the shop’s move" || list[0].By != commandstest.Ada.Name {
		t.Fatalf("accepted: %+v", list)
	}
	if want := commandstest.Start.Add(57*time.Hour + 7*24*time.Hour); !list[0].Until.Equal(want) {
		t.Errorf("until %s, want %s", list[0].Until, want)
	}
	r = ask(t, s, "accept PodCrashLoop Deployment/shop/web --and ServicePodsUnready Service/shop/web moving")
	if said := commands.Plain(r); strings.Contains(said, "reported as long as") || r.Exit != 0 {
		t.Errorf("with all that follows: %s", said)
	}
	if r = ask(t, s, "accept"); r.Text != "2 findings are accepted." || !strings.Contains(commands.Plain(r), "moving") {
		t.Errorf("the list: %s", commands.Plain(r))
	}
	if r = ask(t, s, "accept PodCrashLoop job/shop/night before it fails"); !strings.Contains(commands.Plain(r), "is not found now") {
		t.Errorf("in advance: %s", commands.Plain(r))
	}
	if r = ask(t, s, "accept --withdraw PodCrashLoop deployment/shop/web"); r.Exit != 0 || !strings.Contains(r.Text, "reported again") {
		t.Errorf("withdrawn: %s", r.Text)
	}
}

func TestWhatCantBeAccepted(t *testing.T) {
	s, known := accepting(shop())
	for line, want := range map[string]string{
		"accept PodCrashLoop":                                                   "name a code and the object",
		"accept PodCrashLoop Deployment/shop/web":                               "Say why",
		"accept PodCrashLoop Deployment/shop/web --for":                         "needs a value",
		"accept PodCrashLoop Deployment/shop/web --for 0d x":                    "no time such as",
		"accept PodCrashLoop Deployment/shop/web --for 7d --until 2099-01-01 x": "ends once",
		"accept PodCrashLoop Deployment/shop/web --until 2000-01-01 x":          "past",
		"accept PodCrashLoop Deployment/shop/web --forever x":                   "no option",
		"accept PodCrashLoop web x":                                             "is not KIND/NAMESPACE/NAME",
		"accept PodCrashLoop Deployment/shop/* x":                               "is not KIND/NAMESPACE/NAME",
		"accept PodCrashLop Deployment/shop/web x":                              "Did you mean PodCrashLoop?",
		"accept --withdraw PodCrashLoop Deployment/shop/web because":            "name one code",
		"accept --withdraw PodCrashLoop Deployment/shop/web":                    "is not accepted",
		"accept PodCrashLoop Deployment/shop/web --and ServicePodsUnready":      "name a code and the object",
		"accept PodCrashLoop Deployment/web moving":                             "in which namespace?",
		"accept PodCrashLoop deployment/web moving -n shop":                     "in which namespace?",
		"accept PodCrashLoop Deployment/web -n shop -n ops moving":              "one namespace",
		"acceptance": "name a code and the object",
	} {
		if r := ask(t, s, line); r.Exit == 0 || !strings.Contains(strings.ToLower(r.Text), strings.ToLower(want)) {
			t.Errorf("%s: exit %d, %q, want %q", line, r.Exit, r.Text, want)
		}
	}
	if list, _ := known.InForce(t.Context()); len(list) > 0 {
		t.Errorf("accepted: %+v", list)
	}
	s.Roles = holding{commands.View: commandstest.Ada.ID}
	for _, line := range []string{"accept PodCrashLoop Deployment/shop/web x", "accept --withdraw PodCrashLoop Deployment/shop/web",
		"acceptance PodCrashLoop Deployment/shop/web"} {
		if r := ask(t, s, line); r.Exit != commands.ExitWrong || !strings.Contains(r.Text, "role accept") {
			t.Errorf("%s without the role: %q", line, r.Text)
		}
	}
	if r := ask(t, s, "accept"); r.Exit != 0 {
		t.Errorf("the list without the role: %q", r.Text)
	}
}

// Check has one word for what is silent; why tells it, with who accepted it.
func TestTellingWhatIsAccepted(t *testing.T) {
	quiet := &incident.Diagnosis{At: commandstest.Start, Cluster: "lab", Accepted: []incident.Accepted{{Code: "PodCrashLoop",
		Severity: incident.Critical, Object: incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}, Title: "web keeps crashing",
		Acceptance: incident.Acceptance{Code: "PodCrashLoop", By: "ada", Reason: "it moves", Until: commandstest.Start.Add(time.Hour)}}}}
	s, _ := accepting(quiet)
	r := ask(t, s, "check")
	if said := commands.Plain(r); r.Exit != 0 || !strings.HasSuffix(said, "1 finding is accepted (why shows it).\n") ||
		strings.Contains(said, "crashing") {
		t.Errorf("check: exit %d\n%s", r.Exit, said)
	}
	const told = "critical: web keeps crashing (PodCrashLoop Deployment/shop/web), accepted by ada until 2025-10-0"
	if said := commands.Plain(ask(t, s, "why")); !strings.Contains(said, told) || !strings.Contains(said, ": it moves") {
		t.Errorf("why:\n%s", said)
	}
	state := commandstest.NewKeeper(nil).Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *quiet})
	if said := commands.Plain(commands.IncidentReply(state, commandstest.Start)); !strings.Contains(said, "Nothing wrong was found in the cluster "+
		"but what is accepted.") || !strings.Contains(said, told) {
		t.Errorf("an incident:\n%s", said)
	}
	loud := shop()
	loud.Causes[0].Accepted = quiet.Accepted[0].Acceptance
	s, _ = accepting(loud)
	for _, line := range []string{"check", "why"} {
		if said := commands.Plain(ask(t, s, line)); !strings.Contains(said, "it moves (reported because of what follows "+
			"from it, which is not accepted)") {
			t.Errorf("%s of an accepted root:\n%s", line, said)
		}
	}
}

// The button of a cause accepts it with what follows; a cause from which too much follows has none.
func TestTheButtonOfACause(t *testing.T) {
	s, _ := accepting(shop())
	said := commands.Plain(ask(t, s, "why"))
	const line = "acceptance PodCrashLoop Deployment/shop/web --and ServicePodsUnready Service/shop/web"
	if !strings.Contains(said, "→ Accept cause 1 …: "+line) {
		t.Fatalf("no button:\n%s", said)
	}
	r := ask(t, s, line)
	if r.Form == nil || r.Form.Command != strings.Replace(line, "acceptance", "accept", 1) || len(r.Form.Fields) != 2 {
		t.Errorf("the form: %+v", r.Form)
	}
	many := shop()
	for i := range 10 {
		f := many.Findings[1]
		f.ID, f.Object.Name = fmt.Sprintf("F%d", i+3), fmt.Sprintf("web-%d", i)
		many.Findings, many.Causes[0].Explains = append(many.Findings, f), append(many.Causes[0].Explains, f.ID)
	}
	s, _ = accepting(many)
	if said := commands.Plain(ask(t, s, "why")); strings.Contains(said, "→ Accept") {
		t.Errorf("a button for too much:\n%s", said)
	}
}

// The namespace counts wherever it is named before the reason.
func TestTheNamespaceOfWhatIsAccepted(t *testing.T) {
	for line, want := range map[string]string{
		"accept -n shop PodCrashLoop Deployment/web moving":                               "Deployment/shop/web",
		"accept PodCrashLoop Deployment/web -n shop moving":                               "Deployment/shop/web",
		"accept PodCrashLoop Deployment/web --for 7d --namespace shop moving":             "Deployment/shop/web",
		"accept PodCrashLoop Deployment/ops/web -n shop moving":                           "Deployment/ops/web",
		"accept PodCrashLoop Node/n1 -n shop moving":                                      "Node/n1",
		"accept PodCrashLoop Widget/w moving":                                             "Widget/w", // may lie in none
		"accept PodCrashLoop Widget/w -n shop moving":                                     "Widget/shop/w",
		"accept PodCrashLoop Deployment/web -n shop it goes with -n ops":                  "Deployment/shop/web",
		"accept PodCrashLoop Pod/web --and ServicePodsUnready Service/web -n shop moving": "Pod/shop/web Service/shop/web",
	} {
		s, known := accepting(shop())
		r := ask(t, s, line)
		list, _ := known.InForce(t.Context())
		var got []string
		for _, a := range list {
			got = append(got, a.Object.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: accepted %v, want %s: %s", line, got, want, r.Text)
		}
	}
}
