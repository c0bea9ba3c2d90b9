package ollama

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Status is what an Ollama says about itself.
type Status struct {
	URL     string
	Version string
	Models  []Model   // present, by name
	Running []Running // loaded into memory now
}

// Model is one that Ollama has.
type Model struct {
	Name   string
	Digest string
	Size   int64  // bytes on disk
	Remote string // where it really runs; empty: here
}

// Running is a model in memory.
type Running struct {
	Name    string
	Size    int64 // bytes in memory, GPU memory included
	GPU     int64 // bytes of them in GPU memory
	Context int   // tokens
	Until   time.Time
}

// Place says where the model runs: "GPU", "CPU", or "62% GPU, 38% CPU".
func (r Running) Place() string {
	switch {
	case r.GPU <= 0:
		return "CPU"
	case r.GPU >= r.Size:
		return "GPU"
	}
	percent := int(100 * float64(r.GPU) / float64(r.Size))
	return fmt.Sprintf("%d%% GPU, %d%% CPU", percent, 100-percent)
}

// Look asks Ollama for its version, its models and which of them are in memory.
func (c *Client) Look(ctx context.Context) (Status, error) {
	const doing = "look at Ollama"
	s := Status{URL: c.url}
	var err error
	if s.Version, err = c.api.Version(ctx); err != nil {
		return s, c.explain(ctx, doing, "", err)
	}
	if s.Models, err = c.models(ctx); err != nil {
		return s, c.explain(ctx, doing, "", err)
	}
	running, err := c.api.ListRunning(ctx)
	if err != nil {
		return s, c.explain(ctx, doing, "", err)
	}
	for _, r := range running.Models {
		s.Running = append(s.Running, Running{r.Name, r.Size, r.SizeVRAM, r.ContextLength, r.ExpiresAt})
	}
	return s, nil
}

func (c *Client) models(ctx context.Context) ([]Model, error) {
	list, err := c.api.List(ctx)
	if err != nil {
		return nil, err
	}
	var models []Model
	for _, m := range list.Models {
		models = append(models, Model{m.Name, m.Digest, m.Size, m.RemoteHost})
	}
	return models, nil
}

// Model returns the model of that name, with or without its tag ":latest".
func (s Status) Model(name string) (Model, bool) {
	for _, m := range s.Models {
		if sameModel(m.Name, name) {
			return m, true
		}
	}
	return Model{}, false
}

// Loaded returns the model of that name if it is in memory.
func (s Status) Loaded(name string) (Running, bool) {
	for _, r := range s.Running {
		if sameModel(r.Name, name) {
			return r, true
		}
	}
	return Running{}, false
}

// sameModel compares names as Ollama does: without regard to case, and "x" is "x:latest".
func sameModel(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, ":latest"), strings.TrimSuffix(b, ":latest"))
}
