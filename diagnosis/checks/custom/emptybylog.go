package custom

import (
	"regexp"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// nobodyBehind are the words of proxies for a place that has nothing to send to.
var nobodyBehind = regexp.MustCompile(`(?i)\bno[ _-](?:healthy|available|ready|live|usable|active|valid)[ _-](?:upstream|endpoint|host|backend|server|instance|target)s?\b|` +
	`\bno (?:endpoint|server|backend|instance|upstream|target)s? (?:is |are |was |were )?(?:available|found|left)\b|\b503\b`)

const (
	leastLines  = 2 // that say it
	shortName   = 8 // bytes; a name of less must stand in a list of names, as "outbound|80|v2|cart" does
	mostReaders = 8 // logs that give their evidence
)

// emptyByLog says whether logs tell of a selection by its name that nothing is behind it, the last time that they name it too, and makes
// their pods those of the finding.
func emptyByLog(s *snapshot.Snapshot, f *finding.Finding, name string) bool {
	if name == "" {
		return false
	}
	proven := false
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || l.Previous || !strings.Contains(l.Text, name) || len(f.Pods) == mostReaders {
			continue
		}
		n, last, empty := 0, "", false
		for line := range strings.Lines(l.Text) {
			if !named(line, name) {
				continue
			}
			if empty = nobodyBehind.MatchString(line); empty {
				n, last = n+1, line
			}
		}
		if n < leastLines || !empty {
			continue
		}
		proven = true
		f.AddPod(p)
		f.Cite(finding.SeenLog(p, l.Container, false, clip.Bytes(strings.TrimSpace(last), finding.MaxLine)))
	}
	return proven
}

// named says whether a line has a name by itself.
func named(line, name string) bool {
	return hasWord(line, name) && len(name) >= shortName || strings.Contains(line, "|"+name+"|")
}

func isNameByte(b byte) bool {
	return b == '-' || b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}
