package slackapp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/store"
)

const (
	channel = "C0INCIDENTS"
	ada     = "U0ADA"
	bob     = "U0BOB"
	eve     = "U0EVE" // from another organisation
	mallory = "U0MAL" // somebody of another workspace, with the id of one of this one
)

// bed is a workspace, a state, and a bot between them.
type bed struct {
	slack  *slackemu.Server
	store  *store.Store
	keeper *commandstest.Keeper
	set    *commands.Set
	opts   slackapp.Options
	app    *slackapp.App // once it listens
	stop   func()
}

// newBed makes a bed. Its people wait longer for the app than Slack does: that a machine is slow is no failure.
func newBed(t *testing.T, o slackemu.Options) *bed {
	t.Helper()
	t.Parallel()
	o.AckWithin = 20 * time.Second
	o.Users = []slackemu.User{{ID: ada, Name: "ada", RealName: "Ada Lovelace"}, {ID: bob, Name: "bob", RealName: "Bob"},
		{ID: eve, Name: "eve", TeamID: "T0EVIL"},
		{ID: mallory, Name: "mallory", SaidTeam: "T0EVIL"}}
	o.Channels = []slackemu.Channel{{ID: channel, Name: "incidents"}, {ID: "C0OLD", Name: "old", Archived: true},
		{ID: "C0OTHER", Name: "other", Uninvited: true}}
	emu, err := slackemu.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := emu.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = emu.Close() })
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	cluster := commandstest.Cluster{Diagnosis: commandstest.Founding()}
	keeper := commandstest.NewKeeper(time.Now)
	return &bed{slack: emu, store: s, keeper: keeper,
		set: &commands.Set{Looker: cluster, Explainer: cluster, Searcher: cluster, Incidents: keeper, Glances: &commands.Glances{}},
		opts: slackapp.Options{BotToken: "xoxb-emulated", AppToken: "xapp-emulated", APIURL: emu.APIURL(), Channel: "#incidents",
			Logger: logger()}}
}

// logger shows what the bot logs when TEST_LOG is set.
func logger() *slog.Logger {
	if os.Getenv("TEST_LOG") != "" {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(io.Discard, nil))
}

// posts says that the tests go through HTTP instead of Socket Mode: "make test" runs them both ways.
func posts() bool { return os.Getenv("PARAMEDIC_TEST_TRANSPORT") == "http" }

const secret = "emulated-signing-secret"

// post has Slack post to the handler until the test ends.
func (b *bed) post(t *testing.T, h http.Handler) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	if err := b.slack.SetRequestURL(t.Context(), server.URL+slackapp.Path); err != nil {
		t.Fatal(err)
	}
}

// onSockets skips a test of connections where there are none.
func onSockets(t *testing.T) {
	t.Helper()
	if posts() {
		t.Skip("it is about connections of Socket Mode")
	}
}

// listen runs an App until the test, or stop, ends it, and waits until it is connected.
func (b *bed) listen(t *testing.T, c slackapp.Commands) {
	t.Helper()
	if posts() {
		b.opts.SigningSecret, b.opts.AppToken = secret, ""
	}
	app := slackapp.New(b.opts, c, b.store)
	b.app = app
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = app.Run(ctx) }()
	b.stop = sync.OnceFunc(func() { cancel(); <-ended })
	t.Cleanup(b.stop)
	if posts() {
		b.post(t, app.Handler())
		return
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return n.Connections == slackapp.Connections })
}

