package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// Rights says what a Kubernetes user may read; *cluster.Rights asks the API server.
type Rights interface {
	MayRead(ctx context.Context, as incident.Identity, namespace string) (bool, error)
	MayList(ctx context.Context, as incident.Identity, resource incident.Resource, namespace string) (bool, error)
}

var _ Rights = (*cluster.Rights)(nil)

// sight says what people are shown: of the cluster as much as they may read themselves, of an incident what its channel was told. It
// implements commands.Sight.
type sight struct {
	access *Access
	rights Rights
	told   func(ctx context.Context, incident string) ([]store.Delivery, error)
}

// Reader returns the Kubernetes user whose rights bound what a person is shown, nil where nothing bounds it.
func (s *sight) Reader(p incident.Person) (*incident.Identity, error) {
	if s.access.ReadEverybody() {
		return nil, nil
	}
	as, ok := s.access.Mapped(p)
	if !ok {
		return nil, &commands.Refusal{Reason: fmt.Sprintf("%s is mapped to no Kubernetes user, and is shown of the cluster what the incidents’ "+
			"channel is told.", cmp.Or(p.Name, p.ID)),
			Try: "Whoever runs Paramedic can name you under “people” in its configuration, with the Kubernetes user that you are; then you are " +
				"shown what that user may read."}
	}
	return &as, nil
}

// MaySee says whether a person who asks in a channel may be shown an incident: what its channel was told is for whoever is in it, and
// elsewhere it is for those who may read all that it is about.
func (s *sight) MaySee(ctx context.Context, p incident.Person, channel string, state *incident.State) error {
	as, refused := s.Reader(p)
	if refused == nil && as == nil {
		return nil
	}
	told, err := s.told(ctx, state.ID)
	if err != nil {
		return err
	}
	if channel != "" && slices.ContainsFunc(told, func(d store.Delivery) bool {
		return d.TS != "" &&
			(d.Channel == channel || d.Channel == p.ID)
	}) {
		return nil
	}
	if refused != nil {
		return refused
	}
	beyond, err := s.beyond(ctx, *as, subjects(state))
	if err != nil {
		return err
	}
	if beyond > 0 {
		return &commands.Refusal{Reason: fmt.Sprintf("%s is about more than you, as %s, may read.", state.ID, as.User),
			Try: "Ask in the channel where it is told, if you are in it."}
	}
	return nil
}

// MayRead says whether a person may be shown an object: if their Kubernetes user may read it.
func (s *sight) MayRead(ctx context.Context, p incident.Person, o incident.Object) error {
	as, err := s.Reader(p)
	if err != nil || as == nil {
		return err
	}
	ok, err := s.mayRead(ctx, *as, o)
	if err != nil {
		return unknownRights(err)
	}
	if !ok {
		return &commands.Refusal{Reason: fmt.Sprintf("You, as %s, may not read %s.", as.User, o), Try: "Ask somebody who may."}
	}
	return nil
}

// beyond is how many of the objects somebody may not read.
func (s *sight) beyond(ctx context.Context, as incident.Identity, objects []incident.Object) (n int, err error) {
	for _, o := range objects {
		ok, err := s.mayRead(ctx, as, o)
		if err != nil {
			return 0, unknownRights(err)
		}
		if !ok {
			n++
		}
	}
	return n, nil
}

func (s *sight) mayRead(ctx context.Context, as incident.Identity, o incident.Object) (bool, error) {
	if strings.EqualFold(o.Kind, "Namespace") { // what is in it
		return s.rights.MayRead(ctx, as, o.Name)
	}
	if o.Namespace != "" && o.Namespace != anyName {
		ok, err := s.rights.MayRead(ctx, as, o.Namespace)
		if ok && err == nil && strings.EqualFold(o.Kind, "Secret") {
			return s.rights.MayList(ctx, as, incident.Secrets, o.Namespace)
		}
		return ok, err
	}
	for _, k := range snapshot.Kinds {
		if strings.EqualFold(k.Name, o.Kind) && !k.Namespaced {
			return s.rights.MayList(ctx, as, snapshot.ResourceOf(k.GroupResource()), "")
		}
	}
	return s.rights.MayRead(ctx, as, "")
}

