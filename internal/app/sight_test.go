package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/demo"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// readers is a broken cluster, which the bot reads whole, and people who may read less: "all" everything, "ops" all but nodes, "ben" one
// namespace.
func readers(t *testing.T, c app.Config, botMayAsk bool) (*commands.Set, *commandstest.Keeper) {
	t.Helper()
	b, err := demo.Broken()
	if err != nil {
		t.Fatal(err)
	}
	every := []string{"*"}
	rules := []bundle.Rule{
		{Users: []string{"bot"}, Verbs: []string{"get", "list"}, APIGroups: every, Resources: every},
		{Users: []string{"all"}, Verbs: every, APIGroups: every, Resources: every},
		{Groups: []string{"operators"}, Verbs: []string{"get", "list"}, APIGroups: []string{""}, Resources: []string{"pods", "pods/log"}},
		{Users: []string{"ben"}, Verbs: []string{"get", "list"}, APIGroups: []string{""}, Resources: []string{"pods", "pods/log"},
			Namespaces: []string{"ollama"}},
		{Users: []string{"podless"}, Verbs: []string{"get", "list"}, APIGroups: []string{""}, Resources: []string{"pods"}},
	}
	if botMayAsk {
		rules = append(rules, bundle.Rule{Users: []string{"bot"}, Verbs: []string{"create"}, APIGroups: []string{"authorization.k8s.io"},
			Resources: []string{"subjectaccessreviews"}})
	}
	server := bundle.NewServer(b, bundle.ServerOptions{Users: map[string]bundle.User{"t": {Name: "bot"}}, Authorize: bundle.Rules(rules...)})
	h := httptest.NewServer(server)
	t.Cleanup(func() { server.Close(); h.Close() })
	reader, err := cluster.New(&rest.Config{Host: h.URL, BearerToken: "t"}, "lab")
	if err != nil {
		t.Fatal(err)
	}
	access := app.NewAccess(c)
	access.SetHome("T1")
	rights := cluster.NewRights(reader, nil)
	eyes := &app.Eyes{Reader: reader, Rights: rights}
	k := commandstest.NewKeeper(nil)
	d, err := eyes.Look(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	k.Append("INC-1", incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: "a"}},
		incident.DiagnosisMade{Diagnosis: *incident.Brief(d)},
		incident.PlanProposed{Plan: commandstest.Plan()})
	told := func(context.Context, string) ([]store.Delivery, error) {
		return []store.Delivery{{Slot: commands.RootSlot, Channel: "CINC", TS: "1"}, {Slot: "elsewhere", Channel: "CNOT"}}, nil
	}
	return &commands.Set{Looker: eyes, Incidents: k, Searcher: commandstest.Cluster{}, Roles: access,
		Sight: app.NewSight(access, rights, told)}, k
}

func person(id string) incident.Person { return incident.Person{Team: "T1", ID: id, Name: id} }

func mapping() app.Config {
	c := app.DefaultConfig()
	c.Approvers = []app.PersonConfig{{Slack: "UALL", User: "all"}, {Slack: "UOPS", User: "opal", Groups: []string{"operators"}}}
	c.People = []app.PersonConfig{{Slack: "UBEN", User: "ben"}, {Slack: "UPOD", User: "podless"}}
	return c
}

// answerTo is the answer, with all that scripts are told.
func answerTo(t *testing.T, set *commands.Set, who, channel, line string) (commands.Reply, string) {
	t.Helper()
	words, err := commands.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	r := set.Dispatch(t.Context(), commands.Request{Command: words[0], Args: words[1:], Person: person(who), Channel: channel,
		Now: time.Now()})
	data, err := json.Marshal(r.Data)
	if err != nil {
		t.Fatal(err)
	}
	return r, r.Text + "\n" + commands.Plain(r) + "\n" + string(data)
}

