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

	"github.com/paramedic-bot/paramedic/internal/backoff"
	"github.com/paramedic-bot/paramedic/internal/guard"
)

// connections is how many of the ten connections that Slack allows an app are held. Slack ends each of them every few hours, and says so
// only a moment before: what it delivers meanwhile comes by another.
const connections = 2

// renewEvery is how often it is asked whether the tokens by which a connection was made still count.
const renewEvery = 2 * time.Second

// errRenewed is why a connection is given up: another is made by the new tokens.
var errRenewed = errors.New("the tokens have changed")

// stayConnected holds the connections of Socket Mode until ctx ends. One that can't be made, as with wrong tokens, is logged and tried
// again, for they can be put right while it runs.
func (a *App) stayConnected(ctx context.Context) {
	var all sync.WaitGroup
	for range connections {
		all.Go(func() { a.keepConnected(ctx) })
	}
	all.Wait()
}

// keepConnected holds one connection.
func (a *App) keepConnected(ctx context.Context) {
	apart := backoff.Backoff{First: time.Second, Most: time.Minute}
	failures := 0
	for ctx.Err() == nil {
		began := a.opts.Now()
		err := a.connect(ctx)
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, errRenewed) {
			a.log.Info("the tokens have changed; the connection to Slack is made anew")
			failures = 0
			continue
		}
		if a.opts.Now().Sub(began) > time.Minute {
			failures = 0
		}
		failures++
		wait := apart.After(failures)
		a.ties.trouble(ctx, slog.LevelError, "there is no connection to Slack; it is tried again", explain(err, ofAppToken))
		sleep(ctx, wait)
	}
}

// connect runs one Socket Mode client, which reconnects by itself as long as the tokens are right.
func (a *App) connect(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	by := a.opts.tokens()
	options := []socketmode.Option{socketmode.OptionLog(libraryLog{a.log}), socketmode.OptionReadLimit(4 << 20)}
	if d := a.opts.dialer(); d != nil {
		options = append(options, socketmode.OptionDialer(d))
	}
	socket := socketmode.New(a.line.api(), options...)
	l := &tie{of: a.ties}
	defer l.turn(false)
	renewal := time.NewTicker(renewEvery)
	defer renewal.Stop()
	ended := make(chan error, 1)
	go func() {
		ended <- guard.Do("keep the connection to Slack", func() error { return socket.RunContext(ctx) })
	}()
	for {
		select {
		case err := <-ended:
			return err
		case <-renewal.C:
			if a.opts.tokens() != by {
				return errRenewed
			}
		case e := <-socket.Events:
			l.saw(e.Type)
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
		if a.opts.OnConnected != nil {
			a.opts.OnConnected()
		}
	case socketmode.EventTypeConnectionError, socketmode.EventTypeInvalidAuth, socketmode.EventTypeIncomingError:
		if ctx.Err() != nil {
			break // it is we who are leaving
		}
		a.ties.trouble(ctx, slog.LevelWarn, "the connection to Slack is disturbed; it is made anew", explain(disturbance(e.Data), ofAppToken))
	case socketmode.EventTypeErrorWriteFailed:
		if failed, ok := e.Data.(*socketmode.ErrorWriteFailed); ok && failed.Response != nil {
			a.again(ctx, socket, failed.Response)
		}
	case socketmode.EventTypeErrorBadMessage:
		a.badMessage(ctx, socket, e.Data)
	default:
		d, ok := a.delivery(arrivalOf(e))
		if !ok {
			a.ackSoon(ctx, socket, e.Request)
			return
		}
		a.take(d, func(payload json.RawMessage) error { return sendAck(ctx, socket, e.Request, payload) })
	}
}

func arrivalOf(e socketmode.Event) arrival {
	arrived := arrival{data: e.Data}
	if e.Request != nil {
		arrived.payload, arrived.envelope = e.Request.Payload, e.Request.EnvelopeID
	}
	return arrived
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

// ackSoon acknowledges what needs no answer. Slack's greeting, and the like, asks for none.
func (a *App) ackSoon(ctx context.Context, socket *socketmode.Client, r *socketmode.Request) {
	if r == nil || r.EnvelopeID == "" {
		return
	}
	if err := sendAck(ctx, socket, r, nil); err != nil {
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
