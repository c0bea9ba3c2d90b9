package logs

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// record is what a line says, whatever it is wrapped in.
type record struct {
	level level
	text  string   // the message and the error that it carries
	stack []string // a trace that the line carries with it
}

// maxRecord bounds a line that is taken apart, in bytes.
const maxRecord = 16 << 10

// parse takes a line apart: JSON, logfmt, klog, or text with a head.
func parse(line string) record {
	line = clip.Bytes(line, maxRecord)
	trimmed := strings.TrimSpace(line)
	if strings.HasPrefix(trimmed, "{") && strings.HasSuffix(trimmed, "}") {
		var fields map[string]any
		if json.Unmarshal([]byte(trimmed), &fields) == nil {
			if r, ok := ofFields(fields); ok {
				return r
			}
		}
	}
	if l, text, ok := logfmt(trimmed); ok {
		return record{level: l, text: text}
	}
	l, text := head(line)
	if i := strings.LastIndex(text, "\t{"); i > 0 && strings.HasSuffix(text, "}") { // zap's console form
		var fields map[string]any
		if json.Unmarshal([]byte(text[i+1:]), &fields) == nil {
			return record{level: l, text: join(lastColumn(text[:i]), errorOf(fields))}
		}
	}
	if strings.HasPrefix(text, `"`) { // klog's structured form: "message" key="value"
		pairs := pairsOf(`msg=` + text)
		return record{level: l, text: join(pairs["msg"], or(pairs["err"], pairs["error"]))}
	}
	return record{level: l, text: text}
}

func lastColumn(text string) string { return text[strings.LastIndexByte(text, '\t')+1:] }

var (
	levelKeys = []string{"level", "severity", "lvl", "loglevel", "logLevel", "log.level", "levelname", "LogLevel", "Level", "@l", "s",
		"level_name"}
	messageKeys = []string{"msg", "message", "Message", "MessageTemplate", "RenderedMessage", "@m", "@mt", "event", "short_message",
		"textPayload", "log"}
	errorKeys = []string{"err", "error", "exception", "Exception", "@x", "error.message", "errorMessage", "cause", "reason", "exc_info",
		"detail", "attr", "exception.message"}
	stackKeys = []string{"stack", "stacktrace", "stack_trace", "stackTrace", "error.stack", "error.stack_trace", "exception.stacktrace",
		"exc_info", "@x"}
)

func ofFields(fields map[string]any) (record, bool) {
	r := record{level: unknown}
	for _, k := range levelKeys {
		switch v := fields[k].(type) {
		case string:
			if l, ok := levels[strings.ToLower(v)]; ok {
				r.level = l
			}
		case float64: // bunyan's and pino's
			r.level = quiet
			switch {
			case v >= 60:
				r.level = fatal
			case v >= 50:
				r.level = failure
			case v >= 40:
				r.level = warn
			}
		default:
			continue
		}
		break
	}
	message := first(fields, messageKeys)
	r.text = join(message, errorOf(fields))
	for _, k := range stackKeys {
		s, _ := fields[k].(string)
		if s == "" {
			nested, _ := fields["err"].(map[string]any)
			if nested == nil {
				nested, _ = fields["error"].(map[string]any)
			}
			s, _ = nested[k].(string)
		}
		if strings.Contains(s, "\n") {
			r.stack = strings.Split(s, "\n")
			break
		}
	}
	if line, rest, ok := strings.Cut(r.text, "\n"); ok {
		r.text = line
		if r.stack == nil {
			r.stack = strings.Split(rest, "\n")
		}
	}
	return r, r.text != ""
}

// errorOf is the error that a record carries beside its message, on one line.
func errorOf(fields map[string]any) string {
	text := first(fields, errorKeys)
	if before, _, ok := strings.Cut(text, "\n"); ok { // a trace: its head is the error
		return before
	}
	return text
}

// first is the first of the keys that holds text, however deep it wraps it.
func first(fields map[string]any, keys []string) string {
	for _, k := range keys {
		if s := textOf(fields[k], 3); s != "" {
			return s
		}
	}
	return ""
}

func textOf(v any, depth int) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		if depth == 0 {
			return ""
		}
		for _, k := range []string{"message", "msg", "errmsg", "Message", "reason", "error", "err", "status"} {
			if s := textOf(v[k], depth-1); s != "" {
				return s
			}
		}
	}
	return ""
}

// logfmt reads key=value lines that have a level or a message; ok is false for other lines.
func logfmt(line string) (level, string, bool) {
	if !strings.Contains(line, "level=") && !strings.Contains(line, "lvl=") && !strings.Contains(line, "msg=") {
		return unknown, "", false
	}
	pairs := pairsOf(line)
	l := unknown
	for _, k := range []string{"level", "lvl", "severity"} {
		if found, ok := levels[strings.ToLower(pairs[k])]; ok {
			l = found
			break
		}
	}
	message := or(pairs["msg"], pairs["message"])
	if l == unknown && message == "" {
		return unknown, "", false
	}
	problem := ""
	for _, k := range []string{"err", "error", "reason", "cause"} {
		if problem = pairs[k]; problem != "" {
			break
		}
	}
	if message == "" && problem == "" {
		return l, line, true
	}
	return l, join(message, problem), true
}

// maxPairs bounds the pairs taken from one line.
const maxPairs = 64

func pairsOf(line string) map[string]string {
	pairs := map[string]string{}
	for range maxPairs {
		i := strings.IndexByte(line, '=')
		if i < 0 {
			break
		}
		key := line[strings.LastIndexAny(line[:i], " \t,{")+1 : i]
		line = line[i+1:]
		var value string
		if strings.HasPrefix(line, `"`) {
			value, line = quoted(line[1:])
		} else {
			end := strings.IndexAny(line, " \t")
			if end < 0 {
				end = len(line)
			}
			value, line = line[:end], line[end:]
		}
		if _, ok := pairs[key]; !ok {
			pairs[key] = value
		}
	}
	return pairs
}

// quoted reads up to the closing quote, taking escapes back.
func quoted(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:]
		case c == '\\' && i+1 < len(s):
			i++
			switch s[i] {
			case 'n', 't', 'r':
				b.WriteByte(' ')
			default:
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// join is "message: error", or the one that there is; an error that the message repeats already is left out.
func join(message, problem string) string {
	message, problem = strings.TrimSpace(message), strings.TrimSpace(problem)
	switch {
	case problem == "" || strings.Contains(message, problem):
		return message
	case message == "" || strings.HasPrefix(problem, message):
		return problem
	}
	return fmt.Sprintf("%s: %s", strings.TrimSuffix(message, ":"), problem)
}
