package demo

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// What may have to be read at three in the morning: the incident's message, and its thread until somebody asks for more.
const (
	mostInMessage = 60
	mostInThread  = 250
	mostInAnswer  = 80 // to a question, with the line that says how it was read
)

// said is what a message of the page says, and what of that is no prose: who wrote it and when, that it was edited, and its buttons, but
// for those that ask whether the cause was right, which are the question.
type said struct {
	Text  string
	Aside []string
	Alone bool // only who asked sees it
	App   bool
}

// words of a text. A time and its AM or PM are one.
var words = regexp.MustCompile(`[\pL\pN]\S*`)

func (s said) words() int {
	n := len(words.FindAllString(s.Text, -1))
	for _, a := range s.Aside {
		n -= len(words.FindAllString(a, -1))
	}
	return n
}

// says are the messages of a list as the page shows them.
func (p *page) says(where string) []said {
	p.t.Helper()
	raw := p.evaluate(`(() => { let app = false; return JSON.stringify([...document.querySelectorAll('` + where + ` .message')].map(m => {
		const c = m.querySelector('.content'), who = c.querySelector('.who');
		if (who) app = Boolean(who.querySelector('.app-tag'));
		const aside = [...c.querySelectorAll('.who, .edited, .replies, button:not([data-action^="grade"])')].map(e => e.innerText);
		return { Text: c.innerText, Aside: aside, Alone: m.classList.contains('ephemeral'), App: app };
	})) })()`)
	var all []said
	if err := json.Unmarshal([]byte(raw), &all); err != nil {
		p.t.Fatalf("%s: %v", raw, err)
	}
	return all
}

// brief demands that the incident whose thread is open is told in few words, its message and all that the bot wrote below it by itself.
func (p *page) brief(when string) {
	p.t.Helper()
	n, thread := 0, p.says("#thread")
	if len(thread) < 2 {
		p.t.Fatalf("%s: the thread has %d messages", when, len(thread))
	}
	var text strings.Builder
	for i, m := range thread {
		switch {
		case m.Alone || !m.App:
		case i == 0:
			if w := m.words(); w > mostInMessage || w < 10 {
				p.t.Errorf("%s: the message has %d words:\n%s", when, w, m.Text)
			}
		default:
			n += m.words()
			text.WriteString(m.Text + "\n")
		}
	}
	if n > mostInThread || n < 20 {
		p.t.Errorf("%s: the thread has %d words:\n%s", when, n, text.String())
	}
	p.t.Logf("%s: %d words, and %d in the thread", when, thread[0].words(), n)
}

// What is counted is prose: neither who wrote it, nor buttons, but for a question that consists of them.
func TestWordsAreCounted(t *testing.T) {
	for _, c := range []struct {
		said
		want int
	}{
		{said{Text: "Paramedic APP 12:11\u202fPM\nA node is ill: 47 restarts since Today 12:11:26\u202fPM\nOpen the plan",
			Aside: []string{"Paramedic APP 12:11\u202fPM", "Open the plan"}}, 9},
		{said{Text: "• ✓ 1. Restart Deployment kube-system/coredns · done"}, 5},
		{said{Text: "Resolved.\nThe cause was right\nIt was close"}, 8},
		{said{}, 0},
	} {
		if got := c.words(); got != c.want {
			t.Errorf("%q has %d words, counted %d", c.Text, c.want, got)
		}
	}
}
