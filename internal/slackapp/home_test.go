package slackapp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// seen counts the looks at a cluster.
type counted struct {
	commandstest.Cluster
	looks *atomic.Int32
}

func (c counted) LookAt(ctx context.Context, asked incident.Asked) (*incident.Diagnosis, error) {
	c.looks.Add(1)
	return c.Cluster.LookAt(ctx, asked)
}

// approving gives the role approve to Ada alone.
type approving struct{}

func (approving) May(p incident.Person, role commands.Role) error {
	if role == commands.Approve && p.ID != ada {
		return &commands.Refusal{Reason: "You may not."}
	}
	return nil
}
func (approving) MayFromOutside(commands.Role) error { return nil }
func (approving) Admit(incident.Person, time.Time) error {
	return errors.New("a Home counts as no request")
}

// homeOf is what a person's Home says.
func homeOf(n slackemu.Snapshot, user string) string {
	v, _ := n.Home(user)
	return v.Plain()
}

func (b *bed) opensHome(t *testing.T, user, says string) string {
	t.Helper()
	if err := b.slack.OpenHome(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return strings.Contains(homeOf(n, user), says) })
	return homeOf(b.slack.Snapshot(), user)
}

func TestAHomeShowsWhatWaitsForWhom(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	looks := new(atomic.Int32)
	b.set.Looker = counted{commandstest.Cluster{Diagnosis: commandstest.Founding()}, looks}
	b.set.Roles = approving{}
	b.opts.Homes = b.set
	b.listen(t, b.set)
	b.deliver(t)
	first := b.opensHome(t, ada, "2 causes")
	for _, want := range []string{"Waiting for you", "Nothing.", "Open incidents", "None.", "Recent postmortems", "/medic check"} {
		if !strings.Contains(first, want) {
			t.Errorf("an empty Home lacks %q:\n%s", want, first)
		}
	}
	b.begin(t)
	b.app.Changed()
	b.wait(t, func(n slackemu.Snapshot) bool { return strings.Contains(homeOf(n, ada), "INC-1 waits for approval") })
	if says := b.opensHome(t, bob, "2 causes"); strings.Contains(says, "waits for approval") || !strings.Contains(says, "INC-1") {
		t.Errorf("Bob, who may not approve, sees:\n%s", says)
	}
	if says := b.opensHome(t, eve, "another organisation"); strings.Contains(says, "INC-1") || strings.Contains(says, "cause") {
		t.Errorf("somebody of another organisation sees:\n%s", says)
	}
	if n := looks.Load(); n != 1 {
		t.Errorf("the cluster was looked at %d times for three Homes", n)
	}
	b.keeper.Append("INC-1", incident.Claimed{By: incident.Person{Team: "T0ACME", ID: bob, Name: "Bob"}})
	b.app.Changed()
	b.wait(t, func(n slackemu.Snapshot) bool {
		return strings.Contains(homeOf(n, bob), "You have INC-1") && strings.Contains(homeOf(n, ada), "Bob has it")
	})
	b.unharmed(t)
}

func TestAHomesButtonsOpenWindows(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.opts.Homes = b.set
	b.listen(t, b.set)
	b.deliver(t)
	b.begin(t)
	b.opensHome(t, ada, "2 causes")
	for _, press := range []struct{ button, says string }{
		{"check", "CoreDNS"}, {"show-INC-1", "Awaiting"}, {"plan-INC-1", "forward . /etc/resolv.conf"},
	} {
		v, _ := b.slack.Home(ada)
		if err := b.slack.PressView(t.Context(), ada, v.ID, press.button); err != nil {
			t.Fatalf("%s: %v", press.button, err)
		}
		b.wait(t, func(n slackemu.Snapshot) bool {
			all := n.Views(ada)
			return len(all) == 1 && strings.Contains(all[0].Plain(), press.says)
		})
	}
	// The window stands by itself: what is approved in it shows on the Home.
	if err := b.slack.Submit(t.Context(), ada, b.slack.Views(ada)[0].ID, nil); err != nil {
		t.Fatal(err)
	}
	b.app.Changed()
	b.wait(t, func(n slackemu.Snapshot) bool { return strings.Contains(homeOf(n, ada), "approved") })
	b.unharmed(t)
}

// Ten times what ever is open fits, whatever the titles are.
func TestAHomeIsBounded(t *testing.T) {
	keeper := commandstest.NewKeeper(nil)
	for i := range 1000 {
		long := incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: fmt.Sprint(i),
			Title: strings.Repeat("<!channel> & ", 80)}}
		keeper.Append(fmt.Sprintf("INC-%d", i+1), long, incident.DiagnosisMade{Diagnosis: incident.Diagnosis{At: commandstest.Start}},
			incident.PlanProposed{Plan: commandstest.Plan()}, incident.Claimed{By: commandstest.Ada})
	}
	set := &commands.Set{Incidents: keeper, Looker: commandstest.Cluster{Diagnosis: commandstest.Founding()},
		Glances: &commands.Glances{}}
	r := commands.Request{Person: commandstest.Ada, Now: commandstest.Start.Add(60 * time.Hour)}
	set.Glance(t.Context(), r)
	raw, err := json.Marshal(slackapp.HomeView(set.Home(t.Context(), r)))
	if err != nil {
		t.Fatal(err)
	}
	if err := slackemu.CheckHome(raw); err != nil || len(raw) > 50_000 {
		t.Errorf("%d bytes: %v", len(raw), err)
	}
	if !strings.Contains(string(raw), "990 more") {
		t.Errorf("it does not say how many more there are:\n%s", raw)
	}
}
