package app

import (
	"fmt"
	"strings"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// changedSince says that nothing, or something else, is on offer.
func changedSince(s *incident.State) error { return notOffered(s, "") }

// notOffered says what became of the plan with a hash, or its beginning, that is not on offer, and what is.
func notOffered(s *incident.State, hash string) error {
	try := "If one is made, it appears in the incident's thread."
	if s.Plan != nil {
		try = fmt.Sprintf("On offer is “%s”: open it with “plan %s”.", s.Plan.Title, s.ID)
	}
	said := hash[:min(len(hash), 12)]
	known, ran := false, false
	for _, r := range s.Log {
		for _, p := range plansIn(r.Event) {
			known = known || hash != "" && strings.HasPrefix(p.Hash, hash)
		}
		if e, ok := r.Event.(incident.StepIntended); ok {
			ran = ran || hash != "" && strings.HasPrefix(e.PlanHash, hash)
		}
	}
	switch {
	case hash == "" && s.Plan != nil:
		return &commands.Refusal{Reason: "That plan has been replaced by a newer one.", Try: try}
	case hash == "":
		return &commands.Refusal{Reason: s.ID + " has no plan to decide upon right now.", Try: try}
	case ran:
		return &commands.Refusal{Reason: fmt.Sprintf("The plan %s of %s has run already.", said, s.ID), Try: try}
	case known && s.Plan != nil:
		return &commands.Refusal{Reason: fmt.Sprintf("The plan %s of %s has been replaced by a newer one.", said, s.ID), Try: try}
	case known:
		return &commands.Refusal{Reason: fmt.Sprintf("The plan %s of %s has been withdrawn.", said, s.ID), Try: try}
	}
	return &commands.Refusal{Reason: fmt.Sprintf("No plan of %s has the hash %s.", s.ID, said), Try: try}
}

// undecided says which step waits for somebody's word.
func undecided(s *incident.State) string {
	for _, st := range s.Steps {
		if st.Unclear != "" && st.Ended.IsZero() {
			return "Step " + st.Step + " waits for it."
		}
	}
	return "No step waits for it; “about " + s.ID + "” tells where it stands."
}
