package recovery

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// The kinds of step that have code of their own, and TryAgain; [fields] are the others. The registry is closed: nothing else can be done to
// a cluster or a host.
const (
	SetConfigMapKey  = "SetConfigMapKey"
	RestoreHostFiles = "RestoreHostFiles"
	RestartWorkload  = "RestartWorkload"
	RollBackWorkload = "RollBackWorkload"
	MakeObject       = "MakeObject"
	RemoveObject     = "RemoveObject"
	DeletePod        = "DeletePod"
	EvictPod         = "EvictPod"
	SetFailurePolicy = "SetFailurePolicy"
	DrainNode        = "DrainNode"
	TryAgain         = "TryAgain"
)

var registry = func() map[string]kind {
	all := map[string]kind{
		SetConfigMapKey:  setConfigMapKey{},
		RestoreHostFiles: restoreHostFiles{},
		RestartWorkload:  restartWorkload{},
		RollBackWorkload: rollBackWorkload{},
		MakeObject: whole{kinds: []string{"ConfigMap", "ServiceAccount", "Role", "RoleBinding", "NetworkPolicy", "Service", "Job"},
			harm: incident.Safe},
		RemoveObject: whole{kinds: []string{"APIService", "HorizontalPodAutoscaler", "PodDisruptionBudget"}, removes: true,
			harm: incident.Disruptive},
		DeletePod:        removePod{},
		EvictPod:         removePod{evict: true},
		SetFailurePolicy: setFailurePolicy{},
		DrainNode:        drainNode{},
	}
	for name, f := range fields {
		all[name] = f
	}
	return all
}()

// StepKind documents one kind of step.
type StepKind struct {
	Kind  string
	Means string           // one sentence
	Risk  incident.Risk    // the usual one
	Needs []incident.Right // of any object that it may be done to, undoing it included; without namespaces and names
}

// StepKinds lists every kind of step, by name.
func StepKinds() []StepKind {
	var list []StepKind
	for _, name := range slices.Sorted(maps.Keys(registry)) {
		k := registry[name]
		list = append(list, StepKind{Kind: name, Means: k.means(), Risk: k.risk(incident.Step{}), Needs: needs(k, "")})
	}
	return list
}

// gone is the hash of what is not there.
const gone = "gone"

// paramAfter names the hash that the target is to have once the step is done. Every bound step has it.
const paramAfter = "after"

// subject is a step's target as it is, or as it should be. hash is of the part that a plan is bound to.
type subject struct {
	uid, hash string
	gone      bool         // there is no such object, or it is being deleted
	object    object       // of steps on the cluster; nil where it is gone
	dir       host.Archive // of steps on a host
}

// kind is what one kind of step adds to the algorithm that all share. Everything but look, dryRun and commit is pure.
type kind interface {
	means() string
	objects() []string // the kinds of object that it is done to
	risk(incident.Step) incident.Risk
	title(incident.Step) string
	rights(incident.Step) []incident.Right

	look(context.Context, *Recovery, incident.Step) (subject, error)
	// prepare sets the parameters that follow from the target as it is, such as the value before. Blobs go into put.
	prepare(s *incident.Step, now subject, load loader, put func([]byte) (string, error)) error
	// change is the target after the step. It does not write into now.
	change(s incident.Step, load loader, now subject) (subject, error)
	// between says whether now lies between before and after, as a step of several writes leaves it when it is cut short; such a
	// step can be done again.
	between(s incident.Step, load loader, now subject) (string, bool)
	// views are what a person sees of the target before and after, made from the parameters alone.
	views(s incident.Step, load loader) (before, after string, err error)
	// ends says whether the step is done when its target is gone.
	ends(incident.Step) bool
	// undo is the step's opposite, its parameters swapped; nil where nothing undoes it.
	undo(incident.Step) *incident.Step

	// dryRun asks whoever would be written to what the target would become.
	dryRun(ctx context.Context, r *Recovery, w Writer, s incident.Step, from, to subject) (hash string, err error)
	commit(ctx context.Context, r *Recovery, w Writer, s incident.Step, from, to subject) error
}

