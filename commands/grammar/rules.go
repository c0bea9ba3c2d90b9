package grammar

import (
	"slices"
	"strings"
)

// The things of an incident that can be asked about, behind "about INC-ID".
const (
	Now      = "now"
	Who      = "who"
	Cause    = "cause"
	Log      = "log"
	RuledOut = "ruled-out"
	Before   = "before"
	Plan     = "plan"
	Changes  = "changes"
	NotSeen  = "not-seen"
)

// Topics are those things, in the order in which they are listed.
var Topics = []string{Now, Who, Cause, Log, Changes, RuledOut, NotSeen, Before, Plan}

// rule reads a question as the words of a command. The first that fits counts.
type rule struct {
	all  []string // classes of which each must be there, "a|b" one of the two
	none []string // classes of which none may be
	fits func(t *said, s *slots) bool
	read func(t *said, s *slots) []string
}

func (r rule) matches(t *said, s *slots) bool {
	for _, of := range r.all {
		if !t.has(strings.Split(of, "|")...) {
			return false
		}
	}
	return !t.has(r.none...) && (r.fits == nil || r.fits(t, s))
}

func about(topic string) func(*said, *slots) []string {
	return func(_ *said, s *slots) []string { return []string{"about", s.incident, topic} }
}

func onIt(command string) func(*said, *slots) []string {
	return func(_ *said, s *slots) []string { return []string{command, s.incident} }
}

func fixed(all ...string) func(*said, *slots) []string {
	return func(*said, *slots) []string { return slices.Clone(all) }
}

// onIncident reads questions about an incident: the one in whose thread they were asked, or one that they name.
func onIncident() []rule {
	return []rule{
		{all: []string{"pm"}, none: []string{"search"}, read: onIt("postmortem")},
		{all: []string{"pm"}, fits: func(t *said, _ *slots) bool { return !t.has("before") }, read: onIt("postmortem")},
		{all: []string{"catchup"}, read: onIt("catchup")},
		{all: []string{"unseen"}, read: about(NotSeen)},
		{all: []string{"ruled"}, read: about(RuledOut)},
		{all: []string{"suspect", "parts"}, read: about(RuledOut)},
		{all: []string{"evidence"}, read: onIt("evidence")},
		{all: []string{"log"}, read: about(Log)},
		{all: []string{"before", "seen|helped"}, read: about(Before)},
		{all: []string{"plan"}, read: about(Plan)},
		{all: []string{"why"}, read: about(Cause)},
		{all: []string{"who", "has"}, none: []string{"changed"}, read: about(Who)},
		{fits: func(t *said, _ *slots) bool { return t.any("update", "updates", "news", "any change") }, read: about(Now)},
		{all: []string{"changed"}, read: about(Changes)},
		{all: []string{"now|status|state|bad|ok"}, fits: func(t *said, s *slots) bool { return !s.named || t.has("now", "status") },
			read: about(Now)},
		{fits: func(_ *said, s *slots) bool { return s.named }, read: onIt("incidents")},
	}
}

// anywhere reads all other questions.
func anywhere() []rule {
	object := func(_ *said, s *slots) bool { return len(s.objects)+len(s.typed) > 0 }
	free := func(_ *said, s *slots) bool { return s.empty() }
	placed := func(t *said, s *slots) bool { return s.namespace != "" }
	why := func(_ *said, s *slots) []string { return append([]string{"why"}, s.object()...) }
	return []rule{
		{all: []string{"silence"}, fits: free, read: fixed("silence")},
		{all: []string{"accepted"}, fits: free, read: fixed("accept")},
		{all: []string{"approval"}, fits: free, read: fixed("status")},
		{all: []string{"runbooks"}, fits: free, read: fixed("runbooks")},
		{all: []string{"checks"}, fits: free, read: fixed("checks")},
		{all: []string{"catchup"}, fits: free, read: fixed("catchup")},
		{all: []string{"search"}, fits: looked, read: searched},
		{all: []string{"before", "seen", "question"}, none: []string{"restart", "changed", "incidents"}, fits: looked, read: searched},
		{all: []string{"incidents", "past"}, fits: free, read: fixed("incidents", "all")},
		{all: []string{"incidents"}, none: []string{"why"}, fits: free, read: fixed("incidents")},
		{all: []string{"why|bad|not"}, fits: object, read: why},
		{all: []string{"help"}, fits: free, read: fixed("help")},
		{all: []string{"changed"}, none: []string{"why", "bad"}, fits: func(t *said, s *slots) bool { return !object(t, s) || s.namespace != "" },
			read: func(_ *said, s *slots) []string {
				out := append([]string{"changes"}, s.place()...)
				if s.since != "" {
					out = append(out, "--since", s.since)
				}
				return out
			}},
		{all: []string{"restart"}, none: []string{"why"}, fits: func(t *said, s *slots) bool { return !object(t, s) },
			read: func(_ *said, s *slots) []string { return append([]string{"restarts"}, s.place()...) }},
		{fits: object, read: why},
		{all: []string{"why"}, fits: placed, read: func(_ *said, s *slots) []string { return append([]string{"why"}, s.place()...) }},
		{all: []string{"bad|not|ok|state|question|everything"}, fits: placed, read: func(_ *said, s *slots) []string {
			return append([]string{"check"}, s.place()...)
		}},
		{fits: placed, read: func(_ *said, s *slots) []string { return append([]string{"check"}, s.place()...) }},
		{all: []string{"why"}, read: fixed("why")},
		{all: []string{"status"}, none: []string{"bad"}, read: fixed("status")},
		{all: []string{"bad|ok|state", "everything|question|bad|state"}, read: fixed("check")},
		{all: []string{"greeting"}, fits: func(t *said, _ *slots) bool { return len(t.words) <= 2 }, read: fixed("help")},
	}
}

// looked says whether there is something to search for.
func looked(t *said, s *slots) bool { return len(subject(t)) > 0 }

// searched searches for what is left of the words.
func searched(t *said, _ *slots) []string { return append([]string{"search"}, subject(t)...) }

// subject is what is left of a question without what only asks.
func subject(t *said) []string {
	var out []string
	for _, w := range t.words {
		asks := slices.ContainsFunc([]string{"search", "before", "seen"}, func(c string) bool { return slices.Contains(classes[c], w) })
		if !asks && !fillers[w] && times[w] == "" {
			out = append(out, w)
		}
	}
	return out
}