// deliver runs a Deliverer and makes the keeper's changes known to it.
func (b *bed) deliver(t *testing.T) (d *slackapp.Deliverer, stop func()) {
	t.Helper()
	d = slackapp.NewDeliverer(b.opts, b.store)
	b.keeper.Changed = func(s *incident.State) {
		if err := d.Deliver(context.Background(), s.ID, s.Channel, commands.IncidentMessages(s, time.Now())); err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = d.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	t.Cleanup(stop)
	return d, stop
}

// wait is patient: what never comes does not come within a minute either, and what does is no slower for it.
func (b *bed) wait(t *testing.T, until func(slackemu.Snapshot) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := b.slack.Wait(ctx, until); err != nil {
		t.Fatalf("%v\n%s", err, b.slack.Transcript())
	}
}

// unharmed checks that Slack refused nothing and nobody was told that the app failed.
func (b *bed) unharmed(t *testing.T) {
	t.Helper()
	if r := b.slack.Refusals(); len(r) > 0 {
		t.Errorf("refused: %+v", r)
	}
	if n := b.slack.Counts().Complaints; n > 0 {
		t.Errorf("people were told %d times that the app failed", n)
	}
}

// asks has Ada type a command, and returns what she is told when she is.
func (b *bed) asks(t *testing.T, line string) string {
	t.Helper()
	before := len(b.slack.Ephemerals(ada))
	if err := b.slack.Command(t.Context(), ada, channel, "/medic", line); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return len(n.Ephemerals(ada)) > before })
	return last(b.slack.Snapshot(), ada)
}

// last is what the newest message that only this person sees says.
func last(n slackemu.Snapshot, user string) string {
	all := n.Ephemerals(user)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].Plain()
}

var opened = incident.SignalReceived{Signal: incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: "a1",
	Title: "PodCrashLooping"}}

// begin makes an incident with a plan.
func (b *bed) begin(t *testing.T) string {
	t.Helper()
	b.keeper.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()},
		incident.Recalled{Similar: commandstest.Seen()},
		incident.StoryTold{Story: *commandstest.Story()}, incident.PlanProposed{Plan: commandstest.Plan()})
	b.wait(t, func(n slackemu.Snapshot) bool {
		m := n.Messages(channel)
		return len(m) == 1 && len(n.Thread(channel, m[0].TS)) == 5 && strings.Contains(m[0].Plain(), "Awaiting")
	})
	return b.slack.Messages(channel)[0].TS
}

func TestSlashCommands(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.listen(t, b.set)
	for line, says := range map[string]string{
		"":                         "No open incident.",
		"help":                     "finds out what is wrong with the cluster",
		"check":                    "2 causes, 6 consequences",
		"why":                      "Blocks the remedy",
		"search dns":               "The K3s resurrection",
		"incidents":                "No open incident.",
		"inidents":                 "Did you mean /medic incidents",
		`search "x`:                "is not closed",
		"approve INC-9":            "There is no incident INC-9",
		"incidents <!channel> *x*": "more than one",
	} {
		if got := b.asks(t, line); !strings.Contains(strings.ReplaceAll(got, "`", ""), says) {
			t.Errorf("%q answers %q, want %q", line, got, says)
		}
	}
	if m := b.slack.Messages(channel); len(m) != 0 {
		t.Errorf("the channel was told: %v", m)
	}
	b.unharmed(t)
}

// slowly answers when it is let.
type slowly struct {
	reply commands.Reply
	let   chan struct{}
	asked chan commands.Request
}

func newSlowly(r commands.Reply) *slowly {
	return &slowly{reply: r, let: make(chan struct{}), asked: make(chan commands.Request, 100)}
}

func (s *slowly) Dispatch(ctx context.Context, r commands.Request) commands.Reply {
	s.asked <- r
	select {
	case <-s.let:
	case <-ctx.Done():
	}
	return s.reply
}

func (s *slowly) Opens(string) bool { return false }

func (s *slowly) Acts(string) bool { return false }

func TestASlowAnswerComesLaterAndOnce(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	c := newSlowly(commands.Reply{Text: "at last"})
	b.listen(t, c)
	if err := b.slack.Command(t.Context(), ada, channel, "/medic", "why"); err != nil {
		t.Fatal(err)
	}
	if got := last(b.slack.Snapshot(), ada); got != "" {
		t.Errorf("it was answered early: %q", got)
	}
	close(c.let)
	b.wait(t, func(n slackemu.Snapshot) bool { return last(n, ada) == "at last" })
	b.unharmed(t)
}

