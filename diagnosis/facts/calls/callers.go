package calls

import (
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Callers gathers the callers of one Service that fail alike into one finding.
type Callers struct {
	S     *snapshot.Snapshot
	R     *finding.Report
	Found map[string]*finding.Finding

	well bool                        // the callers are well
	told map[string]*finding.Finding // what others, who are not well, have shown already
}

// Well are callers that are well, whose logs complain: what they find is a suspicion, and none of it is found again that those who are not
// well have shown.
func (c Callers) Well() Callers {
	return Callers{S: c.S, R: c.R, Found: map[string]*finding.Finding{}, well: true, told: c.Found}
}

// Shown are the same callers where the API server shows by itself that what they complain of is so, and goes on: whether they are well or
// not, it is no mere suspicion then.
func (c Callers) Shown() Callers {
	c.well = false
	return c
}

// Find returns the finding of the code about the object, a new one if this is the first caller.
func (c Callers) Find(code string, o incident.Object, about string, by Call, title string) *finding.Finding {
	k := code + " " + o.String() + " " + about
	f := c.Found[k]
	switch {
	case f != nil:
	case c.told[k] != nil:
		f = &finding.Finding{} // filled in for nobody
	default:
		f = c.R.Find(code, o, title)
		if c.well {
			f.Suspected()
		}
	}
	c.Found[k] = f
	f.AddPod(by.Pod)
	f.AddFacts([]logs.Fact{by.Need})
	return f.Cite(by.Seen())
}
