package slackapp

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// tongue is what every text that came from outside says: names, titles, excerpts, reasons, what people typed.
type tongue struct {
	name string
	say  func(was string) string
	many int // how many findings, causes, changes and so on there are; 0: as the founding incident has
}

// everything is said in turn by the tongue that mixes.
var everything = []string{"", " ", "\n\n", strings.Repeat("a", 63), strings.Repeat("b", 253), strings.Repeat("long-name.", 400),
	"<!channel> <!here> <!everyone> <@U0ADA> <!subteam^S1> <#C1> @channel", "<https://example.com|click me> & <mailto:a@b.c>",
	"*bold* _it_ ~gone~ `code` ```fence``` > quote", strings.Repeat("`", 77), strings.Repeat("&<>", 1500),
	"عربى שלום 中文 日本語 한국어 ไทย", "a\u202eb\u2066c\u2069d\u200e\u200f", "\u200b\u200d\u2060\ufeff", "\u00ad\u3164\u180e",
	"👩‍👩‍👧‍👦🏳️‍🌈🚑" + strings.Repeat("🚑", 3100), "e\u0301" + strings.Repeat("\u0301", 3100), "\x00\x01\x1b[31m\x7f\xff\xfe",
	strings.Repeat("line\n", 700), ":rotating_light: <!date^1^x|y>", strings.Repeat("wide ", 900), "-- \"quoted\" 'words' \\ “so” …",
	strings.Repeat("ﷺ", 3100)}

func tongues() []tongue {
	always := func(text string) func(string) string { return func(string) string { return text } }
	n := 0
	mixed := func(string) string { n++; return everything[n%len(everything)] }
	return []tongue{ // the first three are always spoken
		{"plain", func(was string) string { return was }, 0},
		{"empty", always(""), 0},
		{"everything", mixed, 25},
		{"blank", always(" \n\t\u200b"), 3},
		{"long names", always(strings.Repeat("n", 253)), 12},
		{"long texts", always(strings.Repeat("a long text ", 300)), 12},
		{"one long word", always(strings.Repeat("w", 4000)), 12},
		{"hostile", always("<!channel> <@U0ADA> ```*_~` & <https://example.com|x>"), 12},
		{"ampersands", always(strings.Repeat("&", 3000)), 12},
		{"backticks", always(strings.Repeat("```\n", 300)), 12},
		{"emoji", always(strings.Repeat("🚑", 1600)), 12},
		{"right to left", always(strings.Repeat("שלום\u202e ", 300)), 12},
		{"nothing to see", always("\u200b\u200d\u2060\ufeff\u00ad\u3164"), 3},
		{"plain, 1,000", func(was string) string { return was }, 1000},
		{"long names, 1,000", always(strings.Repeat("n", 253)), 1000},
		{"everything, 1,000", mixed, 1000},
	}
}

// kept are the fields whose texts are Paramedic's own, or tie parts to each other.
var kept = map[string]bool{"ID": true, "Code": true, "Kind": true, "Explains": true, "Cites": true, "Causes": true, "From": true,
	"To":   true,
	"Hash": true, "PlanHash": true, "InverseOf": true, "Step": true, "Team": true, "Runbook": true, "Leaves": true, "Into": true,
	"Healed": true, "Work": true, "Fingerprint": true, "Channel": true, "Partly": true}

// inTongue is v with every text from outside as the tongue says it. Times and what is kept stay.
func inTongue[T any](g tongue, v T) T {
	p := reflect.New(reflect.TypeFor[T]()).Elem()
	p.Set(reflect.ValueOf(v))
	g.over(p, "")
	return p.Interface().(T)
}

func (g tongue) over(v reflect.Value, field string) {
	switch {
	case kept[field] || v.Type() == reflect.TypeFor[time.Time]():
	case v.Kind() == reflect.String && v.Type() == reflect.TypeFor[string]():
		v.SetString(g.say(v.String()))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				g.over(v.Field(i), v.Type().Field(i).Name)
			}
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		other := reflect.New(v.Type().Elem())
		other.Elem().Set(v.Elem())
		g.over(other.Elem(), field)
		v.Set(other)
	case v.Kind() == reflect.Map && v.Type() == reflect.TypeFor[map[string]string]() && !v.IsNil():
		other := map[string]string{}
		for key, value := range v.Interface().(map[string]string) {
			other[key] = g.say(value)
		}
		v.Set(reflect.ValueOf(other))
	case v.Kind() == reflect.Slice && !v.IsNil():
		if ids := field == "Evidence" || field == "Changes"; ids && v.Type().Elem().Kind() == reflect.String {
			return
		}
		other := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(other, v)
		for i := range other.Len() {
			g.over(other.Index(i), "")
		}
		v.Set(other)
	}
}

