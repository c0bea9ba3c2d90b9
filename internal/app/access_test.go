package app

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

func TestTheRolesThatPeopleHave(t *testing.T) {
	c := DefaultConfig()
	c.Approvers = []PersonConfig{{Slack: ada.ID, User: "ada"}, {Slack: eve.Key(), User: "eve"}}
	c.People = []PersonConfig{{Slack: "UCY", User: "cy"}}
	c.Roles.Close = Holders{People: []string{"UBEN", "T2/UFAR"}}
	a := NewAccess(c)
	a.SetHome("T1")
	cy, far := incident.Person{Team: "T1", ID: "UCY", Name: "Cy"}, incident.Person{Team: "T2", ID: "UFAR", Name: "Far"}
	foreign := incident.Person{Team: "T2", ID: ada.ID, Name: "Ada of T2"}
	for role, may := range map[commands.Role][]incident.Person{
		commands.View: {ada, ben, cy, eve, far, foreign}, commands.Open: {ada, ben, cy, eve, far, foreign},
		commands.Stop:    {ada, ben, cy, eve, far, foreign},
		commands.Approve: {ada, eve}, commands.Publish: {ada, eve}, commands.Edit: {ada, eve, cy}, commands.Close: {ben, far},
	} {
		for _, p := range []incident.Person{ada, ben, cy, eve, far, foreign} {
			want := false
			for _, m := range may {
				want = want || m == p
			}
			err := a.May(p, role)
			if (err == nil) != want {
				t.Errorf("%s as %s: %v", p.Name, role, err)
			}
			var no *commands.Refusal
			if err != nil && (!errors.As(err, &no) || !strings.Contains(no.Reason, p.Name) || no.Try == "" || role != commands.Edit &&
				strings.Contains(no.Try, "“people”")) {
				t.Errorf("%s as %s is refused with %v", p.Name, role, err)
			}
		}
		if outside := a.MayFromOutside(role); (outside == nil) != (role == commands.View) {
			t.Errorf("from outside as %s: %v", role, outside)
		}
	}
	if a.Approvers() != 2 {
		t.Errorf("%d approvers", a.Approvers())
	}
	if as, ok := a.Identity(foreign); ok {
		t.Errorf("the id of an approver in another team acts as %s", as.User)
	}
	c.Approvers = c.Approvers[:1]
	a.Replace(c)
	if _, ok := a.Identity(eve); ok || a.May(eve, commands.Approve) == nil {
		t.Error("who was taken out of the configuration may approve still")
	}
}

func TestWhoSeesWhatTheBotReads(t *testing.T) {
	two := []PersonConfig{{Slack: "U1", User: "a"}, {Slack: "U2", User: "b"}}
	for n, c := range []struct {
		approvers []PersonConfig
		read      string
		want      bool
	}{{nil, "", true}, {two[:1], "", true}, {two, "", false}, {two, "everybody", true}, {two[:1], "mapped", false}} {
		config := DefaultConfig()
		config.Approvers, config.Read = c.approvers, c.read
		if got := NewAccess(config).ReadEverybody(); got != c.want {
			t.Errorf("%d: everybody: %t", n, got)
		}
	}
}

func TestPeopleWhoCanNotBeAreRefused(t *testing.T) {
	const head = "slack: {botToken: xoxb-1, appToken: xapp-1, channel: '#incidents'}\n"
	for text, want := range map[string]string{
		"approvers: [{slack: U1, user: 'system:admin'}]":                              "the user system:admin is the cluster's own",
		"approvers: [{slack: U1, user: 'system:serviceaccount:kube-system:default'}]": "is an account of the cluster itself",
		"people: [{slack: U1, user: 'system:kube-scheduler'}]":                        "people[0]: the user system:kube-scheduler",
		"approvers: [{slack: U1, user: ada, groups: ['system:masters']}]":             "bypasses every check",
		"approvers: [{slack: U1, user: ada, groups: ['system:nodes']}]":               `the group "system:nodes" is the cluster's own`,
		"approvers: [{slack: U1, user: ada}, {slack: U1, user: bob}]":                 "approvers[1]: U1 is in it twice: at approvers[0] too",
		"approvers: [{slack: U1, user: ada}]\npeople: [{slack: T1/U1, user: bob}]":    "people[0]: T1/U1 is in it twice: at approvers[0] too",
		"approvers: [{slack: T1/U1, user: ada}]\npeople: [{slack: U1, user: bob}]":    "people[0]: U1 is in it twice: at approvers[0] too",
		"approvers: [{slack: U1, user: ada}, {slack: U2, user: ada}]": "approvers[1]: the Kubernetes user ada is that of " +
			"approvers[0] too",
		"approvers: [{slack: ada, user: ada}]": `"ada" is no Slack user id`,
		"roles: {close: anybody}":              "roles.close: must be everybody, members",
		"roles: {close: []}":                   "roles.close: names nobody",
		"roles: {approve: members}": "roles.approve: must be approvers, or a list of " +
			"some of them",
		"roles: {approve: [U2]}\napprovers: [{slack: U1, user: ada}]": "roles.approve: U2 is not under approvers",
		"roles: {drink: members}":                                     "drink",
		"read: somebody":                                              "read: must be mapped or everybody",
		"limits: {openPerPerson: 0}":                                  "limits.openPerPerson: must be from 1",
		"plans: {people: {destructive: 3}}":                           "plans.people.destructive: must be from 1 to 2",
		"approvers: [{slack: U1, user: ada}, {slack: U2, user: bob}, {slack: U3, user: 'system:serviceaccount:a:b'}]": "",
		"roles: {approve: [U2], close: [T1/U9, U1], view: members}\napprovers: [{slack: U1, user: ada, groups: ['system:authenticated', ops]}, " +
			"{slack: U2, user: bob}]": "",
	} {
		_, err := LoadConfig(writeFile(t, "c.yaml", head+text+"\n"))
		if want == "" && err != nil || want != "" && !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s\n\tgot %v\n\twant %q", text, err, want)
		}
	}
}

