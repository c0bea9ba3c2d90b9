package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Object names a Kubernetes object, or a thing on a host (Kind "Node" with the file in the evidence). Namespace is empty for
// cluster-scoped kinds. The zero value names nothing.
type Object struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// String is "Kind/namespace/name", or "Kind/name" for cluster-scoped kinds.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + "/" + o.Name
	}
	return o.Kind + "/" + o.Namespace + "/" + o.Name
}

// ParseObject reads what String writes.
func ParseObject(s string) (Object, error) {
	switch p := strings.Split(s, "/"); {
	case slices.Contains(p, ""):
	case len(p) == 2:
		return Object{Kind: p[0], Name: p[1]}, nil
	case len(p) == 3:
		return Object{Kind: p[0], Namespace: p[1], Name: p[2]}, nil
	}
	return Object{}, fmt.Errorf("object %q: must be Kind/namespace/name or Kind/name", s)
}

// IsZero says whether o names nothing.
func (o Object) IsZero() bool { return o == Object{} }

// Compare orders objects by kind, namespace and name.
func (o Object) Compare(p Object) int {
	if c := strings.Compare(o.Kind, p.Kind); c != 0 {
		return c
	}
	if c := strings.Compare(o.Namespace, p.Namespace); c != 0 {
		return c
	}
	return strings.Compare(o.Name, p.Name)
}

// Source is where a piece of evidence was seen.
type Source string

// The sources.
const (
	SourceAPI   Source = "api"   // an object's spec or status
	SourceEvent Source = "event" // a Kubernetes Event
	SourceLog   Source = "log"   // a container's log
	SourceHost  Source = "host"  // a file or setting on a node
	SourceProbe Source = "probe" // a bounded second look, such as a DNS query
)

// Evidence is one observed fact. Excerpt is redacted and at most [MaxExcerpt] bytes long.
type Evidence struct {
	ID      string    `json:"id"` // "E1"…, by sorted content, never by arrival; kept from look to look, see [Number]
	Source  Source    `json:"source"`
	Object  Object    `json:"object"`
	Field   string    `json:"field,omitempty"` // where in the object: "status.conditions[Ready]", "data.Corefile", a path on the host
	Time    time.Time `json:"time,omitzero"`   // when it happened, where that is known
	Excerpt string    `json:"excerpt"`
}

// MaxExcerpt bounds Evidence.Excerpt, in bytes.
const MaxExcerpt = 800

// Severity says how much a finding matters. Only warning and critical count as "something is wrong".
type Severity string

// The severities, the least first.
const (
	Info     Severity = "info"     // worth knowing, nothing to do
	Warning  Severity = "warning"  // degraded, or soon will be
	Critical Severity = "critical" // something that people rely on does not work
)

// Rank orders severities: 0 info, 1 warning, 2 critical.
func (s Severity) Rank() int {
	switch s {
	case Critical:
		return 2
	case Warning:
		return 1
	}
	return 0
}

// Finding is what a check concludes from evidence.
type Finding struct {
	ID       string    `json:"id"`   // "F1"…, by sorted content
	Code     string    `json:"code"` // stable, such as "DNSLoop"; see the checks' registry
	Severity Severity  `json:"severity"`
	Object   Object    `json:"object"`
	Title    string    `json:"title"`          // one sentence in words that a newcomer understands
	Next     string    `json:"next,omitempty"` // what a person would do next
	Evidence []string  `json:"evidence"`       // ids
	Since    time.Time `json:"since,omitzero"` // the onset, where it is known

	// NormalUntil is until when this may still be normal, and Normal why: "may still be starting". Whoever is to be woken hears of it past
	// that time; who asks about the object hears of it now. Zero: it is not normal at any time.
	NormalUntil time.Time `json:"normalUntil,omitzero"`
	Normal      string    `json:"normal,omitempty"`

	// Elsewhere says that it lies outside of what the diagnosis is about; see [Diagnosis.Here].
	Elsewhere bool `json:"elsewhere,omitempty"`

	// RestsOn are the resources that had to be seen for it beside what its evidence shows: that there is nothing of theirs, or what there
	// is, tells this from what is well. It is no part of what is recorded.
	RestsOn []Resource `json:"-"`

	// Count, where set, is how many findings that are alike this one stands for; Objects are the first few that they are about, Object
	// the first of them. See [Brief].
	Count   int      `json:"count,omitempty"`
	Objects []Object `json:"objects,omitempty"`
}

