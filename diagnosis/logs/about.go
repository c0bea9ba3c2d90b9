package logs

import (
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// About is the newest line of a log that complains and names something, as it stands and bounded; "" if there is none.
func About(text, name string) string {
	if name == "" {
		return ""
	}
	for looked := 0; looked < maxLooked; looked++ {
		at := strings.LastIndex(text, name)
		if at < 0 {
			return ""
		}
		from := strings.LastIndexByte(text[:at], '\n') + 1
		line, _, _ := strings.Cut(text[from:], "\n")
		text = text[:from]
		if line = plain(line, true); !namesWhole(line, name) {
			continue
		}
		if r := parse(line); r.level >= failure || r.level != quiet && wordy(r.text) {
			return clip.Middle(line, 2*maxLine)
		}
	}
	return ""
}

// namesWhole says whether a name stands in a line by itself, not as a part of a longer one.
func namesWhole(line, name string) bool {
	part := func(c byte) bool { return isWord(c) || c == '-' }
	for from := 0; ; {
		i := strings.Index(line[from:], name)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(name)
		if (i == 0 || !part(line[i-1])) && (end == len(line) || !part(line[end])) {
			return true
		}
		from = end
	}
}
