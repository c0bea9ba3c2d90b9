package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
)

// payload is version 4 of Alertmanager's webhook message
// (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config); fields that are not used are not read.
type payload struct {
	Version  string  `json:"version"`
	GroupKey string  `json:"groupKey"`
	Alerts   []alert `json:"alerts"`
}

type alert struct {
	Status      string            `json:"status"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	Fingerprint string            `json:"fingerprint"`
}

// Bounds of what is kept; lengths are bytes.
const (
	maxBody = 16 << 20
	// maxInFlight bounds the messages that are being taken in, all together; further ones wait.
	maxInFlight = 4 * maxBody
	maxAlerts   = 5000
	maxLabels   = 64
	maxName     = 128
	maxValue    = 512
	maxTitle    = 200
	maxText     = 2000
)

// Parse reads a webhook message and makes a signal of each alert in it, in order. Every string in them is bounded and valid UTF-8.
// Errors are sentences for whoever configured the sender. Redact is applied to each text before it is cut to size, to labels by their
// names; nil leaves them as they are.
func Parse(body []byte, secrets func(string) string) ([]incident.Signal, error) {
	var p payload
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&p); err != nil {
		return nil, fmt.Errorf("the body is not an Alertmanager message in JSON: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the JSON message; send one message a request")
	}
	switch {
	case p.Version == "":
		return nil, errors.New(`the message has no "version"; is it Alertmanager's webhook_config that sends it?`)
	case p.Version != "4":
		return nil, fmt.Errorf("version %.20q of the message is not known, only \"4\"", p.Version)
	case len(p.Alerts) == 0:
		return nil, errors.New("the message has no alerts")
	case len(p.Alerts) > maxAlerts:
		return nil, fmt.Errorf("the message has %d alerts, at most %d are taken; set max_alerts in webhook_config", len(p.Alerts), maxAlerts)
	}
	if secrets != nil {
		w := &redact.Walker{Text: redact.Remembering(secrets)}
		p.GroupKey = w.String(p.GroupKey)
		for i := range p.Alerts {
			p.Alerts[i] = redact.Values(w, p.Alerts[i])
		}
	}
	signals := make([]incident.Signal, 0, len(p.Alerts))
	for i, a := range p.Alerts {
		s, err := a.signal(p.GroupKey)
		if err != nil {
			return nil, fmt.Errorf("alert %d: %w", i+1, err)
		}
		signals = append(signals, s)
	}
	return signals, nil
}

func (a alert) signal(group string) (incident.Signal, error) {
	s := incident.Signal{Kind: incident.AlertSignal, Group: bound(group, maxValue), Labels: labels(a.Labels), Since: onset(a.StartsAt)}
	switch a.Status {
	case "firing":
		s.Status = incident.Firing
	case "resolved":
		s.Status = incident.Resolved
	default:
		return s, fmt.Errorf("its status is %.20q, not firing or resolved", a.Status)
	}
	if s.Fingerprint = bound(a.Fingerprint, maxName); s.Fingerprint == "" {
		if len(a.Labels) == 0 {
			return s, errors.New("it has neither a fingerprint nor labels")
		}
		s.Fingerprint = fingerprint(a.Labels)
	}
	for _, title := range []string{a.Annotations["summary"], a.Labels["alertname"], "An alert without a name"} {
		if s.Title = bound(strings.Join(strings.Fields(title), " "), maxTitle); s.Title != "" {
			break
		}
	}
	text := a.Annotations["description"]
	if text == "" {
		text = a.Annotations["message"]
	}
	s.Text = bound(text, maxText)
	return s, nil
}

// onset is when an alert began; zero for years that no clock shows, of which some can't even be written down in UTC.
func onset(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}
	}
	return t
}

// labels keeps the first names in order, so that what is left out does not depend on chance.
func labels(all map[string]string) map[string]string {
	kept := make(map[string]string, min(len(all), maxLabels))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if len(kept) == maxLabels {
			break
		}
		kept[bound(name, maxName)] = bound(all[name], maxValue)
	}
	return kept
}

// fingerprint identifies an alert by its labels, as Alertmanager does, for senders that leave theirs out.
func fingerprint(all map[string]string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(h, "%d:%s%d:%s", len(name), name, len(all[name]), all[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// bound makes s valid and at most n bytes long.
func bound(s string, n int) string {
	return clip.Prefix(strings.ToValidUTF8(s, "\ufffd"), n)
}
