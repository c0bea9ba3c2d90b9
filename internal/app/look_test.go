package app_test

import (
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/app"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/demo"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// What may be said follows from what may be seen: without the right to see what matters, a healthy cluster is not called well, and what is
// not seen is not said not to exist.
func TestWhatMayNotBeSeenIsNotCalledWell(t *testing.T) {
	b, err := demo.Healthy()
	if err != nil {
		t.Fatal(err)
	}
	may := func(without ...string) bundle.Rule {
		r := bundle.Rule{Users: []string{"viewer"}, Verbs: []string{"*"}, APIGroups: []string{"*"}}
		for _, k := range snapshot.Kinds {
			if !slices.Contains(without, k.Resource) {
				r.Resources = append(r.Resources, k.Resource)
			}
		}
		return r
	}
	inOllama := may()
	inOllama.Namespaces = []string{"ollama"}
	for name, c := range map[string]struct {
		may  bundle.Rule
		line string
		exit int
		says string
	}{
		"all":                          {may(), "check", 0, "nothing wrong"},
		"no pods":                      {may("pods"), "check", 2, "nothing wrong was seen, but pods could not be looked at"},
		"no nodes":                     {may("nodes"), "check", 2, "nothing wrong was seen, but nodes could not be looked at"},
		"no nodes, a namespace":        {may("nodes"), "check -n ollama", 0, "namespace ollama: nothing wrong"},
		"no leases":                    {may("leases"), "check", 0, "nothing wrong"},
		"no Deployments, one of them":  {may("deployments"), "why deployment/nosuch -n ollama", 2, "deployments could not be looked at"},
		"no Deployments, seen by pods": {may("deployments"), "why deployment/embedder -n ollama", 2, "but deployments could not be looked at"},
		"one namespace":                {inOllama, "check -n ollama", 0, "namespace ollama: nothing wrong"},
		"one namespace, whole":         {inOllama, "check", 2, ""},
		"one namespace, another":       {inOllama, "check -n monitoring", 2, ""},
		"one namespace, an object":     {inOllama, "why ollama/embedder", 0, "Nothing is known to be wrong with Deployment/ollama/embedder"},
		"one namespace, mistyped":      {inOllama, "why deployment/embeder -n ollama", 2, "Did you mean deployment/embedder?"},
	} {
		t.Run(name, func(t *testing.T) {
			server := bundle.NewServer(b, bundle.ServerOptions{Users: map[string]bundle.User{"t": {Name: "viewer"}}, Authorize: bundle.Rules(c.may)})
			h := httptest.NewServer(server)
			defer func() { server.Close(); h.Close() }()
			reader, err := cluster.New(&rest.Config{Host: h.URL, BearerToken: "t"}, "lab")
			if err != nil {
				t.Fatal(err)
			}
			words, err := commands.Parse(c.line)
			if err != nil {
				t.Fatal(err)
			}
			set := commands.Set{Looker: &app.Eyes{Reader: reader}}
			r := set.Dispatch(t.Context(), commands.Request{Command: words[0], Args: words[1:], Prog: "paramedic"})
			if r.Exit != c.exit || !strings.Contains(r.Text, c.says) {
				t.Errorf("exit %d, want %d: %q, want %q", r.Exit, c.exit, r.Text, c.says)
			}
		})
	}
}

// A name that nothing bears is an error that callers can tell from a cluster that does not answer.
func TestWhatDoesNotExistIsAnErrorOfItsOwn(t *testing.T) {
	b, err := demo.Broken()
	if err != nil {
		t.Fatal(err)
	}
	var none *incident.NoAnswer
	if _, err := (&app.Eyes{Bundle: b}).LookAt(t.Context(), incident.Asked{Namespace: "typo"}); !errors.As(err, &none) {
		t.Errorf("got %v", err)
	}
}
