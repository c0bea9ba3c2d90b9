package slackapp_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/guard"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// desk answers "why" when it is let, "approve" when decisions are let, and panics at "boom".
type desk struct {
	questions, decisions chan struct{} // closed: let
	asked                chan string
}

func newDesk() *desk {
	return &desk{questions: make(chan struct{}), decisions: make(chan struct{}), asked: make(chan string, 10000)}
}

func (d *desk) Dispatch(ctx context.Context, r commands.Request) commands.Reply {
	d.asked <- r.Command
	let := d.questions
	switch r.Command {
	case "boom":
		panic("at the desk")
	case "approve":
		let = d.decisions
	}
	select {
	case <-let:
	case <-ctx.Done():
		return commands.Reply{Text: "given up", Exit: commands.ExitNoAnswer}
	}
	return commands.Reply{Text: r.Command + " is answered"}
}

func (d *desk) Opens(string) bool        { return false }
func (d *desk) Acts(command string) bool { return command == "approve" }

// buttons posts a message with a button that types a command line, and returns where it is.
func (b *bed) buttons(t *testing.T, line string) string {
	t.Helper()
	_, ts, err := b.api().PostMessage(channel, slack.MsgOptionBlocks(slack.NewActionBlock("", slack.NewButtonBlockElement("go", line,
		slack.NewTextBlockObject(slack.PlainTextType, "Go", false, false)))))
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

// count is how many of the messages that only this person sees say so.
func count(n slackemu.Snapshot, user, says string) int {
	found := 0
	for _, m := range n.Ephemerals(user) {
		if strings.Contains(m.Plain(), says) {
			found++
		}
	}
	return found
}

// everybody lets n people do something at once, and returns how it went when all have.
func everybody(n int, do func(i int) error) (errs []error) {
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			if err := do(i); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return errs
}

// While every turn for questions is taken, and hundreds more wait, a decision is made: not one of them is answered before it.
func TestADecisionNeverWaitsForQuestions(t *testing.T) {
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	d := newDesk()
	b.listen(t, d)
	close(d.decisions)
	press := b.buttons(t, "approve INC-1 cafe")
	questions := make(chan []error, 1)
	go func() {
		questions <- everybody(300, func(int) error { return b.slack.Command(context.Background(), bob, channel, "/medic", "why") })
	}()
	for range 32 {
		<-d.asked
	}
	if err := b.slack.Press(t.Context(), ada, channel, press, "go"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return count(n, ada, "approve is answered") == 1 })
	close(d.questions)
	if errs := <-questions; len(errs) > 0 {
		t.Errorf("%d of 300 were not acknowledged: %v", len(errs), errs[0])
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return count(n, bob, "why is answered") == 300 })
	b.unharmed(t)
}

// What there is no room for is answered, not acknowledged and dropped: 540 people press at once where 516 may wait.
func TestEverybodyWhoIsTurnedAwayIsTold(t *testing.T) {
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	d := newDesk()
	b.listen(t, d)
	press := b.buttons(t, "approve INC-1 cafe")
	if errs := everybody(540, func(int) error { return b.slack.Press(context.Background(), ada, channel, press, "go") }); len(errs) > 0 {
		t.Fatalf("%d were not acknowledged: %v", len(errs), errs[0])
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return count(n, ada, "this was not taken") == 24 })
	close(d.decisions)
	b.wait(t, func(n slackemu.Snapshot) bool { return count(n, ada, "approve is answered") == 516 })
	b.unharmed(t)
}

// A connection that ends while something is worked on makes Slack deliver it again, to the connection after it. Whoever asked gets the
// answer, once, and it is worked on once.
func TestWhatIsRedeliveredWhileItIsWorkedOnIsAnswered(t *testing.T) {
	onSockets(t)
	for name, wait := range map[string]time.Duration{"before the acknowledgement is due": 300 * time.Millisecond,
		"after": 2500 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
			d := newDesk()
			b.listen(t, d)
			const people = 30
			answered := make(chan []error, 1)
			go func() {
				answered <- everybody(people, func(int) error { return b.slack.Command(context.Background(), ada, channel, "/medic", "why") })
			}()
			for range people {
				<-d.asked
			}
			for range 3 {
				b.slack.DropConnections()
				b.wait(t, func(n slackemu.Snapshot) bool { return n.Connections == slackapp.Connections })
				time.Sleep(wait)
			}
			close(d.questions)
			if errs := <-answered; len(errs) > 0 {
				t.Errorf("%d were not acknowledged: %v", len(errs), errs[0])
			}
			b.wait(t, func(n slackemu.Snapshot) bool { return count(n, ada, "why is answered") == people })
			if len(d.asked) > 0 {
				t.Errorf("%d were worked on twice", len(d.asked))
			}
		})
	}
}