// Confidence in a cause, in three words.
type Confidence string

// The confidences, the strongest first.
const (
	Certain  Confidence = "certain"  // the cause itself was observed, and what it explains follows from it
	Likely   Confidence = "likely"   // the cause was observed, but not that it makes these very symptoms, or that nothing stands behind it
	Possible Confidence = "possible" // a symptom without an observed root
)

// Block says that a cause keeps another's remedy from working.
type Block struct {
	Cause  string `json:"cause"` // the id of the cause whose remedy is blocked
	Reason string `json:"reason"`
}

// Link is one step of an explanation: one finding would explain another.
type Link struct {
	From     string `json:"from"` // finding ids
	To       string `json:"to"`
	Rule     string `json:"rule"`
	Reason   string `json:"reason"`             // in words
	Inferred bool   `json:"inferred,omitempty"` // likely rather than proven
}

// Change is something that changed in a cluster or on a node: a rollout, a configuration, a node, a package. It is no fault by itself;
// on the way to a symptom and just before its onset it is evidence.
type Change struct {
	ID     string    `json:"id"` // "T1"…, by time
	At     time.Time `json:"at"`
	Source Source    `json:"source"`
	Object Object    `json:"object"`
	What   string    `json:"what"`         // "revision 4 was rolled out: image shop/web:v3 → shop/web:v4"
	By     string    `json:"by,omitempty"` // the field manager or the program, where it is known
}

// RuledOut is something that was looked at and is well, so that the cause need not be sought there.
type RuledOut struct {
	What string `json:"what"` // "the nodes"
	Why  string `json:"why"`  // "all 3 are ready, and none is under pressure"
}

// Cause is a hypothesis that explains findings.
type Cause struct {
	ID         string     `json:"id"`   // "C1"…, in order of rank
	Code       string     `json:"code"` // the code of the finding at its root
	Title      string     `json:"title"`
	Confidence Confidence `json:"confidence"`
	Objects    []Object   `json:"objects"`         // at fault, not merely suffering
	Explains   []string   `json:"explains"`        // finding ids, the root's own first
	Links      []Link     `json:"links,omitempty"` // how it explains them, one link for each but the root's own
	Blocks     []Block    `json:"blocks,omitempty"`
	Evidence   []string   `json:"evidence"`          // ids
	Changes    []string   `json:"changes,omitempty"` // ids of what changed just before, on the way to it
	Before     bool       `json:"before,omitempty"`  // it was there long before the rest, and explains nothing of it
	Reason     string     `json:"reason"`            // why it is believed, in words
	Against    []string   `json:"against,omitempty"`
	Next       string     `json:"next,omitempty"` // what a person would do next
	Since      time.Time  `json:"since,omitzero"`

	// NormalUntil and Normal are those of the finding at its root, where it may still pass.
	NormalUntil time.Time `json:"normalUntil,omitzero"`
	Normal      string    `json:"normal,omitempty"`

	// Accepted, where set, is that the finding at its root was accepted: it is told for what follows from it, which was not.
	Accepted Acceptance `json:"accepted,omitzero"`

	// Count, where set, is how many objects are at fault in all, of which Objects names the first; Explained is how many findings follow
	// in all, of which Explains names some. See [Brief].
	Count     int `json:"count,omitempty"`
	Explained int `json:"explained,omitempty"`

	// Elsewhere says that it lies outside of what the diagnosis is about, explains nothing of that and is in no remedy's way; see
	// [Diagnosis.Here].
	Elsewhere bool `json:"elsewhere,omitempty"`

	// Asked says that it explains something of which somebody says that it hurts: it comes before all that does not. It is not kept.
	Asked bool `json:"-"`

	// Weight is by what causes are ranked: what they explain, and how surely. It is not kept.
	Weight float64 `json:"-"`
}

// Suspicion is something odd that was seen where somebody says that it hurts. It proves nothing: it stands behind every cause, wakes nobody
// and has no plan.
type Suspicion struct {
	Code     string    `json:"code"`
	Title    string    `json:"title"`
	Objects  []Object  `json:"objects"`        // that have to be looked at, the first of them the one that it is about
	Next     string    `json:"next,omitempty"` // what a person would do next
	Evidence []string  `json:"evidence"`       // ids
	Since    time.Time `json:"since,omitzero"`
	// NormalUntil and Normal are as a Finding has them.
	NormalUntil time.Time `json:"normalUntil,omitzero"`
	Normal      string    `json:"normal,omitempty"`
}

