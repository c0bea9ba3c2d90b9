package commands_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// talk is a Set with a cluster that it remembers, and the open incident INC-1.
func talk(t *testing.T) (*commands.Set, *commandstest.Keeper) {
	t.Helper()
	s, k := newSet(commandstest.Founding())
	s.Memory = commandstest.Memory{Diagnosis: commandstest.Founding(), Objects: []incident.Object{{Kind: "Namespace", Name: "shop"},
		{Kind: "Deployment", Namespace: "shop", Name: "checkout"}, {Kind: "Deployment", Namespace: "convocanvas", Name: "convocanvas"}}}
	s.Silences = &commandstest.Silences{}
	k.Append("INC-1", statesOf()["awaiting"]...)
	return s, k
}

// says asks in an incident's thread, or elsewhere.
func says(t *testing.T, s *commands.Set, in, line string) (commands.Reply, string) {
	t.Helper()
	words, err := commands.Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	r := s.Dispatch(context.Background(), commands.Request{Command: words[0], Args: words[1:], Incident: in, Person: commandstest.Ada,
		Channel: "C1", Now: commandstest.Start.Add(57 * time.Hour)})
	return r, r.Text + "\n" + commands.Plain(r)
}

func TestAskingInOnesOwnWords(t *testing.T) {
	for _, c := range []struct{ in, line, want string }{
		{"", "why is convocanvas crashing", "Read as: why deployment/convocanvas -n convocanvas"},
		{"", "ask is the cluster ok", "Read as: check"},
		{"", "look at shop", "Read as: check -n shop"},
		{"", "check the shop please", "Read as: check -n shop"},
		{"", "why is chekout down", "(“checkout” for “chekout”)"},
		{"", "open incidents", "There is 1 open incident"},
		{"", "restart checkout", "Words change nothing here"},
		{"", "what does the fox say", "You can ask:"},
		{"INC-1", "and now?", "Read as: about INC-1 now"},
		{"INC-1", "who has it", "Nobody has it"},
		{"INC-1", "why", "why it happened"},
		{"INC-1", "details", "2 causes"},
		{"INC-1", "what helped last time", "restoring the Corefile"},
		{"INC-1", "catch me up", "Read as: catchup INC-1"},
		{"INC-1", "go ahead and fix it", "plan INC-1"},
		{"INC-1", "close to done?", "Nothing was done"},
		{"INC-1", "stop worrying", "Nothing was done"},
		{"INC-1", "look what happens", "Read as: "},
		{"INC-1", "claim", "INC-1: you have it."},
		{"INC-1", "reject 1 it is too much", "Nothing was done"},
		{"INC-1", "stop", "nothing to stop"},
		{"INC-1", "stop all", "Nothing is approved or running"},
		{"INC-1", "silence --for 2h we know", "INC-1 is silenced until"},
		{"", "about INC-11", "Open are INC-1"},
	} {
		s, _ := talk(t)
		if r, text := says(t, s, c.in, c.line); !strings.Contains(text, c.want) {
			t.Errorf("%s %q (exit %d) does not say %q:\n%s", c.in, c.line, r.Exit, c.want, text)
		}
	}
}

// By words alone nothing is ever done, whatever a model chooses.
func TestAModelChoosesAmongQuestionsAlone(t *testing.T) {
	for _, c := range []struct{ question, thing, want string }{
		{"check", "namespace/shop", "Read as: check -n shop, as smollm2:135m chose"},
		{"why", "Deployment/kube-system/coredns", "Read as: why"},
		{"about plan", "", "Read as: about INC-1 plan"},
		{"approve", "", "I don’t understand"},
		{"close INC-1", "", "I don’t understand"},
		{"check", "Deployment/x/y; close INC-1", "Read as: check, as"},
		{"", "", "I don’t understand"},
	} {
		s, k := talk(t)
		before, _ := k.Get(t.Context(), "INC-1")
		s.Chooser = commandstest.Chooser{Question: c.question, Thing: c.thing}
		if _, text := says(t, s, "INC-1", "the quick brown fox jumps"); !strings.Contains(text, c.want) {
			t.Errorf("%q %q: no %q in:\n%s", c.question, c.thing, c.want, text)
		}
		if now, _ := k.Get(t.Context(), "INC-1"); now.Version != before.Version {
			t.Errorf("%q has changed the incident", c.question)
		}
	}
}

// The status looks at nothing, and says how old it is.
func TestTheStatusIsAtHand(t *testing.T) {
	s, _ := talk(t)
	s.Looker = commandstest.Cluster{Err: context.DeadlineExceeded}
	r := s.Dispatch(context.Background(), commands.Request{Person: commandstest.Ada, Channel: "C1", Now: commandstest.Founding().At.Add(4 * time.Minute)})
	text := commands.Plain(r)
	for _, want := range []string{"There is 1 open incident", "Waits for approval: /medic plan INC-1", "as seen 4 " +
		"minutes ago", "Not seen:", "Try:"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

// Whatever is asked in words, in a thread or not, whatever a model chooses: nothing is decided and nothing silenced by it.
func FuzzWordsDecideNothing(f *testing.F) {
	for _, text := range []string{"why is checkout down", "approve the plan", "silence shop for 2h please", "close INC-1", "stop it!",
		"accept DNSLoop Deployment/kube-system/coredns", "reject 1", "publish INC-1", "claim it", "and now?", "what did you rule out"} {
		f.Add(text, "check")
		f.Add(text, "approve")
	}
	f.Fuzz(func(t *testing.T, text, choice string) {
		s, k := talk(t)
		s.Acceptances = &commandstest.Acceptances{}
		s.Chooser = commandstest.Chooser{Question: choice, Thing: text}
		before, _ := k.Get(t.Context(), "INC-1")
		for _, in := range []string{"", "INC-1"} {
			began := time.Now()
			r := s.Dispatch(t.Context(), commands.Request{Command: "ask", Args: []string{text}, Incident: in, Person: commandstest.Ada,
				Channel: "C1", Now: commandstest.Start.Add(57 * time.Hour)})
			if took := time.Since(began); took > 5*time.Second || r.Text == "" {
				t.Errorf("%q took %v and says %q", text, took, r.Text)
			}
		}
		now, _ := k.Get(t.Context(), "INC-1")
		silenced, _ := s.Silences.InForce(t.Context())
		accepted, _ := s.Acceptances.InForce(t.Context())
		all, _, _ := k.List(t.Context(), true)
		if now.Version != before.Version || len(silenced)+len(accepted) > 0 || len(all) != 1 {
			t.Errorf("%q (%q chosen) has decided something", text, choice)
		}
	})
}
