package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/paramedic-bot/paramedic/internal/straight"
)

// HeartbeatConfig is whom the bot tells that it is well, so that somebody else notices when it is not: a service such as healthchecks.io.
// Without URL nobody is told.
type HeartbeatConfig struct {
	URL     string   `json:"url"` // a secret: whoever knows it can say so, too
	URLFile string   `json:"urlFile"`
	Every   Duration `json:"every"`
	WayConfig
}

const (
	beatWithin = 10 * time.Second // bounds one heartbeat
	leastBeats = 10 * time.Second // between two
)

func defaultHeartbeat() HeartbeatConfig {
	return HeartbeatConfig{Every: Duration{Duration: time.Minute}}
}

func (c HeartbeatConfig) validate(report func(field, format string, args ...any)) {
	if c.URL == "" {
		return
	}
	if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		report("heartbeat.url", "must begin with https:// or http://") // not repeated: it is a secret
	}
	if c.Every.Duration < leastBeats {
		report("heartbeat.every", "must be %s or longer", leastBeats)
	}
	if _, err := c.way(false).Transport(); err != nil {
		report("heartbeat", "%v", err)
	}
}

// heart tells somebody else that the bot is well, by a GET of a URL.
type heart struct {
	url    string
	client *http.Client
}

func (c HeartbeatConfig) heart() (*heart, error) {
	t, err := c.way(false).Transport()
	if err != nil {
		return nil, fmt.Errorf("heartbeat: %w", err)
	}
	return &heart{c.URL, &http.Client{Transport: t, CheckRedirect: straight.Refuse, Timeout: beatWithin}}, nil
}

// beat tells it once. Errors do not say the URL.
func (h *heart) beat(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url, nil)
	if err != nil {
		return errors.New("the URL can't be asked")
	}
	req.Header.Set("User-Agent", "paramedic")
	resp, err := h.client.Do(req)
	if err != nil {
		if u := new(url.Error); errors.As(err, &u) {
			err = u.Err
		}
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %s", req.URL.Host, resp.Status)
	}
	return nil
}

// heartbeat tells that the bot is well, while it is.
func (s *Server) heartbeat(ctx context.Context) error {
	if why := s.unwell(); why != "" {
		s.meters.beats.WithLabelValues("withheld").Inc()
		return errors.New(why)
	}
	if err := s.heart.beat(ctx); err != nil {
		s.meters.beats.WithLabelValues("failed").Inc()
		return err
	}
	s.meters.beats.WithLabelValues("sent").Inc()
	return nil
}
