package incommon

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
)

// said is what the logs of those say that fail with one code: what is understood of it, or else its words.
type said struct {
	code             string
	kind             logs.Kind
	host, name, path string
	words            string
}

func (t *table) said(f *finding.Finding) (said, bool) {
	k := said{code: f.Code}
	if len(f.Said) > 0 {
		k.kind, k.host, k.name, k.path = f.Said[0].Kind, f.Said[0].Host, f.Said[0].Name, f.Said[0].Path
	} else {
		k.words = t.lastWords(f)
	}
	return k, true
}

// differ says whether findings complain of different things. Those that could not reach something complain of the network alike, and what
// says nothing is like any.
func (t *table) differ(found []*finding.Finding) bool {
	type gist struct {
		kind    logs.Kind
		network bool
		words   string
	}
	var first gist
	for _, f := range found {
		var g gist
		if k, _ := t.said(f); k.kind.Network() {
			g.network = true
		} else {
			g.kind, g.words = k.kind, k.words
		}
		switch {
		case g == (gist{}):
		case first == (gist{}):
			first = g
		case g != first:
			return true
		}
	}
	return false
}

// quoted is what stands in quotation marks: mostly names.
var quoted = regexp.MustCompile(`"[^"]*"|'[^']*'|` + "`[^`]*`")

// lastWords are the plain words of what a program said as it ended, without numbers and names: those are each one's own.
func (t *table) lastWords(f *finding.Finding) string {
	if c, _ := checks.CodeOf(f.Code); !c.Crash || len(f.Pods) == 0 {
		return ""
	}
	last := t.last(f.Pods[0])
	fields := strings.Fields(quoted.ReplaceAllString(last, " "))
	return strings.Join(slices.DeleteFunc(fields, func(w string) bool {
		w = strings.Trim(w, ".,:;!?()[]<>")
		return w == "" || w == f.Workload.Name || strings.ContainsFunc(w, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		})
	}), " ")
}

func (t *table) last(p *corev1.Pod) string {
	for _, c := range kube.ContainersOf(p) {
		if said, _ := readings.Last(t.s, p, c); said.Last != "" {
			return said.Last
		}
	}
	return ""
}