func TestPeopleAreShownWhatTheyMayRead(t *testing.T) {
	set, _ := readers(t, mapping(), true)
	for name, c := range map[string]struct {
		who, channel, line string
		says               []string
		never              []string
	}{
		"everything to who may read it": {"UALL", "D1", "why", []string{"CoreDNS", "leveling"}, []string{"may not"}},
		"no nodes to who may not list them": {"UOPS", "D1", "why", []string{"CoreDNS", "nodes", "you, as opal, may not list them"},
			[]string{"CNI"}},
		"one namespace": {"UBEN", "D1", "why",
			[]string{"ollama", "namespaces", "you, as ben, may not read pods and logs there"}, []string{"DNS looks well", "kube-system", "coredns",
				"CoreDNS", "monitoring", "convocanvas"}},
		"one namespace in short": {"UBEN", "CINC", "check", []string{"you, as ben, may not read"},
			[]string{"kube-system", "monitoring", "convocanvas"}},
		"the namespace by name": {"UBEN", "D1", "check -n ollama", []string{"ollama"}, []string{"kube-system", "monitoring"}},
		"another namespace": {"UBEN", "D1", "check -n monitoring",
			[]string{"You, as ben, may not read pods and their logs in namespace monitoring."}, []string{"grafana"}},
		"one that does not exist": {"UBEN", "D1", "check -n nosuch",
			[]string{"You, as ben, may not read pods and their logs in namespace nosuch."}, []string{"Did you mean"}},
		"an object elsewhere": {"UBEN", "D1", "why kube-system/coredns", []string{"You, as ben, may not read"},
			[]string{"Corefile"}},
		"an object without its namespace": {"UBEN", "D1", "why corednss", nil, []string{"kube-system", "Did you mean deployment/coredns"}},
		"pods without their logs are nothing": {"UPOD", "D1", "check", []string{"you, as podless, may not read"},
			[]string{"ollama", "kube-system"}},
		"nothing to who is not mapped": {"UCY", "CINC", "check", []string{"UCY is mapped to no Kubernetes user", "under “people”"},
			[]string{"ollama", "CoreDNS", "approvers"}},
		"no postmortem either":              {"UCY", "CINC", "search dns", []string{"mapped to no Kubernetes user"}, []string{"CoreDNS"}},
		"an incident in its channel":        {"UCY", "CINC", "incidents INC-1", []string{"CoreDNS"}, nil},
		"its evidence in its channel":       {"UCY", "CINC", "evidence INC-1", []string{"pieces of evidence"}, nil},
		"its plan in its channel":           {"UCY", "CINC", "plan INC-1", []string{commandstest.Plan().Title}, nil},
		"an incident elsewhere, not mapped": {"UCY", "D1", "evidence INC-1", []string{"mapped to no Kubernetes user"}, []string{"coredns"}},
		"where it was only to be told":      {"UCY", "CNOT", "incidents INC-1", []string{"mapped to no Kubernetes user"}, []string{"CoreDNS"}},
		"an incident elsewhere, beyond": {"UBEN", "D1", "incidents INC-1", []string{"INC-1 is about more than you, as ben, may read."},
			[]string{"CoreDNS"}},
		"its plan elsewhere, beyond":      {"UBEN", "D1", "plan INC-1", []string{"is about more than you"}, []string{"Restore"}},
		"its evidence elsewhere, allowed": {"UALL", "D1", "evidence INC-1", []string{"pieces of evidence"}, nil},
		"the list elsewhere":              {"UBEN", "D1", "incidents", []string{"No open incident", "1 more incident"}, []string{"CoreDNS"}},
		"the list in the channel":         {"UBEN", "CINC", "incidents", []string{"INC-1"}, []string{"more incident"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, text := answerTo(t, set, c.who, c.channel, c.line)
			for _, want := range c.says {
				if !strings.Contains(text, want) {
					t.Errorf("%s does not say %q:\n%s", c.line, want, text)
				}
			}
			for _, secret := range c.never {
				if strings.Contains(text, secret) {
					t.Errorf("%s says %q:\n%s", c.line, secret, text)
				}
			}
		})
	}
}

func TestReadEverybodyShowsEverything(t *testing.T) {
	c := mapping()
	c.Read = "everybody"
	set, _ := readers(t, c, false) // and asks nobody for rights
	for _, who := range []string{"UCY", "UBEN"} {
		for _, line := range []string{"why", "incidents INC-1"} {
			if _, text := answerTo(t, set, who, "D1", line); !strings.Contains(text, "CoreDNS") {
				t.Errorf("%s asks %s:\n%s", who, line, text)
			}
		}
	}
}

