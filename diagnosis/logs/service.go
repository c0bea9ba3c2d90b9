package logs

import (
	"regexp"
	"strings"
	"time"
)

var (
	serviceTime    = regexp.MustCompile(`(?:time="?|^)(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))`)
	klogHeader     = regexp.MustCompile(`^[IWEF]\d{4} [^\]]{0,100}\] `)
	serviceMessage = regexp.MustCompile(`msg="((?:[^"\\]|\\.)*)"`)
)

// ServiceTime is the time that a line of a node's service (K3s, kubelet) gives: in logfmt, or at its beginning. Zero if it gives none with
// a date and a zone.
func ServiceTime(line string) time.Time {
	if m := serviceTime.FindStringSubmatch(line); m != nil {
		if t, err := time.Parse(time.RFC3339, m[1]); err == nil {
			return t
		}
	}
	return time.Time{}
}

// ServiceMessage is what such a line says, without stamp and level.
func ServiceMessage(line string) string {
	if m := serviceMessage.FindStringSubmatch(line); m != nil {
		return strings.ReplaceAll(m[1], `\"`, `"`)
	}
	return klogHeader.ReplaceAllString(line, "")
}
