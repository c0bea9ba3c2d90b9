package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/cluster"
	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// lookWithin bounds one look at a live cluster.
const lookWithin = 45 * time.Second

// Eyes look at a cluster: a live one, with the files of one of its nodes where there is a host root, or a bundle's. Everything that they
// report is redacted. They implement commands.Looker and are safe for concurrent use.
type Eyes struct {
	Reader *cluster.Reader // nil: look at the bundle
	Bundle *bundle.Bundle
	Host   *host.Host // nil: no host is seen
	Redact func(string) string
	Now    func() time.Time
	// Lookups asks the cluster's DNS as well.
	Lookups bool
	// Secrets looks at Secrets too, for names, keys and certificates; no value is kept.
	Secrets bool
	// Metrics answers the queries that findings ask for; nil: no Prometheus is configured.
	Metrics cluster.Metrics
	// Rights says what people may read, for questions that are asked as one; nil: such questions are refused.
	Rights Rights
	// Accepted lists which findings people have accepted; nil: none but those that objects' annotations name.
	Accepted func(context.Context) ([]incident.Acceptance, error)
	// Watch keeps what a look lists current; nil: each look lists.
	Watch *cluster.Watch
	// Failed is told of each part of a look that panicked, and of each check and rule; nil: nobody is. People see it in NotSeen.
	Failed func(incident.Failure)

	seenLast remembered
	away     absence
}

func (e *Eyes) now() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

// Look diagnoses a namespace, or everything. It reads from the watch cache: good enough to find what is wrong.
func (e *Eyes) Look(ctx context.Context, namespace string) (*incident.Diagnosis, error) {
	return e.lookTwice(ctx, diagnosis.Scope{Namespace: namespace})
}

// lookTwice diagnoses a scope, with the second looks that the findings of the first ask for, where Lookups allows them.
func (e *Eyes) lookTwice(ctx context.Context, scope diagnosis.Scope) (*incident.Diagnosis, error) {
	s, err := e.seen(ctx, scope.Namespace, false)
	if err != nil {
		return nil, err
	}
	scope.Accepted = e.accepting(ctx, s)
	d := e.told(e.examined(ctx, s, scope).Diagnose(scope))
	e.seenLast.sawWrong(d)
	return d, nil
}

// accepting is which findings are accepted. That it is not known is said, and accepts nothing.
func (e *Eyes) accepting(ctx context.Context, s *snapshot.Snapshot) diagnosis.Accepting {
	a := diagnosis.Accepting{Annotations: true}
	if e.Accepted == nil {
		return a
	}
	list, err := e.Accepted(ctx)
	if err != nil {
		s.NotSeen = append(s.NotSeen, incident.NotSeen{What: "what was accepted", Why: e.redact(err.Error())})
		s.Index() // what was not seen is told in order
	}
	a.List = list
	return a
}

func (e *Eyes) diagnose(s *snapshot.Snapshot, scope diagnosis.Scope) *incident.Diagnosis {
	return e.told(diagnosis.Diagnose(s, scope))
}

// told is a diagnosis as it leaves here: redacted, with what failed in it reported.
func (e *Eyes) told(d *incident.Diagnosis) *incident.Diagnosis {
	for _, f := range d.Failures {
		if e.Failed != nil {
			e.Failed(f)
		}
	}
	return e.redacted(incident.Dated(d))
}

// examined runs the checks on what was seen, and takes the second looks that the scope and their findings ask for: at logs, and, where
// Lookups allows them, at what answers.
func (e *Eyes) examined(ctx context.Context, s *snapshot.Snapshot, scope diagnosis.Scope) *diagnosis.Examination {
	x := diagnosis.Examine(s)
	if e.Reader == nil {
		return x
	}
	if wanted := x.Logs(scope); len(wanted) > 0 {
		e.Reader.LookCloser(ctx, s, wanted, e.Redact)
		x.Again()
	}
	if e.Lookups {
		e.probe(ctx, s, x.Probes(scope))
		x.Again()
	}
	return x
}

// probe takes second looks. The Snapshot is to be indexed again.
func (e *Eyes) probe(ctx context.Context, s *snapshot.Snapshot, probes []snapshot.Probe) {
	prober := cluster.Prober{Metrics: e.Metrics}
	if e.Host != nil {
		prober.From = e.Host.Node()
	}
	prober.Probe(ctx, s, probes)
}

// LookAt answers a person's question about the cluster, a namespace or an object, with the second looks that Lookups allows. The error is
// an *incident.NoAnswer where there is nothing to say of it. It reads from the watch cache: good enough to find what is wrong.
func (e *Eyes) LookAt(ctx context.Context, asked incident.Asked) (*incident.Diagnosis, error) {
	asked, err := e.mayAskOf(ctx, asked)
	if err != nil {
		return nil, err
	}
	s, err := e.seen(ctx, askedNamespace(asked), false)
	if err == nil && asked.As != nil {
		s, err = e.seenBy(ctx, s, *asked.As)
	}
	if err != nil {
		return nil, err
	}
	scope := resolved(s, asked)
	scope.Accepted = e.accepting(ctx, s)
	d, err := e.examined(ctx, s, scope).Answer(scope)
	if err != nil {
		return nil, err
	}
	d = e.told(d)
	if asked.As == nil {
		e.seenLast.sawWrong(d)
	}
	return d, nil
}

