package commandstest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Silences keeps in memory what is silenced. The zero value silences nothing; it is safe for concurrent use.
type Silences struct {
	mu  sync.Mutex
	log []incident.Recorded
}

var _ commands.Silences = (*Silences)(nil)

// InForce is what is silenced and ends after [Start].
func (a *Silences) InForce(context.Context) ([]incident.Silence, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.inForce(), nil
}

func (a *Silences) inForce() []incident.Silence {
	return slices.DeleteFunc(incident.Silences(a.log), func(s incident.Silence) bool { return !s.Holds(Start) })
}

// Silence takes anyone's word.
func (a *Silences) Silence(_ context.Context, by incident.Person, s incident.Silence) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.append(incident.SilenceSet{Hush: s.Hush, Reason: s.Reason, By: by, Until: s.Until})
	for _, g := range s.Held {
		a.append(incident.AlertHeld{Hush: s.Hush, Signal: g})
	}
	return nil
}

// End refuses what is not silenced.
func (a *Silences) End(_ context.Context, by incident.Person, h incident.Hush) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slices.ContainsFunc(a.inForce(), func(s incident.Silence) bool { return s.Hush == h }) {
		return &commands.Refusal{Reason: "No silence is in force for " + h.String() + "."}
	}
	a.append(incident.SilenceEnded{Hush: h, By: by})
	return nil
}

func (a *Silences) append(e incident.Event) {
	a.log = append(a.log, incident.Recorded{Version: len(a.log) + 1, At: Start.Add(time.Duration(len(a.log)) * time.Second), Event: e})
}

// Memory remembers what it is given.
type Memory struct {
	Diagnosis *incident.Diagnosis
	Objects   []incident.Object
}

var _ commands.Memory = Memory{}

// Last is the diagnosis.
func (m Memory) Last(context.Context) *incident.Diagnosis { return m.Diagnosis }

// Names are the objects.
func (m Memory) Names(context.Context) ([]incident.Object, error) { return m.Objects, nil }

// Chooser chooses what it is told to, if that is on offer.
type Chooser struct{ Question, Thing string }

var _ commands.Chooser = Chooser{}

// Choose returns the question and the thing.
func (c Chooser) Choose(context.Context, string, []commands.Question, []string) (question, thing, by string, err error) {
	return c.Question, c.Thing, "smollm2:135m", nil
}