// The attack of the issue: a bystander closed a critical incident and published knowledge.
func TestABystanderMayNeitherCloseNorPublish(t *testing.T) {
	d := open(t)
	set := commands.Set{Incidents: d.Incidents, Roles: d.access}
	for _, line := range []string{"close INC-1 nothing to see", "publish INC-1", "reject INC-1", "approve INC-1 " + d.plan.Hash} {
		words, _ := commands.Parse(line)
		for range 2 {
			r := set.Dispatch(t.Context(), commands.Request{Command: words[0], Args: words[1:], Person: ben, Channel: "C1", Now: d.clock})
			if r.Exit != commands.ExitWrong || !strings.Contains(r.Text, "Ben is not among the approvers") || r.Audience != commands.AskerAlone {
				t.Errorf("%s: %d %q", line, r.Exit, r.Text)
			}
		}
	}
	s, err := d.Get(t.Context(), "INC-1")
	if err != nil {
		t.Fatal(err)
	}
	if !s.Open() || s.Plan == nil || s.Rejected != nil || len(s.Refusals) != 4 {
		t.Errorf("open %t, plan %v, %d refusals on the record", s.Open(), s.Plan != nil, len(s.Refusals))
	}
	for _, m := range commands.IncidentMessages(s, d.clock) {
		if strings.Contains(commands.Plain(m.Reply), "Ben") {
			t.Errorf("the channel is told of the refusal:\n%s", commands.Plain(m.Reply))
		}
	}
}

// The attack of the issue: one member's 60 “open” made 32 incidents.
func TestOnePersonOpensNoMoreThanTheLimit(t *testing.T) {
	d := open(t)
	set := commands.Set{Incidents: d.Incidents, Roles: d.access}
	ask := func(p incident.Person, line string, at time.Time) commands.Reply {
		words, _ := commands.Parse(line)
		return set.Dispatch(t.Context(), commands.Request{Command: words[0], Args: words[1:], Person: p, Channel: "C1", Now: at})
	}
	for n := range 60 {
		r := ask(ben, fmt.Sprintf("open fire number %d", n), d.clock.Add(time.Duration(n)*time.Minute))
		if wanted := n < 3; (r.Exit == 0) != wanted || !wanted && !strings.Contains(r.Text, "limits.openPerPerson") {
			t.Fatalf("%d: exit %d, %q", n, r.Exit, r.Text)
		}
	}
	if r := ask(ben, "open fire number 1", d.clock.Add(2*time.Hour)); r.Exit != 0 { // it joins the one that there is
		t.Errorf("joining one: %q", r.Text)
	}
	if r := ask(eve, "open another fire", d.clock.Add(2*time.Hour)); r.Exit != 0 {
		t.Errorf("somebody else: %q", r.Text)
	}
	if _, err := d.Close(t.Context(), "INC-2", "", ada); err != nil {
		t.Fatal(err)
	}
	if r := ask(ben, "open the next fire", d.clock.Add(3*time.Hour)); r.Exit != 0 {
		t.Errorf("after one was closed: %q", r.Text)
	}
	refused := 0
	for range 60 {
		if r := ask(ben, "checks", d.clock.Add(4*time.Hour)); strings.Contains(r.Text, "limits.requestsPerMinute") {
			refused++
		}
	}
	if refused != 40 {
		t.Errorf("%d of 60 requests within a minute were refused", refused)
	}
	if r := ask(ben, "stop", d.clock.Add(4*time.Hour)); strings.Contains(r.Text, "limits.requestsPerMinute") {
		t.Errorf("stop was refused: %q", r.Text)
	}
}
