package recovery

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// refusal is why a cause has no remedy: what each runbook says that could treat it.
type refusal struct {
	cause incident.Cause
	whys  []string
}

// Bounds of one reason, in characters, and of how many are told of one cause.
const (
	maxRefused = 240 // the cause's title
	maxReason  = 400
	mostWhys   = 3
)

// reasons say what has no remedy, a sentence for each reason: causes that have none for the same reason are counted.
func reasons(all []refusal) []string {
	var out []string
	at := map[string]int{}
	var groups [][]refusal
	for _, r := range all {
		key := strings.Join(alikeWhys(r.whys), "\x00")
		if _, ok := at[key]; !ok {
			at[key], groups = len(groups), append(groups, nil)
		}
		groups[at[key]] = append(groups[at[key]], r)
	}
	left := 0
	for i, g := range groups {
		if i >= mostSentences {
			left += len(g)
			continue
		}
		out = append(out, because(g))
	}
	if left > 0 {
		out = append(out, fmt.Sprintf("%d more causes have no remedy.", left))
	}
	return out
}

// because is the reason that causes have in common.
func because(group []refusal) string {
	first := group[0]
	said := strings.Join(first.whys, "; ")
	about := strings.ReplaceAll(clip.Phrase(incident.ShortTitle(first.cause.Title), maxRefused), `"`, "'")
	if len(group) == 1 && len(first.whys) <= mostWhys {
		return fmt.Sprintf("No remedy for %q: %s.", about, strings.TrimSuffix(clip.Phrase(said, maxReason), "."))
	}
	var what []string
	shapes, n := alikeWhys(first.whys), map[string]int{}
	for _, why := range first.whys {
		n[shape(why)]++
	}
	for _, s := range shapes[:min(len(shapes), mostWhys)] {
		if n[s] > 1 {
			s += fmt.Sprintf(" (%d times)", n[s])
		}
		what = append(what, s)
	}
	if more := len(shapes) - mostWhys; more > 0 {
		what = append(what, counted(more, "more reason"))
	}
	said = strings.TrimSuffix(clip.Phrase(strings.Join(what, "; "), maxReason), ".")
	if len(group) == 1 {
		return fmt.Sprintf("No remedy for %q: %s.", about, said)
	}
	return fmt.Sprintf("No remedy for %s, such as %q: %s.", countedCauses(group), about, said)
}

// countedCauses is "14 Deployments" where the causes lie in objects of one kind, "14 causes" otherwise.
func countedCauses(group []refusal) string {
	seen, kinds := map[incident.Object]bool{}, map[string]bool{}
	for _, r := range group {
		for _, o := range r.cause.Objects[:min(len(r.cause.Objects), 1)] {
			seen[o], kinds[o.Kind] = true, true
		}
	}
	if len(kinds) != 1 || len(seen) != len(group) {
		return counted(len(group), "cause")
	}
	return incident.CountOf(len(group), group[0].cause.Objects[0].Kind)
}

// alikeWhys are the shapes of reasons, each once.
func alikeWhys(whys []string) []string {
	var out []string
	for _, why := range whys {
		if s := shape(why); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

var (
	objectWords = regexp.MustCompile(`\b[A-Z][A-Za-z]+[ /][a-z0-9][a-z0-9.-]*/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?`)
	anyNumbers  = regexp.MustCompile(`\d+`)
)

// shape is a reason without what is so of one object alone: its name, and the details behind a colon.
func shape(why string) string {
	why = objectWords.ReplaceAllString(why, "it")
	if head, _, ok := strings.Cut(why, ": "); ok && len(strings.Fields(head)) > 3 {
		why = head
	}
	return strings.TrimSuffix(anyNumbers.ReplaceAllString(why, "…"), ".")
}
