package diagnosis

import "github.com/paramedic-bot/paramedic/internal/incident"

// guarded runs a part of the diagnosis. If it panics, the rest is told without it, and what is missing is said.
func guarded(d *incident.Diagnosis, what string, f func()) {
	if x := incident.Catch(incident.NotSeen{What: what, Resources: []incident.Resource{incident.Checks}}, f); x != nil {
		failed(d, *x)
	}
}

func failed(d *incident.Diagnosis, failures ...incident.Failure) {
	for _, f := range failures {
		d.Failures, d.NotSeen = append(d.Failures, f), append(d.NotSeen, f.NotSeen)
	}
}
