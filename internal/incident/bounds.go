package incident

import "time"

// The bounds of the texts in an event, in bytes as JSON writes them; see [Clip]. Names of Kubernetes' objects are never longer.
const (
	maxKind   = 63
	maxName   = 253
	maxID     = 40
	maxTitle  = 400
	maxField  = 300
	maxSay    = 600  // a sentence
	maxReason = 3000 // several
)

// clipper shortens texts in place, and remembers whether it had to.
type clipper struct{ cut bool }

func (c *clipper) texts(limit int, texts ...*string) {
	for _, s := range texts {
		if short := Clip(*s, limit); len(short) != len(*s) {
			*s, c.cut = short, true
		}
	}
}

func (c *clipper) list(texts []string, limit int) {
	for i := range texts {
		c.texts(limit, &texts[i])
	}
}

func (c *clipper) object(o *Object) {
	c.texts(maxKind, &o.Kind, &o.Namespace)
	c.texts(maxName, &o.Name)
}

// clipDiagnosis bounds every text of a diagnosis. Its lists have been cut, and are its own.
func clipDiagnosis(d *Diagnosis) (cut bool) {
	var c clipper
	c.texts(maxName, &d.Cluster)
	for i := range d.Causes {
		c.cause(&d.Causes[i])
	}
	for i := range d.Findings {
		x := &d.Findings[i]
		c.texts(maxID, &x.ID)
		c.texts(maxKind, &x.Code, (*string)(&x.Severity))
		c.texts(maxTitle+100, &x.Title)
		c.texts(maxSay, &x.Next, &x.Normal)
		c.object(&x.Object)
		c.list(x.Evidence, maxID)
		for j := range x.Objects {
			c.object(&x.Objects[j])
		}
	}
	for i := range d.Evidence {
		x := &d.Evidence[i]
		c.texts(maxID, &x.ID)
		c.texts(maxKind, (*string)(&x.Source))
		c.texts(maxField, &x.Field)
		c.texts(2*MaxExcerpt, &x.Excerpt)
		c.object(&x.Object)
	}
	for i := range d.Changes {
		x := &d.Changes[i]
		c.texts(maxID, &x.ID)
		c.texts(maxSay, &x.What)
		c.texts(maxKind, (*string)(&x.Source))
		c.texts(maxField, &x.By)
		c.object(&x.Object)
	}
	for i := range d.Restarts {
		c.object(&d.Restarts[i].Workload)
	}
	for i := range d.NotSeen {
		c.notSeen(&d.NotSeen[i])
	}
	c.texts(maxKind, &d.Scope.Namespace)
	for i := range d.Scope.Objects {
		c.object(&d.Scope.Objects[i])
	}
	for i := range d.Scope.Unseen {
		c.notSeen(&d.Scope.Unseen[i])
	}
	for i := range d.RuledOut {
		c.texts(maxField, &d.RuledOut[i].What)
		c.texts(maxSay, &d.RuledOut[i].Why)
	}
	for i := range d.Depends {
		c.object(&d.Depends[i])
	}
	for i := range d.Suspicions {
		x := &d.Suspicions[i]
		c.texts(maxKind, &x.Code)
		c.texts(maxTitle+100, &x.Title)
		c.texts(maxSay, &x.Next, &x.Normal)
		c.list(x.Evidence, maxID)
		for j := range x.Objects {
			c.object(&x.Objects[j])
		}
	}
	for i := range d.Accepted {
		x := &d.Accepted[i]
		c.texts(maxKind, &x.Code, (*string)(&x.Severity))
		c.texts(maxTitle+100, &x.Title)
		c.object(&x.Object)
		c.acceptance(&x.Acceptance)
	}
	c.list(d.Looked, maxField)
	return c.cut
}

func (c *clipper) notSeen(n *NotSeen) {
	c.texts(maxField, &n.What)
	c.texts(maxSay, &n.Why)
	c.object(&n.Where)
	c.list(n.Besides, maxKind)
	for i := range n.Of {
		c.object(&n.Of[i])
	}
	for i := range n.Resources {
		c.texts(maxField, (*string)(&n.Resources[i]))
	}
}

func (k *clipper) cause(c *Cause) {
	k.texts(maxID, &c.ID)
	k.texts(maxKind, &c.Code, (*string)(&c.Confidence))
	k.texts(maxTitle+100, &c.Title)
	k.texts(maxReason, &c.Reason)
	k.texts(maxSay, &c.Next, &c.Normal)
	for i := range c.Objects {
		k.object(&c.Objects[i])
	}
	for _, ids := range [][]string{c.Explains, c.Evidence, c.Changes} {
		k.list(ids, maxID)
	}
	for i := range c.Blocks {
		k.texts(maxID, &c.Blocks[i].Cause)
		k.texts(maxSay, &c.Blocks[i].Reason)
	}
	for i := range c.Links {
		k.texts(maxID, &c.Links[i].From, &c.Links[i].To)
		k.texts(maxField, &c.Links[i].Reason, &c.Links[i].Rule)
	}
	k.list(c.Against, maxSay)
	k.acceptance(&c.Accepted)
}

// earliest is the earlier of two times, either of which may be unknown.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
