package logs

import (
	"regexp"
	"strings"
)

// maxLine bounds a line that is shown, in bytes.
const maxLine = 240

// maxFact bounds a line that tells a fact, in bytes: behind what the program's logger says of itself there must be room for all of it.
const maxFact = 2 * maxLine

// level is how much a line itself says that it matters.
type level int

const (
	quiet level = iota // info, debug, trace, notice
	unknown
	warn
	failure
	fatal
)

var levels = map[string]level{
	"info": quiet, "information": quiet, "informational": quiet, "inf": quiet, "debug": quiet, "debu": quiet, "dbg": quiet, "trace": quiet,
	"trc": quiet, "notice": quiet,
	"log": quiet, "note": quiet, "system": quiet, "verbose": quiet, "i": quiet, "d": quiet,
	"warn": warn, "warning": warn, "wrn": warn, "w": warn,
	"error": failure, "err": failure, "erro": failure, "severe": failure, "fail": failure, "e": failure,
	"fatal": fatal, "ftl": fatal, "critical": fatal, "crit": fatal, "alert": fatal, "emerg": fatal, "emergency": fatal, "panic": fatal,
	"dpanic": fatal, "f": fatal, "fata": fatal,
}

var (
	colour = regexp.MustCompile("\x1b\\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]")
	// the container runtime's own prefix (CRI), and the stamp of kubectl logs --timestamps
	runtimePrefix = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) (?:stdout|stderr) [FP] |\.\d{7,9}Z )`)
	stamp         = regexp.MustCompile(`^[\[(]?(?:` +
		`\d{4}[-/.]\d\d[-/.]\d\d[T ]?(?:\d\d:\d\d:\d\d)?(?:[.,:]\d+)?(?: ?(?:Z|UTC|GMT|CES?T|[+-]\d\d:?\d\d))?` +
		`|\d\d/[A-Z][a-z]{2}/\d{4}[: ]\d\d:\d\d:\d\d(?: [+-]\d{4})?` +
		`|(?:[A-Z][a-z]{2},? )?(?:\d\d? [A-Z][a-z]{2}|[A-Z][a-z]{2} {1,2}\d\d?)(?:,? \d{4})? \d\d:\d\d:\d\d(?:[.,]\d+)?(?: \d{4})?` +
		`|(?:\d\d-\d\d )?\d\d:\d\d:\d\d(?:[.,]\d+)?` +
		`|\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d(?: [A-Z]{3,4})?` +
		`|\d{10}(?:\.\d{3,9})?\b)[\])]?[\s|:-]*`)
	// glog's and what is made after it: the date has a year in some, what stands after the place in brackets or behind a rule in others,
	// and some name no thread
	klog = regexp.MustCompile(`^([IWEF])(?:\d{4}|\d{6}|\d{8}) \d\d:\d\d:\d\d\.\d+ +(?:\d+ +)?(?:\d+@)?[\w./-]+:\d+` +
		`(?:\] ?| +(?:⋮ +)?(?:\[[^\]\n]{0,120}\] +)?(?:\d+ +)?)`)
	levelWord = regexp.MustCompile(`^(?:[\[<(]\s*([A-Za-z]{1,13})\s*[\]>)]|([A-Z]{3,9}|[a-z]{3,9}|[A-Z][a-z]{3,8}):|([A-Z]{3,9}))(?:[\s|:-]+|$|\[\d+\] *)`)
	number    = regexp.MustCompile(`^(?:\d{1,7}(?:#\d+)?:?|\d+:[A-Z]|\[\d+(?:#\d+)?\]:?|PID:\d+)\s+`)
	bracketed = regexp.MustCompile(`^(?:\[[^\]\n]{0,60}\]|<[\d.]+>|\([\w -]{1,30}\))[:\s]*`)
	spring    = regexp.MustCompile(`^(?:\d+ )?--- (?:\[[^\]]{0,60}\] ?){1,3}\S+ +: `)
	caller    = regexp.MustCompile(`^[\w./-]+\.(?:go|py|js|ts|rs|java):\d+\]?[:\s]+`)
	logger    = regexp.MustCompile(`^(?:\[?[a-z][\w$]*(?:\.[\w$]+){2,}\]?|root|__main__)\s?(?: -|:)\s+`)
)

// head takes what stands before a line's message apart: stamps, level, process, thread, logger, in whatever order and form.
func head(line string) (level, string) {
	l, seen := unknown, false
	if m := klog.FindStringSubmatch(line); m != nil {
		return levels[strings.ToLower(m[1])], line[len(m[0]):]
	}
	cut := func(re *regexp.Regexp) bool {
		loc := re.FindStringIndex(line)
		if loc == nil || loc[1] == 0 {
			return false
		}
		line = line[loc[1]:]
		return true
	}
	for range 8 {
		line = strings.TrimLeft(line, " \t")
		if cut(stamp) {
			seen = true
			continue
		}
		if m := levelWord.FindStringSubmatch(line); m != nil && l != quiet {
			word := m[1] + m[2] + m[3]
			if word == "panic" { // Go's own word, and a part of what it says
				return fatal, line
			}
			if found, ok := levels[strings.ToLower(word)]; ok && (len(word) > 1 || m[1] != "") {
				l, seen, line = worst(l, found), true, line[len(m[0]):]
				continue
			}
		}
		if m := named.FindStringSubmatch(line); m != nil && seen && l == unknown {
			if found, ok := levels[strings.ToLower(m[1]+m[2]+m[3])]; ok {
				return found, line[len(m[0]):]
			}
		}
		if strings.HasPrefix(line, "# ") && seen { // Redis' mark of a warning
			l, line = max(l, warn), line[2:]
			continue
		}
		begins := strings.HasPrefix(line, "[") && leveled(line)
		if !seen && !begins {
			if cut(redis) {
				seen = true
				continue
			}
			break
		}
		if l == unknown && cut(number) || cut(spring) || cut(threaded) || cut(bracketed) || cut(caller) || l != unknown && cut(logger) {
			continue
		}
		break
	}
	return l, line
}

// named is what stands before a message behind a stamp, as Python's loggers are mostly set up ("name - LEVEL - "), and as zap's console
// form has it, with tabs; PHP's have a channel and the level ("production.ERROR: ").
var named = regexp.MustCompile(`^(?:[A-Za-z_][\w.$-]* - ([A-Z]{3,8}) - |([a-z]{3,8})\t|[a-z][\w-]{0,30}\.([A-Z]{4,9}): )`)

var redis = regexp.MustCompile(`^\d+:[A-Z] `)

// threaded is nginx' process and thread.
var threaded = regexp.MustCompile(`^\d+#\d+: `)

// worst is the graver of two levels; one that is known outdoes none.
func worst(a, b level) level {
	if a == unknown {
		return b
	}
	return max(a, b)
}

// leveled says whether a level follows soon: only then is what stands in brackets before it a thread or a logger, not the message.
func leveled(line string) bool {
	_, rest, _ := strings.Cut(line, "]")
	m := levelWord.FindStringSubmatch(strings.TrimLeft(rest, " "))
	if m == nil {
		return false
	}
	_, ok := levels[strings.ToLower(m[1]+m[2]+m[3])]
	return ok
}

// plain is a line without colours, control characters and what the container runtime puts in front.
func plain(line string, prefixed bool) string {
	if strings.IndexByte(line, 0x1b) >= 0 {
		line = colour.ReplaceAllString(line, "")
	}
	if prefixed {
		line = line[len(runtimePrefix.FindString(line)):]
	}
	line = strings.TrimRight(line, " \t\r")
	if strings.IndexFunc(line, control) >= 0 {
		line = strings.Map(func(r rune) rune {
			if control(r) {
				return ' '
			}
			return r
		}, line)
	}
	return line
}

func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 }
