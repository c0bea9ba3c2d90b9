package commands

import (
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// verdict is the exit code of an answer: what is wrong was seen, however little else was; what is well must have been looked at.
func verdict(d *incident.Diagnosis) int {
	switch {
	case d.Wrong():
		return ExitWrong
	case len(d.Scope.Unseen) > 0:
		return ExitNoAnswer
	}
	return ExitFine
}

// wellSaid says that nothing is wrong, as far as that can be said.
func wellSaid(d *incident.Diagnosis) string {
	if len(d.Scope.Unseen) == 0 {
		return "nothing wrong"
	}
	return "nothing wrong was seen" + unseenNote(d)
}

// unseenNote is ", but pods could not be looked at"; empty if all that matters was.
func unseenNote(d *incident.Diagnosis) string {
	var what []string
	for _, n := range d.Scope.Unseen {
		what = append(what, n.What)
	}
	if len(what) == 0 {
		return ""
	}
	return ", but " + strings.Join(what, " and ") + " could not be looked at"
}

// whereabouts is where a diagnosis looked: " in the cluster", " in namespace shop", " at Deployment/shop/web".
func whereabouts(d *incident.Diagnosis) string {
	switch {
	case len(d.Scope.Objects) > 0:
		return " at " + d.Scope.String()
	case d.Scope.Namespace != "":
		return " in " + d.Scope.String()
	}
	return " in the cluster"
}

// foundNothing says so, as far as that can be said; where is "", or " in the cluster".
func foundNothing(d *incident.Diagnosis, where string) string {
	if len(d.Scope.Unseen) > 0 {
		return sentence(wellSaid(d))
	}
	if len(d.Accepted) > 0 {
		return "Nothing wrong was found" + where + " but what is accepted."
	}
	return "Nothing wrong was found" + where + "."
}
