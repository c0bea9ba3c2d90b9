package incident

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// Event is something that happened to an incident, or to what is accepted. Its payload types are the structs below; each is stored as
// JSON under its own name and the version in [EventVersion].
type Event interface{ event() }

// EventVersion is the version under which payloads are written today. Older ones are upcast when read, never rewritten.
const EventVersion = 2

// tellsVersion is the version since which who records an event also tells what is news of it, calls who is on call and draws pictures. What
// was recorded before was told otherwise, or not at all: it is history, and nobody is told of it, called or shown anything for it again.
const tellsVersion = 2

// SignalStatus of an alert.
type SignalStatus string

// What an alert may be.
const (
	Firing   SignalStatus = "firing"
	Resolved SignalStatus = "resolved"
)

// Signal is something that asks for attention.
type Signal struct {
	Kind        string            `json:"kind"` // AlertSignal, WatchSignal, "command", "cli"
	Status      SignalStatus      `json:"status"`
	Fingerprint string            `json:"fingerprint"` // identifies the alert; signals with one fingerprint belong together
	Group       string            `json:"group,omitempty"`
	Title       string            `json:"title"`
	Text        string            `json:"text,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	About       []Object          `json:"about,omitempty"` // what is said to hurt, by a person; an alert says it by its labels
	Since       time.Time         `json:"since,omitzero"`  // when an alert began to fire
	By          Person            `json:"by,omitzero"`
	Channel     string            `json:"channel,omitempty"` // where to tell it; empty: the configured one
}

// The kinds of signals that no person gave.
const (
	AlertSignal = "alert" // by an alert of Alertmanager's
	WatchSignal = "watch" // by Paramedic's own watch
)

// Alarms says whether no person gave the signal: it says by itself when it is over, and may be silenced.
func (g Signal) Alarms() bool { return g.Kind == AlertSignal || g.Kind == WatchSignal }

type (
	// SignalReceived opens an incident, or joins it. Before is the status in which the incident knew the signal until then; empty if it is
	// new.
	SignalReceived struct {
		Signal Signal       `json:"signal"`
		Before SignalStatus `json:"before,omitempty"`
		// Silent says that a silence was about it then: it wakes nobody.
		Silent bool `json:"silent,omitempty"`
	}
	// WorkFailed says that something which is to be done could not be, so that people see it. It is tried again.
	WorkFailed struct {
		Work  string `json:"work"` // its key; see Work.Key
		Error string `json:"error"`
	}
	// InvestigationFailed says that nothing could be looked at. It is tried again.
	InvestigationFailed struct {
		Error string `json:"error"`
	}
	// DiagnosisMade holds the evidence collected, the findings and the causes.
	DiagnosisMade struct {
		Diagnosis Diagnosis `json:"diagnosis"`
		// Silent says that a silence was about its first cause then: that it is new wakes nobody.
		Silent bool `json:"silent,omitempty"`
	}
	// Recalled lists similar incidents of the past; none is an answer. Note says what the search had to do without.
	Recalled struct {
		Similar []Similar `json:"similar"`
		Note    string    `json:"note,omitempty"`
	}
	// StoryTold is the diagnosis in prose.
	StoryTold struct {
		Story Story `json:"story"`
	}
	// LookAgainRequested asks for a new diagnosis. Healed, where set, is the incident whose recovery gives reason to look; Freed the one whose
	// plan was in the way of another.
	LookAgainRequested struct {
		By     Person `json:"by,omitzero"`
		Healed string `json:"healed,omitempty"`
		Freed  string `json:"freed,omitempty"`
	}
	// PlanProposed offers a plan, and where there is a choice another one for the same first cause: approving one withdraws the other. Idle is
	// what happens if nobody does anything.
	PlanProposed struct {
		Plan  Plan       `json:"plan"`
		Other *Plan      `json:"other,omitempty"`
		Idle  []Prospect `json:"idle,omitempty"`
		Rates []Rate     `json:"rates,omitempty"` // of the services that either acts on, as they were then
	}
	// NoPlan says why none is offered. Waits, where set, is the incident that has a plan for the same target; this one is looked at again when
	// that plan is gone.
	NoPlan struct {
		Reason string `json:"reason"`
		Waits  string `json:"waits,omitempty"`
	}
	// PlanReviewed records that a person opened the plan: the rights and the server-side dry-run of each step, as that person.
	PlanReviewed struct {
		PlanHash string   `json:"planHash"`
		By       Person   `json:"by"`
		As       Identity `json:"as"`
		Checks   []Check  `json:"checks"`
	}
	// PlanApproved is a person's yes.
	PlanApproved struct {
		Approval Approval `json:"approval"`
	}
	// Stopped is a person's word that no further step of an approved plan begins. What is in flight ends, or is observed.
	Stopped struct {
		PlanHash string `json:"planHash"`
		By       Person `json:"by"`
		Reason   string `json:"reason,omitempty"`
	}
	// PlanRejected is a person's no. Leaves is the plan that stays on offer, where there were two.
	PlanRejected struct {
		PlanHash string `json:"planHash"`
		By       Person `json:"by"`
		Reason   string `json:"reason,omitempty"`
		Leaves   string `json:"leaves,omitempty"`
	}
	// PlanSuperseded withdraws a plan, for what it was made from has changed. A new one is proposed.
	PlanSuperseded struct {
		PlanHash string `json:"planHash"`
		Reason   string `json:"reason"`
	}
	// Refused records that somebody asked for what may not be.
	Refused struct {
		By     Person `json:"by"`
		Action string `json:"action"`
		Reason string `json:"reason"`
	}
	// StepIntended is recorded before a step is applied. Attempt counts from 1.
	StepIntended struct {
		PlanHash string   `json:"planHash"`
		Step     string   `json:"step"`
		Attempt  int      `json:"attempt"`
		As       Identity `json:"as"`
		Inverse  *Step    `json:"inverse,omitempty"` // what would undo it, where something would; written down before the act
	}
	// StepDone is recorded after.
	StepDone struct {
		PlanHash string      `json:"planHash"`
		Step     string      `json:"step"`
		Outcome  StepOutcome `json:"outcome"`
		Detail   string      `json:"detail,omitempty"`
	}
	// StepUnclear says that after a crash nobody can tell whether a step was done; a person decides.
	StepUnclear struct {
		PlanHash string `json:"planHash"`
		Step     string `json:"step"`
		Detail   string `json:"detail"`
	}
	// StepDecided is that person's word.
	StepDecided struct {
		PlanHash string `json:"planHash"`
		Step     string `json:"step"`
		By       Person `json:"by"`
		Done     bool   `json:"done"`
	}
	// VerificationSampled is recorded when verification begins and whenever its verdict changes.
	// Until is by when the verification is over at the latest, unless it changes its mind: passed if all is well, given up if not.
	VerificationSampled struct {
		OK     bool      `json:"ok"`
		Checks []Check   `json:"checks"`
		Until  time.Time `json:"until,omitzero"`
	}
	// Verified ends a verification: passed, or given up.
	Verified struct {
		OK     bool    `json:"ok"`
		Checks []Check `json:"checks"`
	}
	// Claimed says that a person has taken the incident, or, where Back is set, gives it back. Whoever takes it from another has it.
	Claimed struct {
		By   Person `json:"by"`
		Back bool   `json:"back,omitempty"`
	}
	// Closed ends an incident by a person's word, or because another incident is about the same: Into goes on with it, Healed has mended it.
	Closed struct {
		By     Person `json:"by,omitzero"`
		Reason string `json:"reason,omitempty"`
		Into   string `json:"into,omitempty"`
		Healed string `json:"healed,omitempty"`
	}
	// PostmortemDrafted is the write-up made from the log.
	PostmortemDrafted struct {
		Postmortem Postmortem `json:"postmortem"`
	}
	// PostmortemEdited replaces the draft.
	PostmortemEdited struct {
		By         Person     `json:"by"`
		Postmortem Postmortem `json:"postmortem"`
	}
	// PostmortemPublished makes the current draft public.
	PostmortemPublished struct {
		By Person `json:"by"`
		// Share says that it is to be put into the incident's thread as a file.
		Share bool `json:"share,omitempty"`
	}
	// PostmortemIndexed says where the published write-up lies in the knowledge folder.
	PostmortemIndexed struct {
		Path string `json:"path"`
	}
	// PostmortemShared says where the file is that was put into the incident's thread.
	PostmortemShared struct {
		Link string `json:"link"`
	}
	// PicturesShared says that the incident's pictures were put into its thread, or, where there is a Note, why they were not. At is the look
	// that they show, or the end of the incident.
	PicturesShared struct {
		At    time.Time `json:"at"`
		Shown []Shown   `json:"shown,omitempty"`
		Note  string    `json:"note,omitempty"`
	}
	// UploadIntended says that a file is about to be shown in the incident's thread, by Share or Picture. Should nobody record that it is
	// there, it is looked for once Slack must show it, and only then put there again.
	UploadIntended struct {
		Work WorkKind `json:"work"`
	}
	// Purged says that a person had something removed from what is recorded of the incident, a secret that leaked. What was derived from it is
	// derived anew.
	Purged struct {
		By     Person `json:"by"`
		Events int    `json:"events"` // of this incident, that were changed
	}
)

// StepOutcome is how a step ended.
type StepOutcome string

// The ends a step may have.
const (
	StepOK      StepOutcome = "done"
	StepSkipped StepOutcome = "skipped" // its condition made it needless
	StepFailed  StepOutcome = "failed"
)

func (SignalReceived) event()      {}
func (InvestigationFailed) event() {}
func (DiagnosisMade) event()       {}
func (Recalled) event()            {}
func (StoryTold) event()           {}
func (WorkFailed) event()          {}
func (LookAgainRequested) event()  {}
func (PlanProposed) event()        {}
func (NoPlan) event()              {}
func (PlanReviewed) event()        {}
func (PlanApproved) event()        {}
func (Stopped) event()             {}
func (PlanRejected) event()        {}
func (PlanSuperseded) event()      {}
func (Refused) event()             {}
func (StepIntended) event()        {}
func (StepDone) event()            {}
func (StepUnclear) event()         {}
func (StepDecided) event()         {}
func (VerificationSampled) event() {}
func (Verified) event()            {}
func (Claimed) event()             {}
func (Closed) event()              {}
func (PostmortemDrafted) event()   {}
func (PostmortemEdited) event()    {}
func (PostmortemPublished) event() {}
func (PostmortemIndexed) event()   {}
func (PostmortemShared) event()    {}
func (PicturesShared) event()      {}
func (UploadIntended) event()      {}
func (Purged) event()              {}

var eventTypes = func() map[string]reflect.Type {
	m := map[string]reflect.Type{}
	for _, e := range []Event{SignalReceived{}, InvestigationFailed{}, DiagnosisMade{}, Recalled{}, StoryTold{}, WorkFailed{},
		LookAgainRequested{},
		PlanProposed{}, NoPlan{}, PlanReviewed{}, PlanApproved{}, Stopped{}, PlanRejected{}, PlanSuperseded{}, Refused{}, StepIntended{},
		StepDone{},
		StepUnclear{}, StepDecided{}, VerificationSampled{}, Verified{}, Closed{}, PostmortemDrafted{}, PostmortemEdited{},
		PostmortemPublished{}, PostmortemIndexed{}, PostmortemShared{}, PicturesShared{}, Purged{}, FindingAccepted{}, AcceptanceWithdrawn{},
		PlanEdited{}, RunEnded{}, Claimed{}, Notified{}, Called{}, Graded{}, SilenceSet{}, SilenceEnded{}, AlertHeld{}, Hushed{},
		UploadIntended{}} {
		m[EventType(e)] = reflect.TypeOf(e)
	}
	return m
}()

// EventType is the name under which an event is stored, such as "StepIntended".
func EventType(e Event) string { return reflect.TypeOf(e).Name() }

// Encode returns an event's payload, of at most [MaxEvent] bytes: what the event tells is cut to its bounds. An event whose acts are too
// large to be recorded is an error.
func Encode(e Event) ([]byte, error) {
	data, err := json.Marshal(bounded(e))
	if err == nil && len(data) > MaxEvent {
		return nil, fmt.Errorf("encode %s: it has %d bytes, at most %d can be recorded", EventType(e), len(data), MaxEvent)
	}
	return data, err
}

// Decode reads a payload that was stored under the type and version. It refuses what this program does not know, for to skip an event
// could repeat an act.
func Decode(typ string, version int, data []byte) (Event, error) {
	t, ok := eventTypes[typ]
	if !ok || version > EventVersion {
		return nil, fmt.Errorf("decode event %s v%d: unknown to this version of paramedic; was it written by a newer one?", typ, version)
	}
	p := reflect.New(t)
	if err := json.Unmarshal(data, p.Interface()); err != nil {
		return nil, fmt.Errorf("decode event %s v%d: %w", typ, version, err)
	}
	return p.Elem().Interface().(Event), nil
}

// Recorded is an event as it stands in its stream.
type Recorded struct {
	Version int // 1-based place in the stream
	At      time.Time
	Event   Event
	Written int // the [EventVersion] under which it was written; 0: today's
}

// history says whether the event was recorded before news was told, people were called and pictures were drawn.
func (r Recorded) history() bool { return r.Written != 0 && r.Written < tellsVersion }
