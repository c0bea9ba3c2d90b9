package finding

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var (
	rpcError = regexp.MustCompile(`rpc error: code = \w+ desc = `)
	// hexID is a runtime's id of a sandbox, a container or an image: its beginning tells it from others.
	hexID = regexp.MustCompile(`\b([0-9a-f]{8})[0-9a-f]{32,56}\b`)
	// unknownEnd is what containerd ends an error with that has no kind of its own.
	unknownEnd = regexp.MustCompile(`(?:: unknown)+$`)
	// sentence is the beginning of words for people, rather than of a list of settings.
	sentence = regexp.MustCompile(`^[A-Za-z]+ [a-zA-Z]`)
)

// ShortMessage makes a runtime's long error fit into a title. Such errors wrap one another, and the innermost says why: as many of the
// last parts are kept as fit; where these are but a few words, what they belong to is told from its beginning.
func ShortMessage(message string) string { return ShortMessageIn(message, 160) }

// ShortMessageIn is ShortMessage for where there is room for fewer bytes.
func ShortMessageIn(message string, limit int) string {
	message = rpcError.ReplaceAllString(OneLine(message, 4*incident.MaxExcerpt), "")
	if len(message) <= limit {
		return message
	}
	if message = unknownEnd.ReplaceAllString(hexID.ReplaceAllString(message, "$1…"), ""); len(message) <= limit {
		return message
	}
	last := ""
	for i := 0; ; {
		next := strings.Index(message[i:], ": ")
		if next < 0 {
			break
		}
		i += next + len(": ")
		if last = message[i:]; len(last) <= limit && len(last) > limit/8 {
			return "… " + last
		}
	}
	switch {
	case len(last) > limit && sentence.MatchString(last) && !strings.ContainsAny(message[:len(message)-len(last)], "{["):
		return "… " + clip.Bytes(last, limit-len("… "))
	case last == "" || len(last) > limit:
		return clip.Bytes(message, limit)
	}
	return clip.Bytes(message, limit-len(last)-len(": ")) + ": " + last
}

// Union adds to a few values those that are not among them; where many are added one by one, gather them.
func Union[T comparable](into, more []T) []T {
	for _, x := range more {
		if !slices.Contains(into, x) {
			into = append(into, x)
		}
	}
	return into
}

// HasAny says whether the text contains one of the words.
func HasAny(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}

// FirstFew lists up to three names, and says how many more there are.
func FirstFew(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}

// AndOthers names the first of the workloads, and says how many more there are.
func AndOthers(workloads []incident.Object) string {
	words := Short(workloads[0])
	if more := len(workloads) - 1; more > 0 {
		words += Inflect(more, " and %d other {workload|workloads}", more)
	}
	return words
}

// Moment is a time for people: the time of day, and the date if it was on another.
func Moment(now, t time.Time) string {
	if t.UTC().Format(time.DateOnly) == now.UTC().Format(time.DateOnly) {
		return Clock(t)
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// ListWords lists up to most words, and says how many more there are.
func ListWords(words []string, most int) string {
	switch n := len(words); {
	case n > most:
		return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), n-most)
	case n > 1:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

// Short names an object for people within its namespace: "Deployment web".
func Short(o incident.Object) string { return o.Kind + " " + o.Name }

// Clock is a time of day for people.
func Clock(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }

// Duration is a length of time for people, in its two largest units at most: "2d3h", "25m", "40s".
func Duration(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	}
	return fmt.Sprintf("%ds", int(d.Seconds()))
}

// NotSeen says whether objects of a resource ("pods", "deployments.apps") in the namespace may be missing from what was seen, so that their
// absence proves nothing; an empty namespace asks for those of all.
func NotSeen(s *snapshot.Snapshot, resource incident.Resource, namespace string) bool {
	return s.NotSeenIn(resource, namespace)
}

// OneLine folds white space and control characters and bounds the length: titles hold words from logs and statuses.
func OneLine(text string, limit int) string {
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	return clip.Bytes(text, limit)
}
