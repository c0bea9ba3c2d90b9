package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/webhook"
)

// door is an address where HTTP is served.
type door struct {
	net.Listener
	what string // what for
	mux  *http.ServeMux
}

// listen binds the addresses: that of alerts, and that of what Slack posts, which may be the same.
func (s *Server) listen() error {
	if at := s.config.Webhook.Listen; at != "" {
		alerts, err := webhook.New(webhook.Options{Credentials: s.reload.webhookCredentials, Sink: s.watchdog, Logger: s.options.Logger,
			Redact: s.options.Redactor.String})
		if err != nil {
			return err
		}
		d, err := s.open(at, "alerts")
		if err != nil {
			return err
		}
		for _, p := range webhook.Paths {
			d.mux.Handle(p, alerts)
		}
		d.mux.Handle("GET /metrics", s.metricsHandler())
	}
	at := s.config.Slack.Listen
	if at == "" || s.slack == nil {
		return nil
	}
	if at != s.config.Webhook.Listen {
		if _, err := s.open(at, "Slack"); err != nil {
			return err
		}
	}
	s.doors[len(s.doors)-1].mux.Handle(slackapp.Path, s.slack.Handler())
	return nil
}

// open binds an address. It answers probes.
func (s *Server) open(address, what string) (*door, error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for %s: %w; is another paramedic running?", what, err)
	}
	d := &door{Listener: ln, what: what, mux: http.NewServeMux()}
	s.doors = append(s.doors, d)
	d.mux.HandleFunc("GET /healthz", answerProbe(func(context.Context) string { return s.unwell() }))
	d.mux.HandleFunc("GET /readyz", answerProbe(s.unready))
	return d, nil
}

// serve answers requests until the context ends.
func (d *door) serve(ctx context.Context) error {
	server := &http.Server{Handler: d.mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 20 * time.Second,
		MaxHeaderBytes: 32 << 10}
	done := make(chan error, 1)
	go func() { done <- server.Serve(d.Listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("take %s: %w", d.what, err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(stop); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// WebhookAddr is where alerts are taken; empty without a webhook.
func (s *Server) WebhookAddr() string { return s.addr(s.config.Webhook.Listen) }

// SlackAddr is where what Slack posts is taken; empty with Socket Mode.
func (s *Server) SlackAddr() string { return s.addr(s.config.Slack.Listen) }

// addr is what was bound for an address, which may have had the port 0.
func (s *Server) addr(configured string) string {
	switch {
	case configured == "" || len(s.doors) == 0:
		return ""
	case configured == s.config.Webhook.Listen:
		return s.doors[0].Addr().String()
	}
	return s.doors[len(s.doors)-1].Addr().String()
}
