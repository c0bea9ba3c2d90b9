package cluster

import (
	"context"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const (
	healthWithin = 2 * time.Second
	healthChecks = 200 // at most
)

// health asks the API server for the word of each of its own health checks. One that fails answers with an error and says which.
func (r *Reader) health(ctx context.Context) ([]snapshot.Health, []incident.NotSeen) {
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	body, err := r.core.Discovery().RESTClient().Get().AbsPath("/readyz").Param("verbose", "").Do(ctx).Raw()
	checks := parseHealth(string(body))
	if err != nil && len(checks) == 0 && !apierrors.IsUnauthorized(err) {
		return nil, []incident.NotSeen{unseen("the API server's health", err, incident.ServerHealth)}
	}
	return checks, nil
}

// parseHealth reads lines such as "[+]ping ok" and "[-]etcd failed: reason withheld".
func parseHealth(body string) []snapshot.Health {
	var out []snapshot.Health
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		ok := strings.HasPrefix(line, "[+]")
		if !ok && !strings.HasPrefix(line, "[-]") || len(out) == healthChecks {
			continue
		}
		name, words, _ := strings.Cut(line[len("[+]"):], " ")
		words = strings.TrimPrefix(strings.TrimPrefix(words, "failed: "), "ok")
		if name != "" && len(words) <= 500 {
			out = append(out, snapshot.Health{Name: name, OK: ok, Words: words})
		}
	}
	return out
}
