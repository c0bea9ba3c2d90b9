package applog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const (
	tellingWord = 5   // bytes; what is shorter is said of many things
	mostKeys    = 400 // of one object that are looked at
)

// fieldPath is a field as errors name it: "config.minutes", "spec.rules[0].filters".
var fieldPath = regexp.MustCompile(`\b[a-z][A-Za-z0-9_]*(?:\[[^\]\s]*\])?(?:\.[a-z][A-Za-z0-9_]*(?:\[[^\]\s]*\])?)+`)

// hostEnds are the last parts of names of hosts and of files, which are no fields.
var hostEnds = []string{"local", "svc", "com", "net", "org", "example", "internal"}

var wordOf = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_-]*`)

// wordsAtFault are the words of what a text finds fault with in an object: the last part of fields that it names, and the keys and values
// of the object's own settings that it says.
func wordsAtFault(s *snapshot.Snapshot, o incident.Object, text string) []string {
	out := wordsShared(s, o, text)
	for _, path := range fieldPath.FindAllString(text, mostKeys) {
		last := strings.ToLower(wordOf.FindString(path[strings.LastIndexByte(path, '.')+1:]))
		if len(last) >= tellingWord && !slices.Contains(hostEnds, last) {
			out = finding.Union(out, []string{last})
		}
	}
	return out
}

// wordsShared are the keys and the values of an object's own settings that a text says as well.
func wordsShared(s *snapshot.Snapshot, o incident.Object, text string) []string {
	u := s.Custom(o)
	if u == nil {
		return nil
	}
	said := wordOf.FindAllString(strings.ToLower(text), -1)
	var out []string
	note := func(word string) {
		if word = strings.ToLower(word); len(word) >= tellingWord && slices.Contains(said, word) {
			out = finding.Union(out, []string{word})
		}
	}
	top := maps.Clone(u.Object)
	for _, key := range []string{"apiVersion", "kind", "metadata", "status"} {
		delete(top, key)
	}
	queue := []any{}
	for _, key := range slices.Sorted(maps.Keys(top)) {
		queue = append(queue, top[key])
	}
	for n := 0; n < len(queue) && n < mostKeys; n++ {
		switch of := queue[n].(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(of)) {
				note(key)
				queue = append(queue, of[key])
			}
		case []any:
			queue = append(queue, of...)
		default:
			note(fmt.Sprint(of))
		}
	}
	return out
}
