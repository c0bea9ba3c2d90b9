package ollama

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/ollama/ollama/api"
	"github.com/ollama/ollama/envconfig"

	"github.com/paramedic-bot/paramedic/internal/straight"
)

// Options say where the models are and which to use.
type Options struct {
	Host  string // a URL or host[:port]; empty: OLLAMA_HOST, and without it http://127.0.0.1:11434
	Chat  string // the model that writes, such as "smollm2:135m"; empty: Chat fails
	Way   straight.Way
	Embed string // the model that embeds, such as "all-minilm"; empty: Embed fails
}

// Client talks to one Ollama. It is safe for concurrent use. Make it with [New].
type Client struct {
	api         *api.Client
	url         string
	chat, embed string

	mu    sync.Mutex
	local map[string]bool // models known to run on that Ollama's own machine
}

var (
	// ErrUnreachable says that no Ollama answered.
	ErrUnreachable = errors.New("no answer from Ollama")
	// ErrNoModel says that Ollama hasn't got the model, or none is configured.
	ErrNoModel = errors.New("model not there")
	// ErrRemote says that the model, or Ollama itself, is a service outside the building. What a cluster logs doesn't go there.
	ErrRemote = errors.New("not a local model")
	// ErrTooLong says that the model wrote more than was allowed.
	ErrTooLong = errors.New("the model did not come to an end")
)

const defaultPort = "11434"

// maxResponse bounds what is read of one response, in bytes. The largest is a batch of embeddings: 64 of 4,096 numbers.
const maxResponse = 16 << 20

// New returns a Client. It does not connect; an error says that the host is not one.
func New(o Options) (*Client, error) {
	base, err := host(o.Host)
	if err != nil {
		return nil, err
	}
	if name := strings.ToLower(base.Hostname()); name == "ollama.com" || strings.HasSuffix(name, ".ollama.com") {
		return nil, fmt.Errorf("host %s of Ollama: %w; use an Ollama of your own", base, ErrRemote)
	}
	next, err := o.Way.Transport()
	if err != nil {
		return nil, fmt.Errorf("the way to Ollama at %s: %w", base, err)
	}
	h := &http.Client{Transport: bounded{next}, CheckRedirect: straight.Refuse} // a prompt goes to that host and to no other
	return &Client{api: api.NewClient(base, h), url: base.String(), chat: o.Chat, embed: o.Embed, local: map[string]bool{}}, nil
}

func host(s string) (*url.URL, error) {
	if s == "" {
		return envconfig.Host(), nil
	}
	full := s
	if !strings.Contains(s, "://") {
		full = "http://" + s
	}
	u, err := url.Parse(full)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("host %q of Ollama is not one; write it as http://127.0.0.1:11434", s)
	}
	if u.Port() == "" && full != s {
		u.Host = net.JoinHostPort(u.Hostname(), defaultPort)
	}
	return u, nil
}

// URL is where the Client looks for Ollama.
func (c *Client) URL() string { return c.url }

// Name is the chat model's name, or empty.
func (c *Client) Name() string { return c.chat }

// Embedder is the embedding model's name, or empty.
func (c *Client) Embedder() string { return c.embed }

// bounded keeps a response from filling the memory.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(req)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxResponse), resp.Body}
	}
	return resp, err
}

// explain says what an error of the API means and what to do about it.
func (c *Client) explain(ctx context.Context, doing, model string, err error) error {
	var status api.StatusError
	var opErr *net.OpError
	var urlErr *url.Error
	var redirect *straight.Redirect
	switch {
	case err == nil:
		return nil
	case errors.As(err, &redirect):
		return fmt.Errorf("%s: %w: %w; what a cluster says goes to Ollama itself alone: if %s is yours, give it as Ollama's host", doing,
			ErrRemote, redirect, redirect.To)
	case errors.Is(err, ErrTooLong):
		return fmt.Errorf("%s with model %q: %w", doing, model, err)
	case ctx.Err() != nil:
		return fmt.Errorf("%s with model %q: no answer in time: %w", doing, model, cmp.Or(context.Cause(ctx), ctx.Err()))
	case errors.As(err, &status) && status.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s: %w: Ollama at %s has no %q; try: ollama pull %s", doing, ErrNoModel, c.url, model, model)
	case errors.As(err, &status):
		return fmt.Errorf("%s with model %q: Ollama at %s: %s (HTTP %d)", doing, model, c.url, status.ErrorMessage, status.StatusCode)
	case errors.As(err, &opErr), errors.As(err, &urlErr):
		return fmt.Errorf("%s: %w at %s (%w); is it running? try: ollama serve", doing, ErrUnreachable, c.url, err)
	}
	return fmt.Errorf("%s with model %q at %s: %w", doing, model, c.url, err)
}

// ready says what is missing if the model is not configured, not there or not local. What is known to be local is not asked again.
func (c *Client) ready(ctx context.Context, doing, model string) error {
	if model == "" {
		return fmt.Errorf("%s: %w: none is configured", doing, ErrNoModel)
	}
	c.mu.Lock()
	known := c.local[model]
	c.mu.Unlock()
	if known {
		return nil
	}
	m, err := c.find(ctx, doing, model)
	if err != nil {
		return err
	}
	if m.Remote != "" {
		return fmt.Errorf("%s: model %q runs at %s: %w; choose one that runs here", doing, model, m.Remote, ErrRemote)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.local[model] = true
	return nil
}

// find looks a model up among those that Ollama has.
func (c *Client) find(ctx context.Context, doing, model string) (Model, error) {
	models, err := c.models(ctx)
	if err != nil {
		return Model{}, c.explain(ctx, doing, model, err)
	}
	for _, m := range models {
		if sameModel(m.Name, model) {
			return m, nil
		}
	}
	return Model{}, fmt.Errorf("%s: %w: Ollama at %s has no %q; try: ollama pull %s", doing, ErrNoModel, c.url, model, model)
}