// grown has n of whatever a diagnosis may have many of, each about an object of its own.
func grown(d *incident.Diagnosis, n int) *incident.Diagnosis {
	out := *d
	at := commandstest.Start
	for i := range n {
		pod := incident.Object{Kind: "Pod", Namespace: fmt.Sprintf("ns-%d", i%37), Name: fmt.Sprintf("pod-%d", i)}
		e, f := fmt.Sprintf("E%d", 100+i), fmt.Sprintf("F%d", 100+i)
		out.Evidence = append(out.Evidence, incident.Evidence{ID: e, Source: incident.SourceLog, Object: pod, Field: "main", Time: at,
			Excerpt: "it ended"})
		code := []string{"PodCrashLoop", "PodImagePull", "DNSLoop", "NodeNotReady"}[i%4]
		out.Findings = append(out.Findings, incident.Finding{ID: f, Code: code,
			Severity: []incident.Severity{incident.Warning, incident.Info}[i%2],
			Object:   pod,
			Title:    fmt.Sprintf("pod %d keeps crashing", i), Evidence: []string{e}, Since: at, Next: "look"})
		if i%5 == 0 {
			out.Causes = append(out.Causes, incident.Cause{ID: fmt.Sprintf("C%d", 100+i), Code: code, Title: fmt.Sprintf("pod %d is ill", i),
				Confidence: incident.Likely, Objects: []incident.Object{pod, pod}, Explains: []string{f, "F3"}, Evidence: []string{e},
				Links:   []incident.Link{{From: f, To: "F3", Rule: "rule", Reason: "it follows", Inferred: true}},
				Changes: []string{fmt.Sprintf("T%d", 100+i)}, Reason: "it says so", Against: []string{"something"}, Next: "mend it", Since: at})
		}
		of := pod
		if i%2 == 1 {
			of = incident.Object{Kind: "Node", Name: fmt.Sprintf("node-%d", i)}
		}
		out.Changes = append(out.Changes, incident.Change{ID: fmt.Sprintf("T%d", 100+i), At: at, Source: incident.SourceAPI, Object: of,
			What: "was changed", By: "helm"})
		out.Restarts = append(out.Restarts, incident.Restarts{Workload: pod, Pods: 1, Count: i, Onset: at, Last: at})
		out.RuledOut = append(out.RuledOut, incident.RuledOut{What: "the nodes", Why: "all are ready"})
		out.NotSeen = append(out.NotSeen, incident.NotSeen{What: "Secrets", Why: "not allowed", Forbidden: true})
		out.Trace = append(out.Trace, "a line of the trace")
		pod.Name += "-known"
		out.Accepted = append(out.Accepted, incident.Accepted{Code: code, Severity: incident.Critical, Object: pod, Title: "it crashes",
			Acceptance: incident.Acceptance{Code: code, Object: pod, By: "ada", Reason: "it moves", Until: at.Add(time.Hour)}})
	}
	if n > 0 {
		out.Settling = n
		f := out.Findings[0]
		out.Suspicions = []incident.Suspicion{{Code: f.Code, Title: f.Title, Objects: []incident.Object{f.Object, f.Object}, Next: "look there",
			Evidence: f.Evidence, Since: at, NormalUntil: at.Add(time.Hour), Normal: "may still be starting"}}
		out.Depends = []incident.Object{out.Findings[0].Object}
	}
	return &out
}

// diagnosis is d as the tongue tells it, and as it is recorded.
func (g tongue) diagnosis(d *incident.Diagnosis) *incident.Diagnosis {
	return inTongue(g, grown(d, g.many))
}

// recorded is an event as it comes back from the record.
func (g tongue) recorded(e incident.Event) incident.Event {
	switch v := e.(type) { // as it is made
	case incident.DiagnosisMade:
		v.Diagnosis = *g.diagnosis(&v.Diagnosis)
		e = v
	default:
		p := reflect.New(reflect.TypeOf(e)).Elem()
		p.Set(reflect.ValueOf(e))
		g.over(p, "")
		e = p.Interface().(incident.Event)
	}
	raw, err := incident.Encode(e)
	if err != nil {
		return e
	}
	back, err := incident.Decode(incident.EventType(e), incident.EventVersion, raw)
	if err != nil {
		return e
	}
	return back
}

// lengthened is a plan of n steps, each with a diff.
func lengthened(p incident.Plan, n int) incident.Plan {
	for i := range n {
		step := p.Steps[1]
		step.ID, step.Title = fmt.Sprintf("m%d", i), fmt.Sprintf("Restore the ConfigMap settings-%d", i)
		step.Diff = strings.Repeat("-    upstream: 127.0.0.1\n+    upstream: /etc/resolv.conf\n", 1+i%9)
		p.Steps = append(p.Steps, step)
	}
	p.Hash = p.ComputeHash()
	return p
}
