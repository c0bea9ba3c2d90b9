package demo

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// ask types into the thread that is open.
func (p *page) ask(text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys("#write-reply", text+"\r"))
}

// Nobody answers: who is on call is mentioned, takes it on a phone in the dark, asks what there is to know, and may not approve; who may
// rejects the plan, and has the cluster looked at again, which makes another one.
func TestTheNightInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	d := beginCalling(t, 3*time.Second)
	b.do(chromedp.Navigate(d.Slack.URL() + "/"))
	b.reads("#list, body", "replay")
	b.do(chromedp.Click("#tips summary"), chromedp.WaitVisible("#tips-list"))
	b.reads("#tips", "Diagnose this", "who has it")
	b.looks("tips")
	b.evaluate(`document.getElementById('title').click()`)
	b.do(chromedp.WaitNotVisible("#tips-list"))
	b.do(chromedp.Click(`[data-control="break"]`))
	b.reads("#list", "CoreDNS forwards to itself", "Open the plan")
	b.as(Ben)
	b.reads("#list", "@Ben", "nobody has answered INC-1")
	b.looks("called")
	b.evaluate(`document.querySelector('#list .replies').click()`)
	b.reads("#thread", "@Ben", "nobody has answered INC-1", "counts as an answer")
	b.looks("called-thread")
	b.press("#thread", "I have it")
	b.reads("#list", "Ben has it since")
	b.reads("#thread", "Answered by Ben")
	for _, q := range [][2]string{{"and now?", "Read as: about INC-1 now"}, {"who has it", "Ben has it since"}, {"what did you rule out?", "Ruled out"}} {
		b.ask("@paramedic " + q[0])
		b.reads("#thread", q[1])
	}
	b.looks("asked-in-thread")
	b.press("#thread", "Open the plan")
	b.reads("#modal", "INC-1: the plan", "whoever approves it")
	if n := b.evaluate(`[...document.querySelectorAll('#modal button')].filter(e => e.textContent.includes('Approve')).length`); n != "0" {
		t.Errorf("Ben, who may not approve, is offered %s buttons to", n)
	}
	b.looks("plan-of-ben")
	b.evaluate(`document.querySelector('#modal [aria-label="Close"]').click()`)

	b.as(Ada)
	b.press("#thread", "Reject the plan")
	b.reads("#modal", "INC-1: reject", "Why?")
	b.do(chromedp.SendKeys(`#modal [data-field^="reason"]`, "Not before the backup"))
	b.press("#modal", "Reject the plan")
	b.reads("#thread", "Rejected by Ada", "Not before the backup")
	b.looks("rejected")
	b.press("#list", "Look again")
	b.reads("#list", "Open the plan")
	b.press("#list", "Open the plan")
	b.reads("#modal", "forward . 127.0.0.1", "Approve")
	b.press("#modal", "Cancel")
	if r := d.Slack.Refusals(); len(r) > 0 {
		t.Errorf("Slack refused %v", fmt.Sprint(r))
	}
}
