package incident

import (
	"maps"
	"slices"
)

// MaxEvent is the most that an event may have, in bytes as JSON; it is the store's own limit.
const MaxEvent = 1 << 20

// The most that an event holds of each thing. What is told is cut to this, and shows it by an "…"; what is acted upon (a plan, an approval,
// a step, what a person wrote) is never cut: [Encode] refuses what is too large.
const (
	maxLabels    = 64
	maxChecks    = 64
	maxSimilar   = 20
	maxSentences = 32
	maxCites     = 16
	maxText      = 16 << 10
	maxDetail    = 4 << 10
	maxSection   = 96 << 10 // of a postmortem
	maxListed    = 100      // codes, and what worked, of a postmortem
)

// bounded is an event with what it tells cut to its bounds. It does not change e.
func bounded(e Event) Event {
	var c clipper
	switch e := e.(type) {
	case SignalReceived:
		e.Signal = c.signal(e.Signal)
		return e
	case InvestigationFailed:
		c.texts(maxDetail, &e.Error)
		return e
	case WorkFailed:
		c.texts(maxField, &e.Work)
		c.texts(maxDetail, &e.Error)
		return e
	case DiagnosisMade:
		e.Diagnosis = *Brief(&e.Diagnosis)
		return e
	case Recalled:
		e.Similar = c.similar(e.Similar)
		c.texts(maxDetail, &e.Note)
		return e
	case StoryTold:
		e.Story = c.story(e.Story)
		return e
	case NoPlan:
		c.texts(maxText, &e.Reason)
		return e
	case PlanReviewed:
		e.Checks = c.checks(e.Checks)
		return e
	case Stopped:
		c.texts(maxDetail, &e.Reason)
		return e
	case PlanRejected:
		c.texts(maxDetail, &e.Reason)
		return e
	case PlanSuperseded:
		c.texts(maxDetail, &e.Reason)
		return e
	case Refused:
		c.texts(maxDetail, &e.Action, &e.Reason)
		return e
	case StepDone:
		c.texts(maxDetail, &e.Detail)
		return e
	case StepUnclear:
		c.texts(maxDetail, &e.Detail)
		return e
	case VerificationSampled:
		e.Checks = c.checks(e.Checks)
		return e
	case Verified:
		e.Checks = c.checks(e.Checks)
		return e
	case Graded:
		c.texts(maxName, &e.Incident)
		c.texts(maxKind, &e.Code, (*string)(&e.Grade), (*string)(&e.Confidence))
		c.texts(maxSay, &e.What)
		return e
	case RunEnded:
		return c.run(e)
	case Closed:
		c.texts(maxDetail, &e.Reason)
		return e
	case Notified:
		e.Others, e.More = firstOf(e.Others, mostNamed), e.More+max(0, len(e.Others)-mostNamed)
		return e
	case Called:
		c.texts(maxName, &e.To.Name, &e.Next.Name)
		e.Others, e.More = firstOf(e.Others, mostNamed), e.More+max(0, len(e.Others)-mostNamed)
		return e
	case PostmortemDrafted:
		return PostmortemDrafted{Postmortem: c.postmortem(e.Postmortem)}
	case PostmortemShared, PicturesShared, UploadIntended:
		return c.shown(e)
	case FindingAccepted:
		c.texts(maxSay, &e.Reason)
		c.texts(maxKind, &e.Code, (*string)(&e.Worst)) // who accepts has looked that they are no longer
		c.object(&e.Object)
		return e
	case AcceptanceWithdrawn:
		c.texts(maxKind, &e.Code)
		c.object(&e.Object)
		return e
	case SilenceSet:
		c.texts(maxSay, &e.Reason)
		c.hush(&e.Hush)
		return e
	case SilenceEnded:
		c.hush(&e.Hush)
		return e
	case AlertHeld:
		e.Signal = c.signal(e.Signal)
		c.hush(&e.Hush)
		return e
	}
	return e
}

