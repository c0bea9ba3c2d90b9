//go:build bench

package bench_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/store"
)

const (
	channel = "C0INCIDENTS"
	ada     = "U0ADA"
	bob     = "U0BOB"
)

// workspace is a Slack, a state, and how a bot reaches both.
func workspace(t *testing.T, limits slackemu.RateLimit) (*slackemu.Server, *store.Store, slackapp.Options) {
	t.Helper()
	emu, err := slackemu.New(slackemu.Options{AckWithin: time.Minute, RateLimit: limits,
		Users:    []slackemu.User{{ID: ada, Name: "ada"}, {ID: bob, Name: "bob"}},
		Channels: []slackemu.Channel{{ID: channel, Name: "incidents"}, {ID: "C0OTHER", Name: "other"}}})
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
	return emu, s, slackapp.Options{BotToken: "xoxb-emulated", AppToken: "xapp-emulated", APIURL: emu.APIURL(), Channel: channel,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// crowd answers questions after a while, and decisions at once.
type crowd struct{ think time.Duration }

func (c crowd) Dispatch(_ context.Context, r commands.Request) commands.Reply {
	if !c.Acts(r.Command) {
		time.Sleep(c.think)
	}
	return commands.Reply{Text: r.Command + " " + strings.Join(r.Args, " ") + " is answered"}
}

func (crowd) Opens(string) bool        { return false }
func (crowd) Acts(command string) bool { return command == "approve" }

// runs runs something until the test ends.
func runs(t *testing.T, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
}

// answers are the answers that a person sees to questions or presses that end in ": N".
func answers(n slackemu.Snapshot, user string) map[string]int {
	out := map[string]int{}
	for _, m := range n.Ephemerals(user) {
		if text, ok := strings.CutSuffix(m.Plain(), " is answered"); ok {
			out[text]++
		}
	}
	return out
}

func waitFor(t *testing.T, emu *slackemu.Server, within time.Duration, until func(slackemu.Snapshot) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	_ = emu.Wait(ctx, until) // what did not come is counted
}

func percentile(all []time.Duration, p float64) time.Duration {
	slices.Sort(all)
	if len(all) == 0 {
		return 0
	}
	return all[min(int(p*float64(len(all))), len(all)-1)].Round(time.Millisecond)
}

// TestSlackUnderACrowd asks 500 questions at once, each of which takes a second, drops the connection twice meanwhile, and makes 20
// decisions while every turn for questions is taken.
func TestSlackUnderACrowd(t *testing.T) {
	const questions, decisions = 500, 20
	emu, s, o := workspace(t, slackemu.RateLimit{Off: true})
	runs(t, slackapp.New(o, crowd{think: time.Second}, s).Run)
	waitFor(t, emu, 10*time.Second, func(n slackemu.Snapshot) bool { return n.Connections > 0 })
	began := time.Now()
	var group sync.WaitGroup
	for i := range questions {
		group.Go(func() { _ = emu.Command(context.Background(), bob, channel, "/medic", fmt.Sprint("why ", i)) })
	}
	time.Sleep(500 * time.Millisecond)
	var took []time.Duration
	for i := range decisions {
		press := time.Now()
		if err := emu.Press(t.Context(), ada, channel, button(t, o, i), "go"); err != nil {
			t.Error(err)
		}
		waitFor(t, emu, 30*time.Second, func(n slackemu.Snapshot) bool { return answers(n, ada)[fmt.Sprint("approve ", i)] > 0 })
		took = append(took, time.Since(press))
		if i == 5 || i == 12 {
			emu.DropConnections()
		}
	}
	group.Wait()
	waitFor(t, emu, 2*time.Minute, func(n slackemu.Snapshot) bool { return len(answers(n, bob)) == questions })
	asked, decided, twice := answers(emu.Snapshot(), bob), answers(emu.Snapshot(), ada), 0
	for _, n := range asked {
		twice += n - 1
	}
	fmt.Printf("bench: slack: %d questions of 1s at once, %d turns, the connection lost twice: %d answered, %d lost, %d twice, in %s\n",
		questions, 32, len(asked), questions-len(asked), twice, time.Since(began).Round(100*time.Millisecond))
	fmt.Printf("bench: slack: %d decisions meanwhile: %d answered, %d lost, p50 %s, p99 %s from press to answer\n",
		decisions, len(decided), decisions-len(decided), percentile(took, .5), percentile(took, .99))
	if len(asked) != questions || len(decided) != decisions {
		t.Errorf("%d of %d questions and %d of %d decisions are answered", len(asked), questions, len(decided), decisions)
	}
}

// button posts a button that approves, and returns where it is.
func button(t *testing.T, o slackapp.Options, i int) string {
	t.Helper()
	api := slack.New(o.BotToken, slack.OptionAPIURL(o.APIURL))
	_, ts, err := api.PostMessage(channel, slack.MsgOptionBlocks(slack.NewActionBlock("",
		slack.NewButtonBlockElement("go", fmt.Sprint("approve ", i),
			slack.NewTextBlockObject(slack.PlainTextType, "Go", false, false)))))
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

// TestSlackRedeliveries drops the connection again and again while 900 commands are worked on.
func TestSlackRedeliveries(t *testing.T) {
	const people = 900
	emu, s, o := workspace(t, slackemu.RateLimit{Off: true})
	runs(t, slackapp.New(o, crowd{think: 20 * time.Millisecond}, s).Run)
	waitFor(t, emu, 10*time.Second, func(n slackemu.Snapshot) bool { return n.Connections > 0 })
	began := time.Now()
	var group sync.WaitGroup
	for i := range people {
		group.Go(func() {
			time.Sleep(time.Duration(i) * 3 * time.Millisecond)
			_ = emu.Command(context.Background(), bob, channel, "/medic", fmt.Sprint("why ", i))
		})
	}
	dropped := 0
	for range 25 {
		time.Sleep(100 * time.Millisecond)
		emu.DropConnections()
		dropped++
	}
	group.Wait()
	waitFor(t, emu, time.Minute, func(n slackemu.Snapshot) bool { return len(answers(n, bob)) == people })
	got := answers(emu.Snapshot(), bob)
	fmt.Printf("bench: slack: %d commands while the connection is lost %d times: %d answered, %d lost, in %s\n",
		people, dropped, len(got), people-len(got), time.Since(began).Round(100*time.Millisecond))
	if len(got) != people {
		t.Errorf("%d of %d are answered", len(got), people)
	}
}

// TestSlackRecovers measures how long a channel stays silent after errors, and that another one does not.
func TestSlackRecovers(t *testing.T) {
	emu, s, o := workspace(t, slackemu.RateLimit{})
	d := slackapp.NewDeliverer(o, s)
	runs(t, d.Run)
	tell := func(incident, to, text string) {
		t.Helper()
		if err := d.Deliver(t.Context(), incident, to, []commands.Message{{Slot: commands.RootSlot, Reply: commands.Reply{Text: text,
			Blocks: []commands.Block{commands.Paragraph{commands.Text(text)}}}}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, failures := range []int{6, 60} {
		failing := fmt.Sprint("ill ", failures)
		emu.Inject(slackemu.Fault{Method: "chat.postMessage", ChannelID: channel, Times: failures, Outcome: slackemu.ServerError})
		ended := make(chan struct{})
		if failures == 60 { // an outage of some length: Slack is well again after ten seconds
			go func() {
				time.Sleep(10 * time.Second)
				emu.Heal()
				close(ended)
			}()
		} else {
			close(ended)
		}
		began := time.Now()
		tell(fmt.Sprint("INC-1", failures), channel, failing)
		tell(fmt.Sprint("INC-2", failures), "C0OTHER", failing)
		shows := func(n slackemu.Snapshot, where string) bool {
			return slices.ContainsFunc(n.Messages(where), func(m slackemu.Message) bool { return m.Plain() == failing })
		}
		waitFor(t, emu, 5*time.Second, func(n slackemu.Snapshot) bool { return shows(n, "C0OTHER") })
		other := time.Since(began)
		<-ended
		well := time.Now()
		waitFor(t, emu, time.Minute, func(n slackemu.Snapshot) bool { return shows(n, channel) })
		what, silent := fmt.Sprintf("%d failed calls", failures), time.Since(began)
		if failures == 60 {
			what, silent = "an outage of 10s", time.Since(well)
		}
		fmt.Printf("bench: slack: after %s a channel is told after %s; another meanwhile after %s\n",
			what, silent.Round(10*time.Millisecond), other.Round(10*time.Millisecond))
		if !shows(emu.Snapshot(), channel) || silent > 10*time.Second || other > 2*time.Second {
			t.Errorf("it took %s, and %s in the other channel", silent, other)
		}
	}
}
