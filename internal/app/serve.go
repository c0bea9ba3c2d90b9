package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/diagnosis/catalog"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/cluster/write"
	"github.com/paramedic-bot/paramedic/internal/guard"
	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/metrics"
	"github.com/paramedic-bot/paramedic/internal/notices"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// ServerOptions are what a Server needs beside its configuration.
type ServerOptions struct {
	Version  string
	Logger   *slog.Logger
	Redactor *redact.Redactor
	// ConfigFile is what the configuration was read from: it is read again while the bot runs. Empty: it stays as it is.
	ConfigFile string
	// Now is the system's clock; nil: time.Now.
	Now func() time.Time
	// Replay says that the cluster is played from a bundle: its addresses mean nothing here, so nothing is asked of them.
	Replay bool
}

// Server is the bot: `paramedic serve`.
type Server struct {
	config    Config
	options   ServerOptions
	access    *Access
	reload    *reloader
	store     *store.Store
	runner    *runner
	keeper    *keeper
	deliver   *slackapp.Deliverer // nil without Slack
	slack     *slackapp.App       // the same
	notices   *notices.Deliverer
	incidents *Incidents
	clock     *clock
	mind      *Mind
	lacks     *lacks
	watchman  *watchman // nil: nothing is watched
	watchdog  *watchdog
	heart     *heart // nil: nobody is told that the bot is well
	meters    *meters
	hush      func(context.Context) error // records which incidents are silenced
	doors     []*door                     // where HTTP is served
	failures  *Failures
	compared  chan struct{} // is closed once the record has been compared with what Slack has seen of it, or Slack will not say
}

const (
	collectEvery = time.Hour // removes what is no longer needed
	// retention is how long messages of incidents that are over are kept to be changed, and blobs that nothing needs.
	retention       = 90 * 24 * time.Hour
	rereadEvery     = 30 * time.Second // for postmortems that came into the folder
	checkpointEvery = 10 * time.Minute // records the heads of all streams
	clockEvery      = 10 * time.Minute // says that the clock was set back
	silenceEvery    = 15 * time.Second
	stopWithin      = 15 * time.Second
)

// NewServer opens the state and prepares every part. It contacts nobody yet but binds the addresses where HTTP is served, so that a port in
// use is known at once.
func NewServer(ctx context.Context, c Config, o ServerOptions) (_ *Server, err error) {
	s := &Server{config: c, options: o, access: NewAccess(c), failures: NewFailures(o.Logger), meters: newMeters(),
		compared: make(chan struct{})}
	s.reload = newReloader(o.ConfigFile, c, s.access, o.Logger)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.store, err = store.Open(ctx, c.State, store.Options{Logger: o.Logger, KeyFile: c.StateKeyFile, Seal: true}); err != nil {
		return nil, err
	}
	if why, err := unsure(ctx, s.store.Reader); err != nil || why != "" {
		o.Logger.Error("nothing is approved or executed: "+doubtDetail(why, err), "try", "paramedic doctor")
	}
	eyes, err := s.openEyes()
	if err != nil {
		return nil, err
	}
	rec, err := s.openRecovery(eyes)
	if err != nil {
		return nil, err
	}
	if s.mind, err = OpenMind(ctx, c, s.store, o.Redactor, o.Logger); err != nil {
		return nil, err
	}
	if s.clock, err = clockOf(ctx, s.store.Reader, o.Now); err != nil {
		return nil, err
	}
	l := &ledger{Journal: NewJournal(s.store.Reader), store: s.store, now: s.clock.Now, aside: s.sayAside, redact: o.Redactor.String}
	s.incidents = &Incidents{ledger: l, recovery: rec, access: s.access, route: c.route(),
		expires: c.Plans.Expires.Duration, podsPerHour: c.Plans.Ceiling.PodsPerHour, redact: o.Redactor.String, shares: c.slack(),
		share: newShare(c.Watch.IncidentsPerHour), silences: keptSilences(s.store, s.clock.Now, o.Redactor.String)}
	w := &worker{ledger: l, eyes: eyes, recall: s.mind.Recall, tell: s.mind.Tell, recovery: rec, access: s.access,
		silences: s.incidents.silences,
		publish:  s.mind.Publish,
		policy:   c.policy(), errorRate: c.Verify.ErrorRate, steps: 2 * time.Second, podsPerHour: c.Plans.Ceiling.PodsPerHour,
		compared: s.compared, reload: s.reload, share: s.share}
	s.hush = w.hush
	s.runner = newRunner(runner{ledger: l, policy: c.policy(), do: w.table(), draw: s.draw, redact: o.Redactor.String, logger: o.Logger})
	s.keeper = &keeper{eyes: eyes, store: s.store, logger: o.Logger}
	known := keptAcceptances(s.store, s.clock.Now, o.Redactor.String)
	eyes.Rights, eyes.Accepted = cluster.NewRights(eyes.Reader, nil), known.InForce
	s.lacks = &lacks{config: s.reload.config, redact: o.Redactor.String, changed: s.changed}
	s.notices, err = notices.New(notices.Options{Homes: c.homes(), Store: s.store, Logger: o.Logger, Redact: o.Redactor.String,
		Now: s.clock.Now})
	if err != nil {
		return nil, err
	}
	if !c.Watch.Disabled {
		s.watchman = s.openWatch(eyes)
	}
	s.openSlack(&commands.Set{Lacks: s.lacks, Glances: &commands.Glances{}, Looker: eyes, Explainer: s.mind, Incidents: s.incidents,
		Searcher: s.mind, Roles: s.access, Outcomes: s.incidents, Books: Books(), Acceptances: known, Silences: s.incidents.silences,
		Memory: eyes, Chooser: s.mind, Codes: catalog.Codes(), Redact: o.Redactor.String,
		Channel: c.Slack.Channel,
		Sight:   &sight{s.access, eyes.Rights, s.store.Deliveries}})
	return s, errors.Join(s.openSenses(ctx), s.listen())
}

