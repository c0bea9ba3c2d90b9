package trial

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	wayWithin = time.Minute     // one look of the program
	wayTries  = 4               // looks until all ways agree: a pod that crashes is well for some seconds of each round
	wayPause  = 5 * time.Second // between them
)

// Program looks at a cluster as a user does: by "paramedic why". Its zero value looks at nothing.
type Program struct {
	Path string   // of the program; empty: live faults are looked at one way alone
	Args []string // for every look, such as --kubeconfig FILE
	// Viewer is the kubeconfig's context with a viewer's rights, and May what these let list, by resource.
	Viewer string
	May    map[string]bool
	// Context is that of the other looks; empty: the kubeconfig's current one.
	Context        string
	HostRoot, Node string // the node's files; empty: none are seen either way
}

// arguments are those of a look, and what it shows.
func (p Program) arguments(way, namespace string) ([]string, eval.Sight) {
	args, s := append([]string{"why", "-o", "json"}, p.Args...), eval.Sight{Way: way}
	as := p.Context
	switch way {
	case eval.WithHost:
		s.Host = true
		if p.HostRoot != "" {
			args = append(args, "--host-root", p.HostRoot)
		}
		if p.Node != "" {
			args = append(args, "--node", p.Node)
		}
	case eval.AsViewer:
		as, s.May = p.Viewer, p.May
	case eval.ByNamespace:
		args, s.Namespace = append(args, "-n", namespace), namespace
	}
	if as != "" {
		args = append(args, "--context", as)
	}
	return args, s
}

// look runs the program and reads what it prints. Its exit codes 0 and 1 say whether something is wrong, 2 that it could not look, or not
// at all that matters: then it prints what it saw all the same.
func (p Program) look(ctx context.Context, args []string) (*incident.Diagnosis, error) {
	ctx, cancel := context.WithTimeout(ctx, wayWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.Path, args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &complaint, time.Second
	err := cmd.Run()
	d := &incident.Diagnosis{}
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) && exit.ExitCode() <= 2 {
		read := json.Unmarshal(out.Bytes(), d)
		if read == nil && d.Causes != nil { // a report has a list of causes, be it empty
			return d, nil
		}
		err = cmp.Or(err, read, errors.New("it printed no report"))
	}
	said := strings.TrimSpace(complaint.String() + " " + out.String())
	return nil, fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, said[:min(len(said), 500)])
}

// ways looks at a fault that is there in every way, until all agree or it was tried often enough.
func (s *Stage) ways(ctx context.Context, c eval.Case, set *scene, hostRoot string) ([]eval.View, error) {
	if s.Program.Path == "" {
		return nil, nil
	}
	s.looking.Lock() // four programs at a time are enough for one machine
	defer s.looking.Unlock()
	p := s.Program
	if hostRoot != "" {
		p.HostRoot = hostRoot
	}
	var views []eval.View
	for try := 1; ; try++ {
		if err := s.beat(ctx, set, time.Now()); err != nil {
			return nil, err
		}
		var err error
		if views, err = p.views(ctx, c, set); err != nil {
			return nil, err
		}
		if try == wayTries || !slices.ContainsFunc(views, func(v eval.View) bool { return v.Wrong+v.Error != "" }) {
			return views, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wayPause):
		}
	}
}

// views looks once in every way, at about the same time, and compares what was found.
func (p Program) views(ctx context.Context, c eval.Case, set *scene) ([]eval.View, error) {
	whole, err := p.one(ctx, c, set, eval.WithHost, "")
	if err != nil {
		return nil, err
	}
	namespace := spot(c, whole.found)
	looks := make([]seen, len(eval.Ways))
	looks[0] = whole
	var g errgroup.Group
	for i, way := range eval.Ways {
		if i > 0 {
			g.Go(func() (err error) {
				looks[i], err = p.one(ctx, c, set, way, namespace)
				return err
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	views := make([]eval.View, len(looks))
	for i, l := range looks {
		if l.err != nil {
			views[i] = eval.View{Way: l.sight.Way, Error: l.err.Error()}
			continue
		}
		views[i] = eval.Compare(c, whole.found, l.found, l.sight)
	}
	if v := eval.Judge(c, whole.found); whole.err == nil && !v.Passed() {
		views[0].Wrong = strings.Join(slices.Concat(v.Missed, v.FalseAlarms, v.Misnamed), "; ")
	}
	return views, nil
}

// seen is what one way of looking showed; found is never nil.
type seen struct {
	sight eval.Sight
	found *incident.Diagnosis
	err   error
}

// one looks in one way at what is the case's doing. The error says that there was no time left.
func (p Program) one(ctx context.Context, c eval.Case, set *scene, way, namespace string) (seen, error) {
	args, sight := p.arguments(way, namespace)
	d, err := p.look(ctx, args)
	if ctx.Err() != nil {
		return seen{}, ctx.Err()
	}
	if err != nil {
		return seen{sight, &incident.Diagnosis{}, err}, nil //nolint:nilerr // that it could not be looked at is what was seen
	}
	return seen{sight, diagnosis.Keep(d, set.wanted(c)), nil}, nil
}

// spot is the namespace in which the fault is felt: the case's own if anything was found there, else that of what is at fault.
func spot(c eval.Case, d *incident.Diagnosis) string {
	if len(d.Causes) == 0 {
		return c.Namespace()
	}
	var elsewhere string
	for _, id := range d.Causes[0].Explains {
		switch f := d.Finding(id); {
		case f == nil:
		case f.Object.Namespace == c.Namespace():
			return c.Namespace()
		case elsewhere == "":
			elsewhere = f.Object.Namespace
		}
	}
	if elsewhere == "" {
		return c.Namespace()
	}
	return elsewhere
}
