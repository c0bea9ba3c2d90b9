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
)

// Commands answers requests; *commands.Set does.
type Commands interface {
	Dispatch(ctx context.Context, r commands.Request) commands.Reply
	Opens(command string) bool
}

const (
	// ackWithin is how long a quick answer may take to go out with the acknowledgement, of the three seconds that Slack gives.
	ackWithin = 1800 * time.Millisecond
	// workWithin bounds the work behind a request. A model may take its time; response URLs live for half an hour.
	workWithin = 5 * time.Minute
	// mostAtOnce bounds the requests that are worked on at a time.
	mostAtOnce = 32
	// drainFor is how long Run waits for work under way when it ends.
	drainFor = 5 * time.Second
)

// App listens to a workspace and answers. Make it with New; Run it once.
type App struct {
	opts     Options
	api      *slack.Client
	commands Commands
	people   *people
	once     *once
	log      *slog.Logger
	slots    chan struct{}
	work     sync.WaitGroup
}

// New makes an App. It makes no call yet.
func New(o Options, c Commands, seen Seen) *App {
	o = o.withDefaults()
	api := o.client()
	return &App{
		opts: o, api: api, commands: c, log: o.Logger, slots: make(chan struct{}, mostAtOnce),
		people: &people{api: api, now: o.Now, known: map[string]somebody{}},
		once:   &once{seen: seen, log: o.Logger, working: map[string]bool{}, answers: map[string]any{}},
	}
}

// Run stays connected by Socket Mode, and reconnects, until ctx ends. It returns nil then; wrong tokens are logged and tried again,
// for they can be put right while it runs.
func (a *App) Run(ctx context.Context) error {
	wait := time.Second
	for ctx.Err() == nil {
		began := a.opts.Now()
		err := a.connect(ctx)
		if ctx.Err() != nil {
			break
		}
		if a.opts.Now().Sub(began) > time.Minute {
			wait = time.Second
		}
		a.log.Error("the connection to Slack ended; it is tried again", "error", err, "in", wait, "try", "paramedic doctor")
		sleep(ctx, wait)
		wait = min(2*wait, time.Minute)
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
	go func() { ended <- socket.RunContext(ctx) }()
	for {
		select {
		case err := <-ended:
			return err
		case e := <-socket.Events:
			a.receive(ctx, socket, e)
		}
	}
}

// receive acknowledges an event and sets its work going. It does not block.
func (a *App) receive(ctx context.Context, socket *socketmode.Client, e socketmode.Event) {
	ack := func(payload any) { a.ack(ctx, socket, e.Request, payload) }
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
	case socketmode.EventTypeErrorBadMessage:
		a.badMessage(ctx, socket, e.Data)
	case socketmode.EventTypeSlashCommand:
		if cmd, ok := e.Data.(slack.SlashCommand); ok {
			a.start(ctx, e.Request.EnvelopeID, ack, false, func(ctx context.Context, ack func(any)) { a.slashCommand(ctx, cmd, ack) })
		}
	case socketmode.EventTypeInteractive:
		if cb, ok := e.Data.(slack.InteractionCallback); ok {
			a.interaction(ctx, e.Request.EnvelopeID, cb, ack)
		}
	case socketmode.EventTypeEventsAPI:
		a.event(ctx, e, ack)
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

// ack acknowledges an envelope. A payload that is too large for an acknowledgement is left out: the caller sends it otherwise.
func (a *App) ack(ctx context.Context, socket *socketmode.Client, r *socketmode.Request, payload any) {
	if r == nil || r.EnvelopeID == "" {
		return
	}
	if err := socket.AckCtx(ctx, r.EnvelopeID, payload); err != nil {
		a.log.Warn("an acknowledgement could not be sent", "error", err)
	}
}

// badMessage acknowledges what can't be read, lest it come again for ever.
func (a *App) badMessage(ctx context.Context, socket *socketmode.Client, data any) {
	bad, ok := data.(*socketmode.ErrorBadMessage)
	if !ok {
		return
	}
	a.log.Warn("Slack sent something that can't be read", "error", bad.Cause)
	var envelope socketmode.Request
	if json.Unmarshal(bad.Message, &envelope) == nil {
		a.ack(ctx, socket, &envelope, nil)
	}
}

// start works on a delivery, once. ackFirst says that it is acknowledged before, and not by the work. What came before is
// acknowledged again, with the same payload.
func (a *App) start(ctx context.Context, id string, ack func(any), ackFirst bool, work func(ctx context.Context, ack func(any))) {
	if ackFirst {
		ack(nil)
	}
	select {
	case a.slots <- struct{}{}:
	default:
		a.log.Warn("too many requests at once; one is turned away", "most", mostAtOnce)
		if !ackFirst {
			ack(map[string]any{"response_type": "ephemeral", "text": "Too many people are asking at once. Try again in a moment."})
		}
		return
	}
	a.work.Go(func() {
		defer func() { <-a.slots }()
		// What was asked is finished even if the connection goes away meanwhile.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), workWithin)
		defer cancel()
		if !a.once.begin(ctx, id) {
			if !ackFirst {
				ack(a.once.answer(id))
			}
			return
		}
		var answer any
		work(ctx, func(payload any) {
			answer = payload
			ack(payload)
		})
		a.once.done(ctx, id, answer)
	})
}

// drain waits a little for work under way.
func (a *App) drain() {
	done := make(chan struct{})
	go func() { a.work.Wait(); close(done) }()
	timer := time.NewTimer(drainFor)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		a.log.Warn("requests were still being worked on when Slack was left")
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