// MostSuspicions bounds what is told to somebody who asks: more than a few odd things are no help.
const MostSuspicions = 3

// Restarts sums container restarts of one workload.
type Restarts struct {
	Workload Object    `json:"workload"`
	Pods     int       `json:"pods"`
	Count    int       `json:"count"`
	Onset    time.Time `json:"onset,omitzero"` // the earliest restart that can still be seen
	Last     time.Time `json:"last,omitzero"`
}

// Similar is a prior incident that resembles this one.
type Similar struct {
	ID      string   `json:"id"` // the postmortem's id
	Title   string   `json:"title"`
	Date    string   `json:"date,omitempty"`
	Score   float64  `json:"score"`            // 0 to 1
	Shared  []string `json:"shared,omitempty"` // finding codes in common
	Outcome string   `json:"outcome,omitempty"`
	Worked  []string `json:"worked,omitempty"` // what was tried and helped
	Excerpt string   `json:"excerpt,omitempty"`
}

// Diagnosis is what is known about why a cluster is ill at one moment. The zero value says that nothing was found.
type Diagnosis struct {
	At       time.Time  `json:"at"`
	Cluster  string     `json:"cluster"`
	Scope    Scope      `json:"scope,omitzero"` // what it is about
	Causes   []Cause    `json:"causes"`
	Findings []Finding  `json:"findings"`
	Evidence []Evidence `json:"evidence"`
	Restarts []Restarts `json:"restarts"`
	NotSeen  []NotSeen  `json:"notSeen"`
	Looked   []string   `json:"looked,omitempty"` // "23 pods", "1 node" …: what of the scope was looked at
	Changes  []Change   `json:"changes,omitempty"`
	RuledOut []RuledOut `json:"ruledOut,omitempty"`
	// Suspicions are at most [MostSuspicions], the strongest first; none where nobody said that anything hurts.
	Suspicions []Suspicion `json:"suspicions,omitempty"`
	// Accepted are findings that are silent, for somebody has accepted them: they are among no other list.
	Accepted []Accepted `json:"accepted,omitempty"`
	// Depends is what a part that somebody says hurts depends on, to be asked about next, where no cause was found; a few objects.
	Depends []Object `json:"depends,omitempty"`

	// Settling is how many findings may still be normal and are told by no other list: who asks about their objects hears of them.
	Settling int `json:"settling,omitempty"`
	// Others counts what is wrong outside of what this is about, where that was left out; see [Diagnosis.Here].
	Others Others `json:"others,omitzero"`

	// Totals counts the whole, where this diagnosis names but a part of it; see [Brief]. Nil: nothing is left out.
	Totals *Totals `json:"totals,omitempty"`
	// Also are objects with which something is wrong as well and that no finding here names, so that an alert about one is known to belong
	// here.
	Also []Group `json:"also,omitempty"`
	// Whole names the blob that holds the whole, see [Pack]; empty where nothing is left out, or where it is not kept.
	Whole string `json:"whole,omitempty"`
	// Numbered is up to which number ids have been given in this incident; zero where none were given but those seen here.
	Numbered Numbers `json:"numbered,omitzero"`

	// Trace is every finding, rule and weight that led to the causes, for whoever wants to follow. It is not kept.
	Trace []string `json:"-"`

	// Failures are the checks and rules that failed, and what of the look did; NotSeen says so too. They are for the log, and are not kept.
	Failures []Failure `json:"-"`
}

// Sentence of a story; every claim cites evidence.
type Sentence struct {
	Text  string   `json:"text"`
	Cites []string `json:"cites"`
}

// Unknown is what a Story's Cause says when none of the causes offered convinces.
const Unknown = "unknown"

// Story tells a diagnosis in prose.
type Story struct {
	Cause     string     `json:"cause"` // a cause id, or Unknown
	Sentences []Sentence `json:"sentences"`
	By        string     `json:"by"`             // the model's name, or "template"
	Note      string     `json:"note,omitempty"` // why the template speaks, where it does
}