// A connection that ends before the acknowledgement makes Slack deliver again; the work is done once all the same.
func TestARedeliveredCommandIsDoneOnce(t *testing.T) {
	onSockets(t)
	b := newBed(t, slackemu.Options{})
	c := newSlowly(commands.Reply{Text: "once"})
	b.listen(t, c)
	answered := make(chan error, 1)
	go func() { answered <- b.slack.Command(context.Background(), ada, channel, "/medic", "check") }()
	<-c.asked
	b.slack.DropConnections()
	close(c.let)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return len(n.Ephemerals(ada)) > 0 })
	select {
	case r := <-c.asked:
		t.Errorf("asked twice: %+v", r)
	default:
	}
	if n := len(b.slack.Ephemerals(ada)); n != 1 {
		t.Errorf("answered %d times", n)
	}
}

func TestMentionsAndDirectMessages(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.listen(t, b.set)
	if _, err := b.slack.Mention(t.Context(), ada, channel, "", "why coredns"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return strings.Contains(last(n, ada), "2 causes") })
	if _, err := b.slack.DM(t.Context(), bob, "check"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool {
		m := n.Messages(bob)
		return len(m) == 2 && strings.Contains(m[1].Plain(), "2 causes")
	})
	b.unharmed(t)
}

// In the middle of an outage, who mistypes a name is told so, and nothing else: no all-clear, no incident to open.
func TestWhatDoesNotExistIsNotCalledWell(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.set.Looker = commandstest.Cluster{Err: &incident.NoAnswer{Reason: "There is no namespace shp.", Near: []string{"shop"}}}
	b.listen(t, b.set)
	const want = "There is no namespace shp. Did you mean shop?"
	for _, line := range []string{"check -n shp", "why -n shp", "why deployment/web -n shp"} {
		if got := strings.ReplaceAll(b.asks(t, line), "`", ""); got != want {
			t.Errorf("%q answers %q", line, got)
		}
	}
	if _, err := b.slack.Mention(t.Context(), bob, channel, "", "check -n shp"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return strings.ReplaceAll(last(n, bob), "`", "") == want })
	if m := b.slack.Messages(channel); len(m) != 1 { // the mention
		t.Errorf("the channel was told: %v", m)
	}
	b.unharmed(t)
}

func TestApprovingInSlack(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.deliver(t)
	b.listen(t, b.set)
	root := b.begin(t)

	// Both open the plan while it can be approved.
	for _, user := range []string{ada, bob} {
		if err := b.slack.Press(t.Context(), user, channel, root, "plan"); err != nil {
			t.Fatal(err)
		}
		b.wait(t, func(n slackemu.Snapshot) bool {
			v := n.Views(user)
			return len(v) == 1 && v[0].Submit == "Approve" && strings.Contains(v[0].Plain(), "forward . /etc/resolv.conf")
		})
	}
	submit := func(user string) string {
		v := b.slack.Views(user)[0]
		if err := b.slack.Submit(t.Context(), user, v.ID, nil); err != nil {
			t.Fatal(err)
		}
		if v := b.slack.Views(user); len(v) > 0 {
			return v[0].Plain()
		}
		return ""
	}
	if got := submit(bob); !strings.Contains(got, "not among those who may approve") {
		t.Errorf("Bob sees %q", got)
	}
	if got := submit(ada); got != "" {
		t.Errorf("Ada still sees %q", got)
	}
	b.wait(t, func(n slackemu.Snapshot) bool {
		m := n.Messages(channel)[0]
		return strings.Contains(m.Plain(), "Approved by Ada Lovelace") && len(m.Elements()) == 1 // it can be stopped
	})
	state, _ := b.keeper.Get(t.Context(), "INC-1")
	if state.Approval() == nil || state.Approval().By.Key() != "T0ACME/U0ADA" {
		t.Errorf("%+v", state.Approvals)
	}
	b.unharmed(t)
}

