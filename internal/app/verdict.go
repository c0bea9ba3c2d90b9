package app

import (
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// watching is how long everything must stay well after a plan: for some causes longer than is usual.
func watching(p incident.Policy, plan *incident.Plan) incident.Policy {
	if plan != nil && plan.Watch > p.VerifyFor {
		p.VerifyGiveUp += plan.Watch - p.VerifyFor
		p.VerifyFor = plan.Watch
	}
	return p
}

// verdict is what a sample at now means for a verification: everything well for long enough passes; not well for too long gives up; a
// change, and the first sample, are recorded. Long enough is what the clock says and what went by.
func verdict(v incident.Verification, went passes, checks []incident.Check, p incident.Policy, now time.Time) []incident.Event {
	ok := incident.AllOK(checks)
	sampled := incident.VerificationSampled{OK: ok, Checks: checks, Until: now.Add(p.VerifyFor)}
	switch {
	case !ok && v.Began.IsZero():
		sampled.Until = now.Add(p.VerifyGiveUp)
	case !ok:
		sampled.Until = v.Began.Add(p.VerifyGiveUp)
	}
	switch {
	case v.Began.IsZero():
		return []incident.Event{sampled}
	case ok && !v.GoodSince.IsZero() && now.Sub(v.GoodSince) >= p.VerifyFor && went.good.enough(p.VerifyFor, p.VerifyEvery):
		return []incident.Event{incident.Verified{OK: true, Checks: checks}}
	case !ok && now.Sub(v.Began) >= p.VerifyGiveUp && went.all.enough(p.VerifyGiveUp, p.VerifyEvery):
		return []incident.Event{incident.Verified{OK: false, Checks: checks}}
	case ok == v.GoodSince.IsZero():
		return []incident.Event{sampled}
	}
	return nil
}