// openSenses prepares what tells how the bot, and whoever tells it of alerts, fares.
func (s *Server) openSenses(ctx context.Context) (err error) {
	s.meter()
	if s.config.Heartbeat.URL != "" {
		if s.heart, err = s.config.Heartbeat.heart(); err != nil {
			return err
		}
	}
	return s.openWatchdog(ctx)
}

func (s *Server) openEyes() (*Eyes, error) {
	c := s.config
	reader, err := cluster.Connect(c.Cluster.Kubeconfig, c.Cluster.Context)
	if err != nil {
		return nil, err
	}
	if c.Cluster.Name != "" {
		if reader, err = cluster.New(reader.Config(), c.Cluster.Name); err != nil {
			return nil, err
		}
	}
	eyes := &Eyes{Reader: reader, Redact: s.options.Redactor.String, Lookups: !s.options.Replay, Secrets: c.Cluster.Secrets,
		Failed: s.failures.Take}
	if c.Metrics.URL != "" {
		token := func() string { return s.reload.now().Metrics.BearerToken }
		if eyes.Metrics, err = metrics.New(c.Metrics.URL, token, c.Metrics.way(false)); err != nil {
			return nil, err
		}
	}
	if c.Host.Root != "" {
		if eyes.Host, err = host.New(host.Config{Root: c.Host.Root, Node: c.Host.Node, CNIDir: c.Host.CNIDir}); err != nil {
			return nil, err
		}
	}
	return eyes, nil
}

func (s *Server) openRecovery(eyes *Eyes) (*recovery.Recovery, error) {
	client, err := write.New(eyes.Reader.Config())
	if err != nil {
		return nil, err
	}
	reader, err := client.Reader()
	if err != nil {
		return nil, err
	}
	hosts := map[string]recovery.Host{}
	if eyes.Host != nil {
		hosts[eyes.Host.Node()] = eyes.Host
	}
	return recovery.New(recovery.Options{
		Reader:    reader,
		WriterFor: func(as incident.Identity) (recovery.Writer, error) { return client.WriterFor(as) },
		Hosts:     hosts, Blobs: s.store, LastGood: lastGood{s.store}, Now: time.Now, Redact: s.options.Redactor.String,
		Patience: s.config.Plans.Comeback.Duration, CeilingPods: s.config.Plans.Ceiling.Pods,
	})
}