func TestDoublePress(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.deliver(t)
	b.listen(t, b.set)
	b.begin(t)
	b.keeper.Append("INC-1", incident.Verified{OK: true}, incident.PostmortemDrafted{Postmortem: incident.Postmortem{Title: "T",
		Summary: "S"}})
	var post slackemu.Message
	b.wait(t, func(n slackemu.Snapshot) bool {
		for _, m := range n.Thread(channel, n.Messages(channel)[0].TS) {
			if len(m.Elements()) == 3 && m.Elements()[2].ActionID == "publish" {
				post = m
			}
		}
		return post.TS != ""
	})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			if err := b.slack.Press(context.Background(), ada, channel, post.TS, "publish"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	b.wait(t, func(n slackemu.Snapshot) bool {
		return strings.Contains(last(n, ada), "published already, by Ada Lovelace") &&
			strings.Contains(n.Messages(channel)[0].Plain(), "Postmortem published by Ada")
	})
	if n := len(b.slack.Ephemerals(ada)); n != 1 {
		t.Errorf("%d answers to two presses, want one to the second", n)
	}
}

func TestEditingThePostmortemInSlack(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.listen(t, b.set)
	b.keeper.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.Verified{OK: true},
		incident.PostmortemDrafted{Postmortem: incident.Postmortem{Title: "T", Summary: "S", Timeline: strings.Repeat("- a line\n", 700)}})
	if err := b.slack.Command(t.Context(), ada, channel, "/medic", "postmortem INC-1 edit"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { v := n.Views(ada); return len(v) == 1 && v[0].Submit == "Save" })
	v := b.slack.Views(ada)[0]
	err := b.slack.Submit(t.Context(), ada, v.ID, map[string]string{"title": "T2", "summary": ""})
	var wrong slackemu.InputErrors
	if !errors.As(err, &wrong) || !strings.Contains(wrong["summary"], "can’t be empty") {
		t.Fatalf("%v", err)
	}
	if err := b.slack.Submit(t.Context(), ada, v.ID, map[string]string{"title": "T2", "summary": "Better & <clear>"}); err != nil {
		t.Fatal(err)
	}
	state, _ := b.keeper.Get(t.Context(), "INC-1")
	if pm := state.Postmortem; pm.Title != "T2" || pm.Summary != "Better & <clear>" || len(pm.Timeline) != 700*9-1 {
		t.Errorf("%q %q %d", pm.Title, pm.Summary, len(pm.Timeline))
	}
	b.unharmed(t)
}

// A published postmortem that could not be written says so in the thread, and can be edited there, with a title of 200 emoji as with any;
// one of
// which nothing can be seen is sent back.
func TestEditingAnUnwrittenPostmortemInSlack(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.deliver(t)
	b.listen(t, b.set)
	b.keeper.Append("INC-1", opened, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.Verified{OK: true},
		incident.PostmortemDrafted{Postmortem: incident.Postmortem{Title: "T", Summary: "S"}}, incident.PostmortemPublished{By: commandstest.Ada},
		incident.WorkFailed{Work: string(incident.Index), Error: "write into /srv/postmortems: read-only file system"})
	var post slackemu.Message
	b.wait(t, func(n slackemu.Snapshot) bool {
		for _, root := range n.Messages(channel) {
			for _, m := range n.Thread(channel, root.TS) {
				if strings.Contains(m.Plain(), "read-only file system") {
					post = m
				}
			}
		}
		return post.TS != ""
	})
	if err := b.slack.Press(t.Context(), ada, channel, post.TS, "edit"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { v := n.Views(ada); return len(v) == 1 && v[0].Submit == "Save" })
	v := b.slack.Views(ada)[0]
	var wrong slackemu.InputErrors
	if err := b.slack.Submit(t.Context(), ada, v.ID, map[string]string{"title": " \u200b\u00a0"}); !errors.As(err, &wrong) ||
		!strings.Contains(wrong["title"], "can’t be empty") {
		t.Fatalf("%v", err)
	}
	fire := strings.Repeat("🔥", 200)
	if err := b.slack.Submit(t.Context(), ada, v.ID, map[string]string{"title": fire}); err != nil {
		t.Fatal(err)
	}
	if state, _ := b.keeper.Get(t.Context(), "INC-1"); state.Postmortem.Title != fire {
		t.Errorf("the title is %q", state.Postmortem.Title)
	}
	b.unharmed(t)
}

