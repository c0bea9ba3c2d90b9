package diagnosis

import (
	"github.com/paramedic-bot/paramedic/diagnosis/cause"
	"github.com/paramedic-bot/paramedic/diagnosis/change"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/incommon"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// circumstances finds what shows only once it is known what nothing explains: what the failing have in common, and what was changed just before.
// It returns all that was found, with that, and what explains what.
func circumstances(s *snapshot.Snapshot, scope Scope, found []*finding.Finding, changes []change.Change) ([]*finding.Finding, *cause.Linked) {
	linked := cause.Connect(s, found)
	add := func(more []*finding.Finding) {
		linked.Add(more...)
		found = append(found[:len(found):len(found)], more...)
	}
	shared := incommon.Find(s, found, linked.Unexplained())
	attach(s, shared, changes)
	add(shared)
	return found, linked
}