func TestWhatIsNotKnownToBeAllowedIsNotShown(t *testing.T) {
	set, _ := readers(t, mapping(), false)
	for _, line := range []string{"why", "check -n ollama", "incidents INC-1", "evidence INC-1"} {
		r, text := answerTo(t, set, "UALL", "D1", line)
		if r.Exit != commands.ExitNoAnswer || !strings.Contains(text, "subjectaccessreviews") || strings.Contains(text, "CoreDNS") {
			t.Errorf("%s: exit %d\n%s", line, r.Exit, text)
		}
	}
}

// Whatever list of a diagnosis names what somebody may not read, the incident is not shown to them.
func TestAnIncidentIsShownToWhoMayReadAllThatItTells(t *testing.T) {
	set, k := readers(t, mapping(), true)
	own := incident.Object{Kind: "Deployment", Namespace: "ollama", Name: "ollama"}
	vault := incident.Object{Kind: "Deployment", Namespace: "vault", Name: "vault"}
	n := 1
	for name, tells := range map[string]func(o incident.Object) incident.Diagnosis{
		"accepted": func(o incident.Object) incident.Diagnosis {
			return incident.Diagnosis{Accepted: []incident.Accepted{{Object: o, Title: "x"}}}
		},
		"accepted by what it belongs to": func(o incident.Object) incident.Diagnosis {
			return incident.Diagnosis{Accepted: []incident.Accepted{{Object: own, Acceptance: incident.Acceptance{Code: "X", Object: o}}}}
		},
		"suspicions": func(o incident.Object) incident.Diagnosis {
			return incident.Diagnosis{Suspicions: []incident.Suspicion{{Objects: []incident.Object{own, o}}}}
		},
		"what it depends on": func(o incident.Object) incident.Diagnosis { return incident.Diagnosis{Depends: []incident.Object{o}} },
		"what is ruled out of a namespace": func(o incident.Object) incident.Diagnosis {
			return incident.Diagnosis{Scope: incident.Scope{Namespace: o.Namespace}, RuledOut: []incident.RuledOut{{What: "storage"}}}
		},
		"what is ruled out of objects": func(o incident.Object) incident.Diagnosis {
			return incident.Diagnosis{Scope: incident.Scope{Objects: []incident.Object{o}}, RuledOut: []incident.RuledOut{{What: "its pods"}}}
		},
	} {
		for _, c := range []struct {
			o     incident.Object
			shown bool
		}{{own, true}, {vault, false}} {
			n++
			id := fmt.Sprint("INC-", n)
			k.Append(id, incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: id}},
				incident.DiagnosisMade{Diagnosis: tells(c.o)})
			_, text := answerTo(t, set, "UBEN", "D1", "incidents "+id)
			if shown := !strings.Contains(text, "is about more than you, as ben, may read."); shown != c.shown {
				t.Errorf("%s, %s: shown is %t:\n%s", name, c.o, shown, text)
			}
		}
	}
}

// Paramedic looks at an incident with its own rights, so that nobody opens one about what they may not read.
func TestOnlyWhoMayReadItOpensAnIncidentAboutIt(t *testing.T) {
	set, k := readers(t, mapping(), true)
	for line, allowed := range map[string]bool{
		"open -n ollama it is slow":                          true,
		"open --about Deployment/ollama/ollama it is slow":   true,
		"open it is slow":                                    true,
		"open -n monitoring it is slow":                      false,
		"open --about Namespace/monitoring it is slow":       false,
		"open --about namespace/monitoring it is slow":       false,
		"open --about secret/ollama/key it is slow":          false,
		"open --about Node/n1 it is slow":                    false,
		"open -n ollama --about Pod/monitoring/x it is slow": false,
		"open --as found/lab -n monitoring what was found":   false,
	} {
		before, _, err := k.List(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		r, text := answerTo(t, set, "UBEN", "CINC", line)
		after, _, err := k.List(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		if refused := strings.Contains(text, "You, as ben, may not read"); refused == allowed || !allowed && len(after) != len(before) {
			t.Errorf("%s: exit %d, %d incidents became %d\n%s", line, r.Exit, len(before), len(after), text)
		}
	}
	if r, text := answerTo(t, set, "UCY", "CINC", "open -n ollama it is slow"); r.Exit == 0 {
		t.Errorf("opened by who is mapped to nobody:\n%s", text)
	}
}