func TestPeopleFromOutsideAreRefused(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.deliver(t)
	b.listen(t, b.set)
	root := b.begin(t)
	if err := b.slack.Press(t.Context(), eve, channel, root, "plan"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { // they may see it, and there is nothing to press
		v := n.Views(eve)
		return len(v) == 1 && strings.Contains(v[0].Plain(), "whoever approves it") && v[0].Submit == ""
	})
	if err := b.slack.Command(t.Context(), eve, channel, "/medic", "close INC-1"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return count(n, eve, "Only people in this workspace") == 1 })
	if state, _ := b.keeper.Get(t.Context(), "INC-1"); !state.Open() {
		t.Error("somebody from outside closed an incident")
	}
}

// The attack of a user id that is an approver's here and somebody else's in another workspace.
func TestTheIdOfAnApproverInAnotherWorkspaceIsNobody(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	b.deliver(t)
	b.listen(t, b.set)
	b.begin(t)
	if _, err := b.slack.Mention(t.Context(), mallory, channel, "", "close INC-1"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return count(n, mallory, "Only people in this workspace") == 1 })
	if state, _ := b.keeper.Get(t.Context(), "INC-1"); !state.Open() {
		t.Error("an id of another workspace closed an incident")
	}
}

func TestItReconnects(t *testing.T) {
	onSockets(t)
	b := newBed(t, slackemu.Options{})
	connected := make(chan struct{}, 10)
	b.opts.OnConnected = func() { connected <- struct{}{} }
	b.listen(t, b.set)
	<-connected
	for _, end := range []func(){b.slack.DropConnections, func() { b.slack.Disconnect("refresh_requested") }} {
		end()
		<-connected
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return n.Connections >= 1 })
	if err := b.slack.Command(t.Context(), ada, channel, "/medic", "incidents"); err != nil {
		t.Error(err)
	}
}

func TestProbe(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	say := func(o slackapp.Options) string {
		var out strings.Builder
		for _, c := range slackapp.Probe(t.Context(), o) {
			fmt.Fprintf(&out, "%v %s: %s\n", c.OK, c.Name, c.Detail)
		}
		return out.String()
	}
	if got := say(b.opts); strings.Contains(got, "false") || strings.Count(got, "true") != 4 {
		t.Errorf("all is well, and yet:\n%s", got)
	}
	broken := b.opts
	broken.BotToken, broken.AppToken = "xoxb-wrong", "xapp-wrong"
	if got := say(broken); strings.Contains(got, "true") || !strings.Contains(got, "Bot User OAuth Token") ||
		!strings.Contains(got, "connections:write") {
		t.Errorf("wrong tokens:\n%s", got)
	}
	for name, says := range map[string]string{"C0OLD": "archived", "other": "/invite", "nowhere": "there is none", "": "none is configured"} {
		o := b.opts
		o.Channel = name
		if got := say(o); !strings.Contains(got, says) {
			t.Errorf("channel %q:\n%s", name, got)
		}
	}
}

func TestProbeNamesMissingScopes(t *testing.T) {
	few := newBed(t, slackemu.Options{Scopes: []string{"chat:write", "channels:read"}})
	var got string
	for _, c := range slackapp.Probe(t.Context(), few.opts) {
		got += c.Detail + "\n"
	}
	if !strings.Contains(got, "missing: app_mentions:read, commands") {
		t.Errorf("few scopes:\n%s", got)
	}
}