// mayAskOf is a question with what of it may be asked.
func (e *Eyes) mayAskOf(ctx context.Context, asked incident.Asked) (incident.Asked, error) {
	var may []incident.Asked
	var refused error
	for _, one := range append([]incident.Asked{asked}, asked.Or...) {
		one.As, one.Hurts, one.Or = asked.As, asked.Hurts, nil
		if err := e.mayAsk(ctx, one); err == nil {
			may = append(may, one)
		} else if refused == nil {
			refused = err
		}
	}
	if len(may) == 0 {
		return asked, refused
	}
	asked = may[0]
	asked.Or = may[1:]
	return asked, nil
}

// resolved is the first thing that there is of those that are asked about; if there is none, what the first comes to.
func resolved(s *snapshot.Snapshot, asked incident.Asked) diagnosis.Scope {
	first := diagnosis.Resolve(s, asked)
	if len(asked.Or) == 0 || first.Found() {
		return first
	}
	for _, one := range asked.Or {
		if scope := diagnosis.Resolve(s, one); scope.Found() {
			return scope
		}
	}
	return first
}

// mayAsk refuses a question about a namespace that who asks may not read, whether or not it exists.
func (e *Eyes) mayAsk(ctx context.Context, asked incident.Asked) error {
	if asked.As == nil {
		return nil
	}
	if e.Rights == nil {
		return unknownRights(errors.New("nobody can be asked"))
	}
	namespace := askedNamespace(asked)
	if namespace == "" {
		return nil
	}
	ok, err := e.Rights.MayRead(ctx, *asked.As, namespace)
	if err != nil {
		return unknownRights(err)
	}
	if !ok {
		return &incident.NoAnswer{Reason: fmt.Sprintf("You, as %s, may not read pods and their logs in namespace %s.", asked.As.User, namespace)}
	}
	return nil
}

// seenBy is what somebody may read of what was seen.
func (e *Eyes) seenBy(ctx context.Context, s *snapshot.Snapshot, as incident.Identity) (*snapshot.Snapshot, error) {
	r, err := reach(ctx, e.Rights, as, s)
	if err != nil {
		return nil, err
	}
	return s.Within(r), nil
}

// askedNamespace is the namespace to which the question is confined, if it is.
func askedNamespace(asked incident.Asked) string {
	n := len(asked.Words)
	if n < 2 || asked.Namespace != "" {
		return asked.Namespace
	}
	if _, kind := new(snapshot.Snapshot).KindNamed(asked.Words[0]); kind && n == 2 {
		return ""
	}
	return asked.Words[n-2]
}

// look returns the Snapshot too. Fresh reads with quorum, for plans and proofs.
func (e *Eyes) look(ctx context.Context, scope diagnosis.Scope, fresh bool) (*snapshot.Snapshot, *incident.Diagnosis, error) {
	s, err := e.seen(ctx, scope.Namespace, fresh)
	if err != nil {
		return nil, nil, err
	}
	return s, e.diagnose(s, scope), nil
}

// seen is what can be seen. What is wrong in a namespace can be explained by what lies outside it, so the whole cluster is looked at,
// unless that is not allowed.
func (e *Eyes) seen(ctx context.Context, namespace string, fresh bool) (*snapshot.Snapshot, error) {
	s, err := e.snapshot(ctx, "", fresh)
	if namespace != "" && (err != nil || s.NotSeenIn("pods", "")) {
		return e.snapshot(ctx, namespace, fresh)
	}
	return s, err
}

func (e *Eyes) snapshot(ctx context.Context, namespace string, fresh bool) (*snapshot.Snapshot, error) {
	see := e.opened
	if e.Reader != nil {
		see = func() (*snapshot.Snapshot, error) {
			return e.live(ctx, cluster.LookOptions{Namespace: namespace, Fresh: fresh, Lookups: e.Lookups})
		}
	}
	s, err := see()
	if err == nil {
		e.seenLast.sawNames(s)
	}
	return s, err
}

// opened is what the bundle shows. What its capture's probes saw counts only where a live look would take them too, so that both find the
// same.
func (e *Eyes) opened() (*snapshot.Snapshot, error) {
	s, err := e.Bundle.Snapshot()
	if err == nil && !e.Lookups {
		s.Lookups, s.Dials, s.Metrics = nil, nil, nil
	}
	return s, err
}

// live looks at the cluster, and at the host's files.
func (e *Eyes) live(ctx context.Context, o cluster.LookOptions) (*snapshot.Snapshot, error) {
	o.Redact, o.Now, o.Secrets, o.Watch = e.Redact, e.Now, e.Secrets, e.Watch
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	s, err := e.Reader.Look(ctx, o)
	e.away.noted(err, e.now())
	if err != nil {
		return nil, err
	}
	if e.Host != nil {
		facts, blind := e.Host.Facts(ctx)
		s.Hosts = append(s.Hosts, facts)
		s.NotSeen, s.Failures = append(s.NotSeen, blind...), append(s.Failures, facts.Failures...)
		s.Index()
	} else {
		s.NotSeen = append(s.NotSeen, snapshot.NoHosts)
	}
	return s, nil
}

// redacted passes everything that came from the cluster through the redactor, once.
func (e *Eyes) redacted(d *incident.Diagnosis) *incident.Diagnosis {
	if e.Redact == nil {
		return d
	}
	return redact.Values(&redact.Walker{Text: redact.Remembering(e.Redact)}, d)
}

// OpenBundle prepares to look at a bundle, or at what "kubectl cluster-info dump" wrote, instead of a cluster.
func OpenBundle(path string, secrets func(string) string) (*Eyes, error) {
	b, err := bundle.OpenAny(path, secrets)
	if err != nil {
		return nil, err
	}
	return &Eyes{Bundle: b, Redact: secrets}, nil
}

func (e *Eyes) redact(s string) string {
	if e.Redact == nil {
		return s
	}
	return e.Redact(s)
}
