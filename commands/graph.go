package commands

import "github.com/paramedic-bot/paramedic/internal/incident"

// mostDrawn bounds the boxes of a graph that is asked for.
const mostDrawn = 60

// Graph draws what broke what, in Mermaid's flowchart language: each cause, what it explains by which reason, and whose remedy it blocks.
// Consequences of one kind with one reason are drawn as one box with their number.
func (r Report) Graph() string {
	d := &incident.Diagnosis{Causes: r.Causes, Findings: r.Findings}
	return incident.GraphOf(d, mostDrawn).Mermaid()
}
