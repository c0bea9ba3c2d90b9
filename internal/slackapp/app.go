package slackapp

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/backoff"
	"github.com/paramedic-bot/paramedic/internal/guard"
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
	api      *slack.Client
	commands Commands
	people   *people
	flights  *flights
	homes    *homes
	once     *once
	log      *slog.Logger

	questions, decisions, turnedAway *lane

	work sync.WaitGroup
	base context.Context // of all work: what was asked is finished even if the connection goes away meanwhile
	stop context.CancelCauseFunc
}

// New makes an App. It makes no call yet.
func New(o Options, c Commands, seen Seen) *App {
	o = o.withDefaults()
	api := o.client()
	base, stop := context.WithCancelCause(context.Background())
	return &App{
		opts: o, api: api, commands: c, log: o.Logger, base: base, stop: stop,
		people:  newPeople(api, o),
		homes:   newHomes(),
		flights: &flights{byID: map[string]*flight{}}, once: &once{seen: seen, log: o.Logger},
		questions: newLane(mostQuestions, waitingQuestions), decisions: newLane(mostDecisions, waitingDecisions),
		turnedAway: newLane(mostTurnedAway, waitingAway),
	}
}

// Run stays connected by Socket Mode, and reconnects, until ctx ends. It returns nil then; wrong tokens are logged and tried again,
// for they can be put right while it runs.
func (a *App) Run(ctx context.Context) error {
	apart := backoff.Backoff{First: time.Second, Most: time.Minute}
	failures := 0
	if a.opts.Homes != nil {
		a.work.Go(func() { a.keepHomes(ctx) })
	}
	for ctx.Err() == nil {
		began := a.opts.Now()
		err := a.connect(ctx)
		if ctx.Err() != nil {
			break
		}
		if a.opts.Now().Sub(began) > time.Minute {
			failures = 0
		}
		failures++
		wait := apart.After(failures)
		a.log.Error("the connection to Slack ended; it is tried again", "error", err, "in", wait, "try", "paramedic doctor")
		sleep(ctx, wait)
	}
	a.drain()
	return nil //nolint:nilerr // that ctx has ended is how Run is told to stop
}

// connect runs one Socket Mode client, which reconnects by itself as long as the tokens are right.
func (a *App) connect(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	socket := socketmode.New(a.api, socketmode.OptionLog(libraryLog{a.log}), socketmode.OptionReadLimit(4<<20))
	ended := make(chan error, 1)
	go func() {
		ended <- guard.Do("keep the connection to Slack", func() error { return socket.RunContext(ctx) })
	}()
	for {
		select {
		case err := <-ended:
			return err
		case e := <-socket.Events:
			if !guard.Run(a.log, "take what Slack delivered", func() { a.receive(ctx, socket, e) }) {
				a.ackSoon(ctx, socket, e.Request)
			}
		}
	}
}

// receive takes what Slack delivered and sets its work going. It does not wait for work.
func (a *App) receive(ctx context.Context, socket *socketmode.Client, e socketmode.Event) {
	switch e.Type {
	case socketmode.EventTypeConnected:
		a.log.Info("connected to Slack")
		if a.opts.OnConnected != nil {
			a.opts.OnConnected()
		}
	case socketmode.EventTypeConnectionError, socketmode.EventTypeInvalidAuth, socketmode.EventTypeIncomingError:
		if ctx.Err() != nil {
			break // it is we who are leaving
		}
		a.log.Warn("the connection to Slack is disturbed", "event", string(e.Type), "error", disturbance(e.Data))
	case socketmode.EventTypeErrorWriteFailed:
		if failed, ok := e.Data.(*socketmode.ErrorWriteFailed); ok && failed.Response != nil {
			a.again(ctx, socket, failed.Response)
		}
	case socketmode.EventTypeErrorBadMessage:
		a.badMessage(ctx, socket, e.Data)
	default:
		d, ok := a.delivery(e)
		if !ok {
			a.ackSoon(ctx, socket, e.Request)
			return
		}
		a.take(d, func(payload json.RawMessage) error { return sendAck(ctx, socket, e.Request, payload) })
	}
}

func disturbance(data any) error {
	switch v := data.(type) {
	case *slack.ConnectionErrorEvent:
		return v.ErrorObj
	case *slack.IncomingEventError:
		return v.ErrorObj
	}
	return errors.New("the token was not accepted")
}

// sendAck acknowledges an envelope. That it returns nil does not mean that Slack has it: the connection may end first, and then Slack
// delivers again.
func sendAck(ctx context.Context, socket *socketmode.Client, r *socketmode.Request, payload json.RawMessage) error {
	if r == nil || r.EnvelopeID == "" {
		return errors.New("there is no envelope to acknowledge")
	}
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	if payload == nil {
		return socket.AckCtx(ctx, r.EnvelopeID, nil)
	}
	return socket.AckCtx(ctx, r.EnvelopeID, payload)
}

// ackSoon acknowledges what needs no answer.
func (a *App) ackSoon(ctx context.Context, socket *socketmode.Client, r *socketmode.Request) {
	if err := sendAck(ctx, socket, r, nil); err != nil && r != nil {
		a.log.Warn("an acknowledgement could not be sent", "error", err)
	}
}

// again sends an acknowledgement anew that a connection which was ending did not take.
func (a *App) again(ctx context.Context, socket *socketmode.Client, r *socketmode.Response) {
	a.work.Go(func() {
		guard.Run(a.log, "acknowledge anew", func() {
			ctx, cancel := context.WithTimeout(ctx, sendWithin)
			defer cancel()
			if err := socket.AckCtx(ctx, r.EnvelopeID, r.Payload); err != nil {
				a.log.Warn("an acknowledgement could not be sent", "error", err)
			}
		})
	})
}

// badMessage acknowledges what can't be read, lest it come again for ever.
func (a *App) badMessage(ctx context.Context, socket *socketmode.Client, data any) {
	bad, ok := data.(*socketmode.ErrorBadMessage)
	if !ok {
		return
	}
	a.log.Warn("Slack sent something that can't be read", "error", bad.Cause)
	var envelope socketmode.Request
	if json.Unmarshal(bad.Message, &envelope) == nil && envelope.EnvelopeID != "" {
		a.ackSoon(ctx, socket, &envelope)
	}
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