// subjects lists what an incident is about, one object for each namespace and kind that a right is asked for: in its looks, its alerts and
// its plans.
func subjects(state *incident.State) []incident.Object {
	seen := map[incident.Object]bool{}
	add := func(objects ...incident.Object) {
		for _, o := range objects {
			if strings.EqualFold(o.Kind, "Namespace") {
				o = incident.Object{Kind: "Pod", Namespace: o.Name}
			}
			if o.Namespace != "" && o.Kind != "Secret" {
				o.Kind = "Pod"
			}
			if o.Name = ""; o.Kind != "" {
				seen[o] = true
			}
		}
	}
	for _, r := range state.Log {
		switch e := r.Event.(type) {
		case incident.SignalReceived:
			if n := e.Signal.Labels["namespace"]; n != "" {
				add(incident.Object{Kind: "Pod", Namespace: n})
			}
			if e.Signal.Labels["node"] != "" {
				add(incident.Object{Kind: "Node"})
			}
			add(e.Signal.About...)
		case incident.DiagnosisMade:
			add(tellsOf(&e.Diagnosis)...)
		}
		for _, p := range plansIn(r.Event) {
			for i := range p.Steps {
				add(p.Steps[i].Target.Object)
			}
		}
	}
	return slices.SortedFunc(maps.Keys(seen), incident.Object.Compare)
}

// tellsOf lists the objects of which a diagnosis tells. What was ruled out is told in words alone: it lies in the scope, or is counted in
// all of the cluster, and what a scope depends on is named beside.
func tellsOf(d *incident.Diagnosis) []incident.Object {
	out := append(wrong(d), d.Scope.Objects...)
	if d.Scope.Namespace != "" {
		out = append(out, incident.Object{Kind: "Namespace", Name: d.Scope.Namespace})
	}
	for _, f := range d.Findings {
		out = append(append(out, f.Object), f.Objects...)
	}
	for _, c := range d.Causes {
		out = append(append(out, c.Objects...), c.Accepted.Object)
	}
	for _, x := range d.Suspicions {
		out = append(out, x.Objects...)
	}
	for _, a := range d.Accepted {
		out = append(out, a.Object, a.Acceptance.Object)
	}
	for _, c := range d.Changes {
		out = append(out, c.Object)
	}
	for _, r := range d.Restarts {
		out = append(out, r.Workload)
	}
	return append(out, d.Depends...)
}

// askAtOnce bounds the questions about rights that are under way for one look.
const askAtOnce = 16

// reach is what somebody may see of what was seen.
func reach(ctx context.Context, rights Rights, as incident.Identity, s *snapshot.Snapshot) (snapshot.Reach, error) {
	r := snapshot.Reach{As: as.User, Namespaces: map[string]bool{}, Secrets: map[string]bool{}, Lists: map[incident.Resource]bool{}}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(askAtOnce)
	ask := func(into map[string]bool, key string, may func() (bool, error)) {
		g.Go(func() error {
			ok, err := may()
			if ok && err == nil {
				mu.Lock()
				defer mu.Unlock()
				into[key] = true
			}
			return err
		})
	}
	for _, n := range s.Places() {
		ask(r.Namespaces, n, func() (bool, error) { return rights.MayRead(ctx, as, n) })
		if s.SecretsSeen {
			ask(r.Secrets, n, func() (bool, error) { return rights.MayList(ctx, as, incident.Secrets, n) })
		}
	}
	lists := map[string]bool{}
	resources := []incident.Resource{snapshot.EveryResource}
	for _, k := range snapshot.ClusterScoped() {
		resources = append(resources, snapshot.ResourceOf(k.GroupResource()))
	}
	for _, of := range resources {
		ask(lists, string(of), func() (bool, error) { return rights.MayList(ctx, as, of, "") })
	}
	if err := g.Wait(); err != nil {
		return r, unknownRights(err)
	}
	for of := range lists {
		r.Lists[incident.Resource(of)] = true
	}
	return r, nil
}

// unknownRights refuses, for what somebody may read is not known.
func unknownRights(err error) error {
	return fmt.Errorf("it is not known what you may read, so nothing is shown: %w; the bot needs the right to create subjectaccessreviews "+
		"(deploy/kubernetes/rbac.yaml), and “paramedic doctor” tells", err)
}
