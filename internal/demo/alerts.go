package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// alertmanager posts what Prometheus' usual rules would have said of failing pods, as Alertmanager posts it.
type alertmanager struct {
	url, token string
	client     *http.Client
}

func newAlertmanager(url, token string) *alertmanager {
	return &alertmanager{url: url, token: token, client: &http.Client{Timeout: 10 * time.Second}}
}

// ring is an alert about pods, by namespace and name, and since when it fires; zero: it does not.
type ring struct {
	pods  [][2]string
	began time.Time
}

// ofTheNight are the pods of which the founding incident's alert speaks.
func ofTheNight(broken *bundle.Bundle) (pods [][2]string) {
	for _, p := range failing(broken) {
		if p.GetNamespace() != dnsNamespace {
			pods = append(pods, [2]string{p.GetNamespace(), p.GetName()})
		}
	}
	return pods
}

// deliver posts until it is heard, as Alertmanager does, or for a few tries.
func (a *alertmanager) deliver(ctx context.Context, r ring, ended time.Time) (err error) {
	for try := range 5 {
		if try > 0 {
			select {
			case <-ctx.Done():
				return err
			case <-time.After(time.Second):
			}
		}
		if err = a.post(ctx, r, ended); err == nil {
			return nil
		}
	}
	return err
}

// post sends one group of alerts; ended zero means that they fire.
func (a *alertmanager) post(ctx context.Context, r ring, ended time.Time) error {
	status := "firing"
	if !ended.IsZero() {
		status = "resolved"
	}
	var alerts []map[string]any
	for _, p := range r.pods {
		sum := sha256.Sum256([]byte("KubePodCrashLooping/" + p[0] + "/" + p[1]))
		alerts = append(alerts, map[string]any{
			"status":      status,
			"labels":      map[string]string{"alertname": "KubePodCrashLooping", "severity": "warning", "namespace": p[0], "pod": p[1]},
			"annotations": map[string]string{"summary": fmt.Sprintf("Pod %s/%s is crash-looping", p[0], p[1])},
			"startsAt":    r.began.UTC(), "endsAt": ended.UTC(), "fingerprint": hex.EncodeToString(sum[:8]),
		})
	}
	body, err := json.Marshal(map[string]any{
		"version": "4", "groupKey": `{}:{alertname="KubePodCrashLooping"}`, "status": status, "receiver": "paramedic",
		"groupLabels":       map[string]string{"alertname": "KubePodCrashLooping"},
		"commonLabels":      map[string]string{"alertname": "KubePodCrashLooping"},
		"commonAnnotations": map[string]string{}, "externalURL": "http://alertmanager.example", "alerts": alerts,
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+a.token)
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("post the alerts: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		text, err := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("post the alerts: %s: %s (%w)", resp.Status, text, err)
	}
	return nil
}
