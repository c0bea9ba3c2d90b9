package commands

import (
	"fmt"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Judged is what a policy of the watch makes of one cause.
type Judged struct {
	Code    string            `json:"code"`
	Title   string            `json:"title"`
	Objects []incident.Object `json:"objects"`
	Raised  bool              `json:"raised"`       // it becomes an incident
	At      time.Time         `json:"at,omitzero"`  // when, should it stay as it is; zero: never by itself
	Why     string            `json:"why,omitzero"` // by which rule, or why not
}

// PolicyReply tells what a policy makes of what was found at a time. The exit code is 1 where anything is raised.
func PolicyReply(all []Judged, at time.Time) Reply {
	raised := 0
	var list List
	for _, j := range all {
		span := []Span{Bold(j.Title), Text("  " + j.Why)}
		switch {
		case j.Raised:
			raised++
			span = append([]Span{Bold("raised  ")}, span...)
		case j.At.IsZero():
			span = append([]Span{Text("never  ")}, span...)
		default:
			span = append([]Span{Text("at "), When(j.At), Text("  ")}, span...)
		}
		list = append(list, Item{Spans: span})
	}
	text := fmt.Sprintf("%s of %s would be raised", thousands(raised), count(len(all), "cause"))
	if len(all) == 0 {
		text = "Nothing was found that could be raised."
	}
	r := Reply{Text: text, Data: all, Blocks: []Block{Header{text}, Note{Text("As seen at "), When(at), Text(".")}}}
	if len(list) > 0 {
		r.Blocks = append(r.Blocks, list)
	}
	if raised > 0 {
		r.Exit = 1
	}
	return r
}