// Run is the bot's life: it ends with the context, or with the first part that cannot go on. What was being done then is written down, or
// observed by the next Run.
func (s *Server) Run(ctx context.Context) error {
	duty, err := s.store.TakeDuty(ctx)
	if err == nil {
		err = s.incidents.ledger.rebuild(ctx, s.options.Logger)
	}
	if err != nil {
		if duty != nil {
			err = errors.Join(err, duty.End())
		}
		return errors.Join(err, s.close())
	}
	g, ctx := errgroup.WithContext(ctx)
	s.runSlack(ctx, g)
	g.Go(func() error { return s.notices.Run(ctx) })
	g.Go(func() error {
		s.every(ctx, s.config.LastGood.Every.Duration, "keep last-good copies", s.keeper.keepAndSay)
		return nil
	})
	g.Go(func() error { s.runner.run(ctx); return nil })
	g.Go(func() error { s.every(ctx, collectEvery, "remove what is no longer needed", s.collect); return nil })
	g.Go(func() error { s.every(ctx, checkpointEvery, "record a checkpoint", s.checkpoint); return nil })
	g.Go(func() error { s.every(ctx, rereadEvery, "read all postmortems", s.mind.Reread); return nil })
	g.Go(func() error { s.every(ctx, silenceEvery, "keep to what is silenced", s.keepSilences); return nil })
	g.Go(func() error { s.every(ctx, clockEvery, "compare the clock with the record", s.lookAtClock); return nil })
	g.Go(func() error { s.every(ctx, reloadEvery, "read the configuration again", s.reload.read); return nil })
	g.Go(func() error { s.every(ctx, lackEvery, "look at what is lacking", s.lacks.look); return nil })
	g.Go(func() error { s.every(ctx, watchdogLook, "look for the Watchdog alert", s.watchdog.look); return nil })
	if s.watchman != nil {
		g.Go(func() error { return s.watchman.run(ctx) })
	}
	if s.heart != nil {
		g.Go(func() error {
			s.every(ctx, s.config.Heartbeat.Every.Duration, "send a heartbeat", s.heartbeat)
			return nil
		})
	}
	for _, d := range s.doors {
		g.Go(func() error { return d.serve(ctx) })
	}
	s.options.Logger.Info("paramedic is on duty", "version", s.options.Version, "cluster", s.keeper.eyes.Reader.Name(), "channel",
		s.config.Slack.Channel, "notices", len(s.config.Notices), "alerts", s.WebhookAddr())
	g.Go(func() error {
		<-ctx.Done()
		s.options.Logger.Info("paramedic is stopping")
		return nil
	})
	err = g.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	s.runner.stop()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	err = errors.Join(err, s.checkpoint(stop), duty.End(), s.close())
	s.options.Logger.Info("paramedic has stopped")
	return err
}

// collect removes what is no longer needed.
func (s *Server) collect(ctx context.Context) error {
	open, err := s.store.OpenStreams(ctx)
	if err != nil {
		return err
	}
	for i := range open {
		open[i] = strings.TrimPrefix(open[i], streamPrefix)
	}
	c, err := s.store.Collect(ctx, time.Now().Add(-retention), open)
	if err == nil && c != (store.Collected{}) {
		s.options.Logger.Info("removed what is no longer needed", "deliveries", c.Deliveries, "blobs", c.Blobs, "keys", c.Keys)
	}
	return err
}

func (s *Server) checkpoint(ctx context.Context) error {
	return s.store.Checkpoint(ctx, s.clock.Now())
}

// lookAtClock says that the system's clock is behind.
func (s *Server) lookAtClock(context.Context) error {
	if d := s.clock.behind(); d > 0 {
		s.options.Logger.Warn("the clock is behind what is recorded already; plans and approvals expire by the record's time", "behind", d, "try",
			"set the clock right")
	}
	return nil
}

// every does something at once and then at intervals until the context ends.
func (s *Server) every(ctx context.Context, interval time.Duration, what string, do func(context.Context) error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := guard.Do(what, func() error { return do(ctx) }); err != nil && ctx.Err() == nil {
			s.options.Logger.Warn("cannot "+what+"; will try again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Server) close() error {
	var errs []error
	for _, d := range s.doors {
		if err := d.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}