func kindOf(s incident.Step) (kind, error) {
	k, ok := registry[s.Kind]
	if !ok {
		return nil, fmt.Errorf("step %s: %q is not a kind of step that this version of paramedic knows", s.ID, s.Kind)
	}
	return k, nil
}

// finish sets what follows from the parameters: title, diff, rights, and whether there is a way back.
func (r *Recovery) finish(k kind, s *incident.Step, load loader) error {
	before, after, err := k.views(*s, load)
	if err != nil {
		return fmt.Errorf("show step %s on %s: %w", s.Kind, s.Target.Object, err)
	}
	s.Title, s.Rights, s.Reversible = k.title(*s), k.rights(*s), k.undo(*s) != nil
	if s.Diff, err = unified(s.Target.Object.String(), before, after, r.o.Redact); err != nil {
		return err
	}
	b, err := json.Marshal(s)
	if err == nil && len(b) > maxStep {
		err = unfit("a step on %s has %d bytes, too many for a plan", s.Target.Object, len(b))
	}
	return err
}

// wasBefore is where the value of an inverse comes from.
const wasBefore = "what was there before the step that this one undoes"

// inALine is a text that may speak of the cluster's own words as it is shown: redacted, in one line, and within its bound.
func (r *Recovery) inALine(text string) string {
	return incident.Clip(reveal(strings.Join(strings.Fields(r.o.Redact(text)), " ")), maxSource)
}

// errNothing says that a step would change nothing.
type errNothing struct{ step incident.Step }

func (e errNothing) Error() string { return e.step.Target.Object.String() + " is that already" }

// errUnfit says that a target is not one that the step can be done to, in words.
type errUnfit struct{ why string }

func (e errUnfit) Error() string { return e.why }

func unfit(format string, a ...any) error { return errUnfit{fmt.Sprintf(format, a...)} }

// Bind completes a step of which kind, target and the input parameters are given: it looks at the target as it is, and sets UID, hash,
// the parameters that follow, title, diff and rights. Bound again, a step stays the same as long as its target does.
func (r *Recovery) Bind(ctx context.Context, draft incident.Step) (incident.Step, error) {
	s := draft
	s.Params = maps.Clone(draft.Params)
	if s.Params == nil {
		s.Params = map[string]string{}
	}
	k, err := kindOf(s)
	if err != nil {
		return s, err
	}
	now, err := k.look(ctx, r, s)
	if err != nil {
		return s, err
	}
	s.Target.UID, s.Target.SpecHash = now.uid, now.hash
	load := r.loader(ctx)
	if err := k.prepare(&s, now, load, func(b []byte) (string, error) { return r.put(ctx, b) }); err != nil {
		return s, err
	}
	for _, p := range []string{paramValue, paramBefore} {
		if v := s.Params[p]; v != r.o.Redact(v) {
			return s, unfit("%s holds what looks like a secret, which no plan may; it has to be changed by hand", s.Target.Object)
		}
	}
	to, err := k.change(s, load, now)
	if err != nil {
		return s, err
	}
	if to.hash == now.hash {
		return s, errNothing{s}
	}
	s.Params[paramAfter] = to.hash
	s.Source = r.inALine(s.Source)
	if err := r.finish(k, &s, load); err != nil {
		return s, err
	}
	_, err = r.Undo(ctx, s) // the way back is written down before the act: it must fit as well
	return s, err
}

// Undo is the step that undoes a bound step once it is done, or nil where nothing does. It looks at no target: it holds as well after
// a crash.
func (r *Recovery) Undo(ctx context.Context, s incident.Step) (*incident.Step, error) {
	k, err := kindOf(s)
	if err != nil {
		return nil, err
	}
	u := k.undo(s)
	if u == nil {
		return nil, nil
	}
	u.ID, u.Kind, u.Unless, u.Source = s.ID, s.Kind, 0, wasBefore
	u.Target = incident.Target{Object: s.Target.Object, UID: s.Target.UID, SpecHash: s.Params[paramAfter]}
	if u.Target.SpecHash == gone { // what is made again is another object
		u.Target.UID = ""
	}
	u.Params[paramAfter] = s.Target.SpecHash
	return u, r.finish(k, u, r.loader(ctx))
}
