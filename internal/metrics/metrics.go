// Package metrics asks a Prometheus for single values, by PromQL. It is an optional sense: a diagnosis stands without it.
package metrics

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/paramedic-bot/paramedic/internal/straight"
)

// Prometheus is one server. It is safe for concurrent use.
type Prometheus struct{ api promv1.API }

// New prepares to ask the server at the address, such as "http://prometheus.monitoring:9090". token, which may be nil, is asked
// for the bearer token at each question; there is none where it is empty. New does not contact the server.
func New(address string, token func() string, way straight.Way) (*Prometheus, error) {
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("Prometheus at %q: not an http or https address", address)
	}
	next, err := way.Transport()
	if err != nil {
		return nil, fmt.Errorf("Prometheus at %s: %w", address, err)
	}
	client, err := api.NewClient(api.Config{Address: strings.TrimRight(address, "/"), Client: &http.Client{
		Transport: bearer{token, next}, CheckRedirect: straight.Refuse}}) // lest the token go elsewhere
	if err != nil {
		return nil, fmt.Errorf("Prometheus at %s: %w", address, err)
	}
	return &Prometheus{promv1.NewAPI(client)}, nil
}

// Query returns the value of an instant query that gives a scalar or one sample; ok is false where it gives none, or more than one.
func (p *Prometheus) Query(ctx context.Context, promQL string) (value float64, ok bool, err error) {
	v, _, _, err := p.api.Query(ctx, promQL, time.Time{})
	if err != nil {
		return 0, false, fmt.Errorf("ask Prometheus for %s: %w", promQL, err)
	}
	switch v := v.(type) {
	case *model.Scalar:
		return float64(v.Value), true, nil
	case model.Vector:
		if len(v) == 1 {
			return float64(v[0].Value), true, nil
		}
	}
	return 0, false, nil
}

// bearer adds a token to each request.
type bearer struct {
	token func() string
	next  http.RoundTripper
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.token == nil {
		return b.next.RoundTrip(r)
	}
	if token := b.token(); token != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return b.next.RoundTrip(r)
}
