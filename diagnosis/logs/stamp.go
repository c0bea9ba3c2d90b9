package logs

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	klogStamp = regexp.MustCompile(`^[IWEF]((?:\d{4}|\d{6}|\d{8}) \d\d:\d\d:\d\d\.\d{1,9}) `)
	// a date and a time as most write it, wherever the line's head has it: 2026-01-02T03:04:05.123Z, 2026/01/02 03:04:05, 2026-01-02
	// 03:04:05,123
	dateTime = regexp.MustCompile(`(\d{4})[-/.](\d\d)[-/.](\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(?: ?(Z|[+-]\d\d:?\d\d))?`)
	// a number of seconds or milliseconds in a field for the time
	epoch = regexp.MustCompile(`"(?:ts|time|timestamp|@timestamp|t)"\s*:\s*"?(\d{10})(\d{3})?(?:\.(\d+))?(?:e\+?\d+)?[",}\s]`)
)

// stampHead is how far into a line its stamp is looked for; records have it anywhere.
const stampHead = 80

// stampOf is when a line was said, by its own stamp: zero if it has none with a date, of the year 0 where it names no year. Without a zone
// it is taken for UTC, as containers mostly have it.
func stampOf(line string) time.Time {
	if m := klogStamp.FindStringSubmatch(line); m != nil {
		layout := map[int]string{4: "0102", 6: "060102", 8: "20060102"}[strings.IndexByte(m[1], ' ')]
		t, err := time.Parse(layout+" 15:04:05", m[1])
		if err != nil {
			return time.Time{}
		}
		return t
	}
	from := line[:min(len(line), stampHead)]
	if strings.HasPrefix(line, "{") || strings.Contains(from, "=") {
		from = line[:min(len(line), maxRecord)]
	}
	if m := dateTime.FindStringSubmatch(from); m != nil {
		zone := strings.ReplaceAll(m[6], ":", "")
		if zone == "" || zone == "Z" {
			zone = "+0000"
		}
		t, err := time.Parse("2006-01-02 15:04:05 -0700", m[1]+"-"+m[2]+"-"+m[3]+" "+m[4]+" "+zone)
		if err != nil {
			return time.Time{}
		}
		return t.UTC()
	}
	if m := epoch.FindStringSubmatch(from); m != nil {
		if seconds, err := strconv.ParseInt(m[1], 10, 64); err == nil {
			return time.Unix(seconds, 0).UTC()
		}
	}
	return time.Time{}
}

// klogGrave says whether a line is an error by the form of Kubernetes' own programs, whatever it says.
func klogGrave(line string) bool {
	if len(line) < 6 || line[0] != 'E' && line[0] != 'F' {
		return false
	}
	date, _, ok := strings.Cut(line[1:min(len(line), 10)], " ")
	return ok && (len(date) == 4 || len(date) == 6 || len(date) == 8) && strings.Trim(date, "0123456789") == ""
}

// StampOf is when a line was said, by its own stamp: zero if it has none with a date, of the year 0 where it names no year.
func StampOf(line string) time.Time { return stampOf(line) }

// LastWith is the last line of a log that has some words in it; "" without one.
func LastWith(text, words string) string {
	i := strings.LastIndex(text, words)
	if i < 0 {
		return ""
	}
	from, to := strings.LastIndexByte(text[:i], '\n')+1, len(text)
	if n := strings.IndexByte(text[i:], '\n'); n >= 0 {
		to = i + n
	}
	return text[from:to]
}
