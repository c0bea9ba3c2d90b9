package incident

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Person is somebody in Slack or at a terminal. User ids are unique within a team only, so people are keyed by both.
type Person struct {
	Team string `json:"team,omitempty"`
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Key identifies a person: "team/id".
func (p Person) Key() string { return p.Team + "/" + p.ID }

// Identity is the Kubernetes user that a person acts as.
type Identity struct {
	User   string   `json:"user"`
	Groups []string `json:"groups,omitempty"`
}

// Risk of a plan.
type Risk string

// The risks, the least first.
const (
	Safe        Risk = "safe"        // changes nothing that runs
	Disruptive  Risk = "disruptive"  // interrupts something that runs
	Destructive Risk = "destructive" // can't be undone
)

// Right is one thing that a step's executor must be allowed to do.
type Right struct {
	Verb      string `json:"verb"`
	Group     string `json:"group"`
	Resource  string `json:"resource"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
}

// Target is what a step acts on, bound to what was seen: its UID and a hash of its spec or data (not its resourceVersion, which
// every status update moves).
type Target struct {
	Object   Object `json:"object"`
	UID      string `json:"uid,omitempty"`
	SpecHash string `json:"specHash,omitempty"`
}

// Step is one typed act of recovery, as data. Its kind's executor knows how to apply and to observe it.
type Step struct {
	ID     string            `json:"id"`
	Kind   string            `json:"kind"`
	Target Target            `json:"target"`
	Params map[string]string `json:"params"`
	Title  string            `json:"title"` // what it does, in words
	Diff   string            `json:"diff,omitempty"`
	// Source is where the target and the value come from, in a few words: "revision 3, which still serves with 2 pods", "usage 410 MiB × 1.5".
	Source string `json:"source,omitempty"`
	// Unmentioned says in words what of the target or the value nothing of the evidence speaks of; empty where it does.
	Unmentioned string `json:"unmentioned,omitempty"`
	// Owner says who else writes the target, and when it undoes what the step does; empty where nobody does. Instead is what holds.
	Owner   string  `json:"owner,omitempty"`
	Instead string  `json:"instead,omitempty"`
	Rights  []Right `json:"rights,omitempty"`
	// Reversible says that there is a step which puts back what this one changes.
	Reversible bool `json:"reversible,omitempty"`
	// Unless, where set, makes the step conditional: it is skipped if its target is healthy within this time of being due.
	Unless time.Duration `json:"unless,omitempty"`
}

// Plan is a runbook bound to objects and parameters.
type Plan struct {
	Hash      string   `json:"hash"`
	Runbook   string   `json:"runbook"`
	Title     string   `json:"title"`
	Why       string   `json:"why"`
	Risk      Risk     `json:"risk"`
	Causes    []string `json:"causes,omitempty"`    // the causes that it treats
	Steps     []Step   `json:"steps"`               // in order
	InverseOf string   `json:"inverseOf,omitempty"` // the hash of the plan that this one undoes
	// Rest is how many targets are left for the next plan, which is made once this one has run and helped.
	Rest int `json:"rest,omitempty"`
	// Partly are those of Causes of which this plan treats some objects and leaves others to the next.
	Partly []string `json:"partly,omitempty"`
	// Impact is what approving it touches, interrupts and loses, a sentence each.
	Impact []string `json:"impact,omitempty"`
	// Pods is how many pods it ends or replaces.
	Pods int `json:"pods,omitempty"`
	// Took is how long the same steps on the same targets took earlier, in words; empty if they never ran.
	Took string `json:"took,omitempty"`
	// Watch is how long everything must stay well afterwards, where what was wrong asks for longer than is usual.
	Watch time.Duration `json:"watch,omitempty"`
	// Record is how earlier runs of its runbooks for the codes of its causes have ended here. No part of the hash.
	Record []Record `json:"record,omitempty"`
	// Inputs are the values that a person may set otherwise. They follow from the steps, and are no part of the hash.
	Inputs []Input `json:"inputs,omitempty"`
	// People is how many must approve it; 0 means one.
	People int `json:"people,omitempty"`
	// Terminal says that the second of two approvals is given in the terminal, for only one approver is configured.
	Terminal bool `json:"terminal,omitempty"`
}

// Targets is how many things the plan acts on.
func (p *Plan) Targets() int {
	seen := map[Object]bool{}
	for i := range p.Steps {
		seen[p.Steps[i].Target.Object] = true
	}
	return len(seen)
}

// Asks is how many people must approve it.
func (p *Plan) Asks() int { return max(1, p.People) }

// SamePerson says whether two approvals are one person's: people are known by their ids, and at a terminal by the Kubernetes user that they
// are. The two that a Terminal plan asks for may be the same person's.
func (p *Plan) SamePerson(a, b Approval) bool {
	return a.By.Key() == b.By.Key() || !p.Terminal && a.As.User != "" && a.As.User == b.As.User
}

// enough says whether the approvals, each of another person, are those that the plan asks for.
func (p *Plan) enough(approvals []Approval) bool {
	terminal := 0
	for _, a := range approvals {
		if a.Terminal {
			terminal++
		}
	}
	if p.Terminal {
		return terminal > 0 && len(approvals) > terminal
	}
	return len(approvals) >= p.Asks()
}

// Step returns the step with the id, or nil.
func (p *Plan) Step(id string) *Step {
	for i := range p.Steps {
		if p.Steps[i].ID == id {
			return &p.Steps[i]
		}
	}
	return nil
}

// ComputeHash is what an approval binds to: everything of the plan that a person sees and that runs, the words around it aside.
func (p Plan) ComputeHash() string {
	p.Hash, p.Why, p.Title, p.Causes, p.Partly, p.Record, p.Inputs = "", "", "", nil, nil, nil, nil
	b, err := json.Marshal(p)
	if err != nil { // plain strings and numbers always encode
		panic(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Approval is a person's yes to one plan hash.
type Approval struct {
	PlanHash string    `json:"planHash"`
	By       Person    `json:"by"`
	As       Identity  `json:"as"`
	At       time.Time `json:"at"`
	Expires  time.Time `json:"expires"` // the run must have begun by then
	// Terminal says that it was given in the terminal, with credentials of the person's own.
	Terminal bool `json:"terminal,omitempty"`
}

// Check is one observed condition, of a review or a verification.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// AllOK says whether every check holds; false for none at all, for nothing was looked at.
func AllOK(checks []Check) bool {
	for _, c := range checks {
		if !c.OK {
			return false
		}
	}
	return len(checks) > 0
}

// Postmortem is the written-up incident. Each section is Markdown.
type Postmortem struct {
	Title    string   `json:"title"`
	Summary  string   `json:"summary"`
	Impact   string   `json:"impact,omitempty"`
	Timeline string   `json:"timeline"`
	Cause    string   `json:"cause"`
	Graph    string   `json:"graph,omitempty"` // what broke what, in Mermaid's language within a fence; made of the record, not edited
	Evidence string   `json:"evidence"`
	Actions  string   `json:"actions"` // what was done, by whom
	Helped   string   `json:"helped,omitempty"`
	Followup string   `json:"followup"` // a list, each item with its owner
	Codes    []string `json:"codes"`    // finding codes, so that the next one like it is recognised
	Worked   []string `json:"worked,omitempty"`
	Failed   []string `json:"failed,omitempty"`
	Outcome  string   `json:"outcome"` // "resolved", "closed"
}
