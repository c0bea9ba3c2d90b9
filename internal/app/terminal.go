package app

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/cluster/write"
	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// terminalTeam is the team of people at a terminal. No team of Slack's is called so.
const terminalTeam = "terminal"

// AtTerminal is the person who runs this process.
func AtTerminal() incident.Person {
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return atTerminal(name)
}

func atTerminal(name string) incident.Person {
	return incident.Person{Team: terminalTeam, ID: name, Name: name + " (at the terminal)"}
}

// TerminalOptions are whose credentials a decision at the terminal is made with.
type TerminalOptions struct {
	Kubeconfig string // as for cluster.Connect
	Context    string
	Redact     func(string) string
}

// OpenApprovals opens the state of a serve that may be running, for a person who decides about plans at the terminal with credentials of
// their own. Close it after use.
func OpenApprovals(ctx context.Context, c Config, o TerminalOptions) (_ *Incidents, closing func() error, err error) {
	reader, err := cluster.Connect(o.Kubeconfig, o.Context)
	if err != nil {
		return nil, nil, err
	}
	client, err := write.New(reader.Config())
	if err != nil {
		return nil, nil, err
	}
	writer, self, err := client.Self(ctx)
	if err != nil {
		return nil, nil, err
	}
	objects, err := client.Reader()
	if err != nil {
		return nil, nil, err
	}
	hosts := map[string]recovery.Host{}
	if c.Host.Root != "" {
		h, err := host.New(host.Config{Root: c.Host.Root, Node: c.Host.Node, CNIDir: c.Host.CNIDir})
		if err != nil {
			return nil, nil, err
		}
		hosts[h.Node()] = h
	}
	i, closing, err := OpenStops(ctx, c.State, c.StateKeyFile, o.Redact)
	if err != nil {
		return nil, nil, err
	}
	st := i.ledger.store
	rec, err := recovery.New(recovery.Options{Reader: objects, WriterFor: func(incident.Identity) (recovery.Writer, error) {
		return writer,
			nil
	},
		Hosts: hosts, Blobs: st, LastGood: lastGood{st}, Now: time.Now, Redact: o.Redact, Patience: c.Plans.Comeback.Duration,
		CeilingPods: c.Plans.Ceiling.Pods})
	if err != nil {
		return nil, nil, errors.Join(err, closing())
	}
	i.recovery, i.access, i.self, i.expires = rec, NewAccess(c), &self, c.Plans.Expires.Duration
	i.podsPerHour = c.Plans.Ceiling.PodsPerHour
	return i, closing, nil
}

// OpenStops opens the state of a serve that may be running, for a person who stops recoveries. The record's key is in keyFile; empty:
// beside the state. Close it after use.
func OpenStops(ctx context.Context, path, keyFile string, redact func(string) string) (*Incidents, func() error, error) {
	st, clock, err := openForPerson(ctx, path, keyFile)
	if err != nil {
		return nil, nil, err
	}
	l := &ledger{Journal: NewJournal(st.Reader), store: st, now: clock.Now, redact: redact}
	return &Incidents{ledger: l, access: NewAccess(DefaultConfig()), redact: redact}, st.Close, nil
}

// openForPerson opens the state of a serve that may be running, with the clock that its record goes by.
func openForPerson(ctx context.Context, path, keyFile string) (*store.Store, *clock, error) {
	st, err := openExisting(ctx, path, keyFile)
	if err != nil {
		return nil, nil, err
	}
	c, err := clockOf(ctx, st.Reader, nil)
	if err != nil {
		return nil, nil, errors.Join(err, st.Close())
	}
	return st, c, nil
}

// openExisting opens a state for writing that must be there: a mistyped name makes none.
func openExisting(ctx context.Context, path, keyFile string) (*store.Store, error) {
	r, err := store.OpenReadOnly(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := r.Close(); err != nil {
		return nil, err
	}
	return store.Open(ctx, path, store.Options{KeyFile: keyFile})
}

// atTerminal is who a person is by the credentials they came with: an approver, by the Kubernetes user that the configuration names for
// one, or, where the plan asks for a yes in the terminal, whoever is a person to the API server.
func (i *Incidents) atTerminal(p *incident.Plan, by incident.Person) (actor, error) {
	if strings.HasPrefix(i.self.User, "system:serviceaccount:") || strings.HasPrefix(i.self.User, "system:node:") {
		return actor{}, &commands.Refusal{Reason: "To the API server you are " + i.self.User + ", the account of a program.",
			Try: "Name a kubeconfig of your own with --kubeconfig."}
	}
	if p != nil && p.Terminal {
		by.Name = fmt.Sprintf("%s, who is %s to the API server", by.Name, i.self.User)
		return actor{by: by, as: *i.self, terminal: true}, nil
	}
	person, as, ok := i.access.approverAs(i.self.User)
	if !ok {
		return actor{}, &commands.Refusal{Reason: "To the API server you are " + i.self.User + ", whom the configuration names for no approver.",
			Try: "Ask an approver, or use the kubeconfig of one."}
	}
	return actor{by: person, as: as, terminal: true}, nil
}
