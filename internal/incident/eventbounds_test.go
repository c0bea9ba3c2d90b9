package incident_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/incident/incidenttest"
)

// acts are the events that are never cut: a plan, an approval, a step, what a person wrote. Too large, they are refused.
var acts = []string{"PlanProposed", "PlanReviewed", "PlanApproved", "StepIntended", "PostmortemEdited", "PlanEdited"}

// The largest event of each type: what it tells is cut to less than can be recorded; what is acted upon is refused rather than cut.
func TestNoEventIsTooLarge(t *testing.T) {
	for _, e := range incident.EventTypes() {
		name := incident.EventType(e)
		for _, text := range []string{"<", "\xff"} {
			for _, n := range []int{2, 110} {
				long := strings.Repeat(text, 40_000/n+3000)
				if slices.Contains(acts, name) {
					n, long = n/6+1, long[:2000] // it is written before it is refused
				}
				v := reflect.New(reflect.TypeOf(e))
				incidenttest.Fill(v.Interface(), n, long)
				full := plain(v.Elem().Interface().(incident.Event))
				data, err := incident.Encode(full)
				switch {
				case len(data) > incident.MaxEvent:
					t.Errorf("%s, %d of each, %q: %d bytes", name, n, text, len(data))
				case slices.Contains(acts, name):
					if whole, _ := json.Marshal(full); err == nil && len(data) < len(whole) && name != "PlanReviewed" {
						t.Errorf("%s, %d of each, %q: of %d bytes %d are left", name, n, text, len(whole), len(data))
					}
				case err != nil:
					t.Errorf("%s, %d of each, %q: %v", name, n, text, err)
				default:
					if _, err := incident.Decode(name, incident.EventVersion, data); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			}
		}
	}
}

// plain takes out of an event what is short by its nature: who somebody is, hashes and ids come from the program and its configuration. A
// diagnosis is the whole.
func plain(e incident.Event) incident.Event {
	ada := incident.Person{Team: "T1", ID: "U1", Name: "Ada"}
	const hash, id = "5f2c", "7"
	switch e := e.(type) {
	case incident.SignalReceived:
		e.Signal.Kind, e.Signal.Status, e.Signal.Fingerprint, e.Signal.Group, e.Signal.Channel, e.Signal.By = "alert", incident.Firing, hash,
			hash, id, ada
		return e
	case incident.DiagnosisMade:
		e.Diagnosis.Totals, e.Diagnosis.Whole = nil, ""
		return e
	case incident.LookAgainRequested:
		return incident.LookAgainRequested{By: ada}
	case incident.PlanRejected:
		e.PlanHash, e.By = hash, ada
		return e
	case incident.PlanSuperseded:
		e.PlanHash = hash
		return e
	case incident.Refused:
		e.By = ada
		return e
	case incident.StepDone:
		e.PlanHash, e.Step, e.Outcome = hash, id, incident.StepOK
		return e
	case incident.StepUnclear:
		e.PlanHash, e.Step = hash, id
		return e
	case incident.StepDecided:
		e.PlanHash, e.Step, e.By = hash, id, ada
		return e
	case incident.Closed:
		e.By = ada
		return e
	case incident.FindingAccepted:
		e.By = ada
		return e
	case incident.AcceptanceWithdrawn:
		e.By = ada
		return e
	case incident.SilenceSet:
		e.By = ada
		return e
	case incident.SilenceEnded:
		e.By = ada
		return e
	case incident.AlertHeld:
		e.Signal.Kind, e.Signal.Status, e.Signal.Fingerprint, e.Signal.Group, e.Signal.Channel, e.Signal.By = "alert", incident.Firing, hash,
			hash, id, ada
		return e
	case incident.PostmortemPublished:
		e.By = ada
		return e
	case incident.PostmortemIndexed:
		e.Path = "2026-01-02-inc-1.md"
		return e
	case incident.PicturesShared:
		e.At = began
		return e
	case incident.PostmortemShared:
		e.Link = "https://example.slack.com/archives/C1/p1"
		return e
	}
	return e
}

// A draft of a long incident says that it leaves something out, and is never too large to be recorded.
func TestADraftIsBounded(t *testing.T) {
	long := strings.Repeat("<words> ", 1000)
	log := []incident.Recorded{{Version: 1, At: began, Event: incident.SignalReceived{Signal: incident.Signal{Kind: "alert",
		Title: "KubePodCrashLooping"}}},
		{Version: 2, At: began, Event: incident.DiagnosisMade{Diagnosis: *incident.Brief(ill("Deployment",
			repeat(400, "The pod of Deployment %s keeps crashing")...))}}}
	for i := range 3000 {
		log = append(log, incident.Recorded{Version: len(log) + 1, At: began,
			Event: incident.Refused{By: incident.Person{Name: strings.Repeat("a", 1+i%100)}, Action: "approve", Reason: long}})
	}
	log = append(log, incident.Recorded{Version: len(log) + 1, At: began, Event: incident.Closed{By: incident.Person{Name: "Ada"},
		Reason: "over"}})
	pm := incident.DraftPostmortem(incident.Fold("INC-1", log))
	data, err := incident.Encode(incident.PostmortemDrafted{Postmortem: pm})
	if err != nil || len(data) > incident.MaxEvent {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	for _, want := range []string{"KubePodCrashLooping", "lesser moments are in the incident's log", "Ada closed the incident"} {
		if !strings.Contains(pm.Timeline, want) {
			t.Errorf("the timeline does not say %q", want)
		}
	}
	if !strings.Contains(pm.Cause, "and 399 more Deployments alike") || !strings.Contains(pm.Cause, "400 consequences followed from it") {
		t.Errorf("causes: %.300s", pm.Cause)
	}
}
