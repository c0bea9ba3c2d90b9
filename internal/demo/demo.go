package demo

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// Options of a Demo. The zero value works.
type Options struct {
	Listen  string // of the page; empty: a free port of this machine
	Version string
	Model   string // for stories; empty: the first that an Ollama has, if one answers
	Logger  *slog.Logger

	callAfter time.Duration // without an answer until Ben is called; 0: a minute
}

// Demo is everything that runs. Make it with Start; Close it.
type Demo struct {
	Slack      *slackemu.Server
	World      *World
	Kubeconfig string // an administrator's, for kubectl
	Model      string // that tells the stories; empty: the template does

	dir    string
	state  *store.Reader // the bot's record
	alerts *alertmanager
	api    *http.Server
	ended  <-chan struct{} // closed when a part has failed, or it is to end
	cancel context.CancelFunc
	group  *errgroup.Group
	closed sync.Once
	err    error

	mu     sync.Mutex
	record *app.Incidents // what the state says; nil before the bot has one
	night  ring           // the alert of the founding incident
	bad    ring           // that of a bad release
}

// Start sets everything up and waits until the bot is connected and has kept what it needs to mend the cluster.
func Start(ctx context.Context, o Options) (_ *Demo, err error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &Demo{}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if d.dir, err = os.MkdirTemp("", "paramedic-demo-"); err != nil {
		return nil, err
	}
	ctx, d.cancel = context.WithCancel(ctx)
	d.group, ctx = errgroup.WithContext(ctx)
	d.ended = ctx.Done()
	if err := d.startCluster(); err != nil {
		return nil, err
	}
	if err := d.startSlack(o); err != nil {
		return nil, err
	}
	if err := d.startBot(ctx, o); err != nil {
		return nil, err
	}
	d.group.Go(func() error { return d.World.Run(ctx, func(t turn) { d.turned(ctx, t, o.Logger) }) })
	return d, d.ready(ctx)
}

// Wait returns when a part of the demo has failed, or the context that it was started with has ended. Close says why.
func (d *Demo) Wait() { <-d.ended }

// Close ends everything and removes what was written.
func (d *Demo) Close() error {
	d.closed.Do(func() {
		if d.cancel != nil {
			d.cancel()
		}
		var errs []error
		if d.api != nil {
			errs = append(errs, d.api.Close())
		}
		if d.World != nil && d.World.API != nil {
			d.World.API.Close()
		}
		if d.group != nil {
			errs = append(errs, d.group.Wait())
		}
		if d.Slack != nil {
			errs = append(errs, d.Slack.Close())
		}
		if d.state != nil {
			errs = append(errs, d.state.Close())
		}
		if d.dir != "" {
			errs = append(errs, os.RemoveAll(d.dir))
		}
		d.err = errors.Join(errs...)
	})
	return d.err
}
