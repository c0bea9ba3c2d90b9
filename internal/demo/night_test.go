package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// ask types a question to the bot into the thread that is open, and waits for an answer that says the words.
func (p *page) ask(text string, answer ...string) {
	p.t.Helper()
	p.do(chromedp.SendKeys("#write-reply", "@paramedic "+text+"\r"))
	p.reads("#thread .message.ephemeral", answer...)
	all := p.says("#thread")
	if n := all[len(all)-1].words(); n > mostInAnswer {
		p.t.Errorf("the answer to %q has %d words:\n%s", text, n, all[len(all)-1].Text)
	}
}

// Nobody answers: who is on call is mentioned, takes it on a phone in the dark, asks what there is to know, and may not approve; who may
// rejects the plan, and has the cluster looked at again, which makes another one.
func TestTheNightInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	d := beginCalling(t, 3*time.Second)
	b.do(chromedp.Navigate(d.Slack.URL() + "/"))
	b.reads("#list, body", "replay")
	b.control("break")
	b.reads("#list", "CoreDNS forwards to itself", "Open the plan")
	b.as(Ben)
	b.reads("#list", "@Ben", "nobody has answered INC-1", "Called: Ben")
	b.looks("called")
	b.shade("dark")
	b.do(chromedp.EmulateViewport(400, 800))
	b.open()
	b.reads("#thread", "What happened", "@Ben", "nobody has answered INC-1", "counts as an answer", "A plan waits for approval")
	b.shoot("called-thread-400-dark")
	if n := b.says("#thread")[0].words(); n > mostInMessage {
		t.Errorf("the message that was called for has %d words", n)
	}
	b.press("#thread", "I have it")
	b.reads("#thread", "Ben has it.", "Answered by Ben")
	b.ask("and now?", "Read as: about INC-1 now", "Ben has it.")
	b.ask("who has it", "Read as: about INC-1 who", "Ben has it since")
	b.ask("what did you rule out?", "Read as: about INC-1 ruled-out", "what was ruled out")
	if n := b.says("#thread")[0].words(); n > mostInMessage {
		t.Errorf("the message of an incident that somebody has has %d words", n)
	}
	b.looks("asked-in-thread")
	b.press("#thread", "Open the plan")
	b.reads("#modal", "INC-1: the plan", "whoever approves it")
	if labels := b.evaluate(`[...document.querySelectorAll('#modal button')].map(e => e.textContent).join()`); strings.Contains(labels, "Approve") {
		t.Errorf("Ben, who may not approve, is offered %s", labels)
	}
	b.looks("plan-of-ben")
	b.click(`#modal [aria-label="Close"]`)
	b.do(chromedp.WaitNotPresent("#modal[open]"))

	b.as(Ada)
	b.press("#thread", "Reject the plan")
	b.reads("#modal", "INC-1: reject", "Why?")
	b.do(chromedp.SendKeys(`#modal [data-field^="reason"]`, "Not before the backup"))
	b.press("#modal", "Reject the plan")
	b.reads("#thread", "Rejected by Ada", "Not before the backup")
	b.looks("rejected")
	b.reads("#list", "Plan rejected by Ada")
	b.press("#list", "Look again")
	b.reads("#list", "Open the plan")
	b.press("#list", "Open the plan")
	b.reads("#modal", "forward . 127.0.0.1", "Approve")
	b.click(`#modal [aria-label="Close"]`)
	b.do(chromedp.WaitNotPresent("#modal[open]"))
	if r := d.Slack.Refusals(); len(r) > 0 {
		t.Errorf("Slack refused %v", r)
	}
}