// dying is a Seen of a process that was killed: it remembers nothing any more.
type dying struct{}

func (dying) Seen(context.Context, string, string) (bool, error) { return false, nil }

func (dying) FirstSeen(context.Context, string, string, time.Duration) (bool, error) {
	return false, fmt.Errorf("killed")
}

// Twice the bot is killed while it works on a command; the third process answers it.
func TestWhatWasKilledTwiceIsAnswered(t *testing.T) {
	onSockets(t)
	b := newBed(t, slackemu.Options{})
	answered := make(chan error, 1)
	for i := range 2 {
		killed := newDesk()
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		o := b.opts
		o.HTTP = network(ctx)
		go func() { defer close(ended); _ = slackapp.New(o, killed, dying{}).Run(ctx) }()
		b.wait(t, func(n slackemu.Snapshot) bool { return n.Connections == slackapp.Connections })
		if i == 0 {
			go func() { answered <- b.slack.Command(context.Background(), ada, channel, "/medic", "why") }()
		}
		<-killed.asked
		cancel()
		b.wait(t, func(n slackemu.Snapshot) bool { return n.Connections == 0 })
		t.Cleanup(func() { <-ended })
	}
	d := newDesk()
	close(d.questions)
	b.listen(t, d)
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return count(n, ada, "why is answered") == 1 })
}

// A panic behind any of the doors costs its own answer: the person is told, and the next one is answered.
func TestAPanicIsToldAndEndsNothing(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	d := newDesk()
	close(d.questions)
	b.listen(t, d)
	before := guard.Panics()
	const says = "Something went wrong here; it was logged."
	if err := b.slack.Command(t.Context(), ada, channel, "/medic", "boom"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return count(n, ada, says) == 1 })
	if err := b.slack.Press(t.Context(), ada, channel, b.buttons(t, "boom"), "go"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return count(n, ada, says) == 2 })
	if _, err := b.slack.Mention(t.Context(), ada, channel, "", "boom"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return count(n, ada, says) == 3 })
	if err := b.slack.Command(t.Context(), ada, channel, "/medic", "why"); err != nil {
		t.Fatal(err)
	}
	b.wait(t, func(n slackemu.Snapshot) bool { return count(n, ada, "why is answered") == 1 })
	if n := guard.Panics() - before; n < 3 {
		t.Errorf("%d panics are counted", n)
	}
}

// Work that outlives the bot's patience at its end is broken off, and its person is told.
func TestWhoWaitsWhenTheBotStopsIsTold(t *testing.T) {
	b := newBed(t, slackemu.Options{})
	d := newDesk()
	b.listen(t, d)
	go func() { _ = b.slack.Command(context.Background(), ada, channel, "/medic", "why") }()
	<-d.asked
	b.stop()
	b.wait(t, func(n slackemu.Snapshot) bool { return count(n, ada, "is being restarted") == 1 })
}

// While Slack does not take an answer it is tried again; what it refuses to show is shortened, and keeps its buttons and the way to the
// whole.
func TestAnAnswerThatSlackDoesNotTakeComesAllTheSame(t *testing.T) {
	r := commands.Reply{Text: "A plan", Blocks: []commands.Block{
		commands.Header{Text: "A plan"}, commands.Paragraph{commands.Text(strings.Repeat("long ", 1000))},
		commands.Actions{{ID: "plan", Label: "Open", Value: "plan INC-1"}}}}
	for name, faults := range map[string][]slackemu.Fault{
		"an error of Slack's": {{Method: "chat.postEphemeral", Times: 2, Outcome: slackemu.ServerError},
			{Method: "chat.postMessage", Times: 2, Outcome: slackemu.ServerError}},
		"too long": {{Method: "chat.postEphemeral", Outcome: slackemu.Refused, Error: "msg_blocks_too_long"}},
		"invalid":  {{Method: "chat.postEphemeral", Times: 2, Outcome: slackemu.Refused, Error: "invalid_blocks"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, slackemu.Options{})
			c := newSlowly(r)
			close(c.let)
			b.listen(t, c)
			for _, f := range faults {
				b.slack.Inject(f)
			}
			if _, err := b.slack.Mention(t.Context(), ada, channel, "", "incidents INC-1"); err != nil {
				t.Fatal(err)
			}
			b.wait(t, func(n slackemu.Snapshot) bool { return len(n.Ephemerals(ada)) == 1 })
			m := b.slack.Ephemerals(ada)[0]
			if got := m.Plain(); !strings.Contains(got, "A plan") || len(m.Elements()) != 1 {
				t.Errorf("she sees %.200q", got)
			} else if name != "an error of Slack's" && !strings.Contains(got, "paramedic incidents INC-1") {
				t.Errorf("it does not say where the whole is: %.200q", got)
			}
		})
	}
}