// shown bounds what is said of files in a thread.
func (c *clipper) shown(e Event) Event {
	switch e := e.(type) {
	case PostmortemShared:
		c.texts(maxSay, &e.Link)
		return e
	case UploadIntended:
		c.texts(maxName, (*string)(&e.Work))
		return e
	case PicturesShared:
		c.texts(maxSay, &e.Note)
		e.Shown = firstOf(e.Shown, mostShown)
		for i := range e.Shown {
			c.texts(maxName, &e.Shown[i].Name, &e.Shown[i].Digest)
		}
		return e
	}
	return e
}

// run keeps of a run what tells it from others.
func (c *clipper) run(e RunEnded) RunEnded {
	c.texts(maxName, &e.Incident, &e.PlanHash, (*string)(&e.Result))
	e.Of, e.Targets = firstOf(e.Of, maxCites), firstOf(e.Targets, maxChecks)
	for i := range e.Of {
		c.texts(maxKind, &e.Of[i].Runbook, &e.Of[i].Code)
	}
	for i := range e.Targets {
		c.object(&e.Targets[i].Object)
		c.texts(maxName, &e.Targets[i].UID, &e.Targets[i].SpecHash)
	}
	return e
}

func (c *clipper) signal(s Signal) Signal {
	c.texts(maxReason, &s.Title)
	c.texts(maxText, &s.Text)
	if s.Labels != nil {
		labels := map[string]string{}
		for _, k := range slices.Sorted(maps.Keys(s.Labels))[:min(maxLabels, len(s.Labels))] {
			name, value := k, s.Labels[k]
			c.texts(maxName, &name)
			c.texts(maxDetail, &value)
			labels[name] = value
		}
		s.Labels = labels
	}
	s.About = firstOf(s.About, mostScope)
	for i := range s.About {
		c.object(&s.About[i])
	}
	return s
}

func (c *clipper) similar(all []Similar) []Similar {
	all = firstOf(all, maxSimilar)
	for i := range all {
		s := &all[i]
		c.texts(maxField, &s.ID, &s.Title, &s.Date)
		c.texts(maxReason, &s.Outcome, &s.Excerpt)
		s.Shared, s.Worked = firstOf(s.Shared, maxCites), firstOf(s.Worked, maxCites)
		c.list(s.Shared, maxField)
		c.list(s.Worked, maxSay)
	}
	return all
}

func (c *clipper) story(s Story) Story {
	c.texts(maxID, &s.Cause)
	c.texts(maxField, &s.By)
	c.texts(maxDetail, &s.Note)
	s.Sentences = firstOf(s.Sentences, maxSentences)
	for i := range s.Sentences {
		x := &s.Sentences[i]
		c.texts(2*maxSay, &x.Text)
		x.Cites = firstOf(x.Cites, maxCites)
		c.list(x.Cites, maxID)
	}
	return s
}

// checks keeps those that do not hold, where not all can be kept.
func (c *clipper) checks(all []Check) []Check {
	all = slices.Clone(all)
	if len(all) > maxChecks {
		slices.SortStableFunc(all, func(a, b Check) int { return map[bool]int{true: 1}[a.OK] - map[bool]int{true: 1}[b.OK] })
		all = firstOf(all, maxChecks)
	}
	for i := range all {
		c.texts(maxField, &all[i].Name)
		c.texts(maxDetail, &all[i].Detail)
	}
	return all
}

func (c *clipper) postmortem(p Postmortem) Postmortem {
	c.texts(maxTitle+100, &p.Title)
	c.texts(maxField, &p.Outcome)
	c.texts(maxSection, p.Sections()...)
	p.Codes, p.Worked, p.Failed = firstOf(p.Codes, maxListed), firstOf(p.Worked, maxListed), firstOf(p.Failed, maxListed)
	c.list(p.Codes, maxKind)
	c.list(p.Worked, maxSay)
	c.list(p.Failed, maxSay)
	return p
}
