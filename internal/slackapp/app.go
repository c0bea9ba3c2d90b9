package slackapp

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
)

// Commands answers requests; *commands.Set does.
type Commands interface {
	Dispatch(ctx context.Context, r commands.Request) commands.Reply
	// Opens says whether a command's Reply is a Form.
	Opens(command string) bool
	// Acts says whether a command decides or changes something: those never wait behind questions.
	Acts(command string) bool
}

const (
	// ackWithin is how long an answer may take to go out with the acknowledgement, of the three seconds that Slack gives.
	ackWithin = 1800 * time.Millisecond
	// sendWithin is how long an acknowledgement may wait for a connection before its payload goes another way.
	sendWithin = 2 * time.Second
	// workWithin bounds the work behind a request. A model may take its time; response URLs live for half an hour.
	workWithin = 5 * time.Minute
	// answerWithin bounds how long an answer is tried to be given.
	answerWithin = 2 * time.Minute
	// drainFor is how long Run waits for work under way when it ends; then it is broken off, and its people are told within breakFor.
	drainFor = 5 * time.Second
	breakFor = 3 * time.Second
)

// errStopping is why work under way is broken off.
var errStopping = errors.New("paramedic is being stopped")

// App listens to a workspace and answers. Make it with New; Run it once.
type App struct {
	opts     Options
	line     *line
	commands Commands
	people   *people
	flights  *flights
	homes    *homes
	once     *once
	ties     *ties
	log      *slog.Logger

	questions, decisions, turnedAway *lane

	work sync.WaitGroup
	base context.Context // of all work: what was asked is finished even if the connection goes away meanwhile
	stop context.CancelCauseFunc
}

// New makes an App. It makes no call yet.
func New(o Options, c Commands, seen Seen) *App {
	o = o.withDefaults()
	l := newLine(o)
	base, stop := context.WithCancelCause(context.Background())
	return &App{
		opts: o, line: l, commands: c, log: o.Logger, base: base, stop: stop,
		people:  newPeople(l, o),
		homes:   newHomes(),
		flights: &flights{byID: map[string]*flight{}}, once: &once{seen: seen, log: o.Logger}, ties: &ties{log: o.Logger},
		questions: newLane(mostQuestions, waitingQuestions), decisions: newLane(mostDecisions, waitingDecisions),
		turnedAway: newLane(mostTurnedAway, waitingAway),
	}
}

// Connections is by how many connections Slack can deliver now; where it posts to the bot, that is one. It is safe for concurrent use.
func (a *App) Connections() int {
	if a.opts.SigningSecret != "" {
		return 1
	}
	return a.ties.standing()
}

// Run listens until ctx ends, and then waits a little for work under way. Where [App.Handler] takes what Slack posts, it only waits. It
// returns nil.
func (a *App) Run(ctx context.Context) error {
	if a.opts.Homes != nil {
		a.work.Go(func() { a.keepHomes(ctx) })
	}
	if a.opts.SigningSecret == "" {
		a.stayConnected(ctx)
	} else {
		if a.opts.OnConnected != nil {
			a.opts.OnConnected()
		}
		<-ctx.Done()
	}
	a.drain()
	return nil
}

// drain waits a little for work under way, then breaks it off and tells those who wait for it.
func (a *App) drain() {
	done := make(chan struct{})
	go func() { a.work.Wait(); close(done) }()
	timer := time.NewTimer(drainFor)
	defer timer.Stop()
	select {
	case <-done:
		return
	case <-timer.C:
	}
	a.log.Warn("requests were still being worked on when Slack was left; they are broken off")
	a.stop(errStopping)
	timer.Reset(breakFor)
	select {
	case <-done:
	case <-timer.C:
	}
}

// sleep waits, or less if ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
