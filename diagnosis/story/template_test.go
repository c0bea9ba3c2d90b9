package story

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

func text(s incident.Story) string {
	var b strings.Builder
	for _, x := range s.Sentences {
		b.WriteString(x.Text + " [" + strings.Join(x.Cites, " ") + "]\n")
	}
	return b.String()
}

func TestTheTemplateTellsTheFoundingIncident(t *testing.T) {
	s := Template(founding(), seenBefore)
	want := `There are two separate causes; neither explains the other. [E1 E3]
CoreDNS forwards to itself (127.0.0.1:53), so that no name resolves, since 3 October, 02:15 UTC. [E1 E2]
Six consequences follow from it, in convocanvas, convocanvas-worker, librechat, rag-api and others. [E5 E6 E7 E8]
Node leveling-pc has lost its CNI configuration: no new pod can start on it, since 3 October, 02:15 UTC. [E3 E4]
Nothing can start on leveling-pc until it has a CNI configuration, CoreDNS included. [E3 E4]
What to do first: restore the CNI configuration on the node. [E3 E4]
Containers have restarted 11,037 times in all, the first of those still seen at 3 October, 02:15 UTC; convocanvas most often (1,842). [E5]
Not seen: Secrets (not read by default). []
Something like it happened before: DNS loop after an update (2025-08-01); what worked then: restoring the Corefile. []
`
	if diff := cmp.Diff(want, text(s)); diff != "" {
		t.Error(diff)
	}
	if s.Cause != "C1" || s.By != ByTemplate || s.Note != "" {
		t.Errorf("got %+v", s)
	}
}

func TestTheTemplateSaysWhenNothingIsWrong(t *testing.T) {
	s := Template(&incident.Diagnosis{At: at, Looked: []string{"23 pods", "1 node"}}, nil)
	if got := text(s); got != "Nothing was found that is wrong; looked at 23 pods, 1 node. []\n" || s.Cause != incident.Unknown {
		t.Errorf("got %s, %+v", got, s)
	}
}

func TestTheTemplateCallsNothingWellThatWasNotSeen(t *testing.T) {
	pods := []incident.NotSeen{{What: "pods", Why: "forbidden"}}
	s := Template(&incident.Diagnosis{At: at, Looked: []string{"1 node"}, NotSeen: pods, Scope: incident.Scope{Unseen: pods}}, nil)
	if got := text(s); got != "Nothing wrong was seen, but what matters most could not be looked at; looked at 1 node. []\nNot seen: pods "+
		"(forbidden). []\n" {
		t.Errorf("got %s", got)
	}
}

func TestTheTemplateSaysHowSureItIs(t *testing.T) {
	d := founding()
	d.Causes = d.Causes[:1]
	d.Causes[0].Confidence, d.Causes[0].Against, d.Causes[0].Explains = incident.Likely, []string{"It began an hour later"},
		d.Causes[0].Explains[:2]
	d.Restarts, d.NotSeen = nil, nil
	want := `Probably: CoreDNS forwards to itself (127.0.0.1:53), so that no name resolves, since 3 October, 02:15 UTC. [E1 E2]
One consequence follows from it, in convocanvas. [E5]
Against it speaks: it began an hour later. [E1 E2]
What to do first: restore the last good Corefile. [E1 E2]
`
	if diff := cmp.Diff(want, text(Template(d, nil))); diff != "" {
		t.Error(diff)
	}
}
