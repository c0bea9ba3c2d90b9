package demo

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// summarised demands that the summary of the plan that is open, each line of it, stands on the first screen whole, and the buttons below it.
func (p *page) summarised(wide int64) {
	p.t.Helper()
	raw := p.evaluate(`(() => {
		const block = [...document.querySelectorAll('#modal .modal-body .blocks > *')].find(e => e.innerText.includes('Runs as:'));
		const b = block.getBoundingClientRect(), head = document.querySelector('#modal .modal-head').getBoundingClientRect();
		const foot = document.querySelector('#modal .modal-foot').getBoundingClientRect();
		return JSON.stringify({ Text: block.innerText, Top: b.top, Bottom: b.bottom, Left: b.left, Right: b.right, Head: head.bottom, Foot: foot.top,
			End: foot.bottom, Scrolled: document.querySelector('#modal .modal-body').scrollTop });
	})()`)
	var is struct {
		Text                                                string
		Top, Bottom, Left, Right, Head, Foot, End, Scrolled float64
	}
	if err := json.Unmarshal([]byte(raw), &is); err != nil {
		p.t.Fatalf("%s: %v", raw, err)
	}
	if !containsAll(is.Text, []string{"Steps:", "Interrupts:", "Takes:", "Undo:", "Runs as:", "pre-checks passed"}) {
		p.t.Errorf("the summary says:\n%s", is.Text)
	}
	if is.Scrolled != 0 || is.Top < is.Head || is.Bottom > is.Foot || is.End > 800 || is.Left < 0 || is.Right > float64(wide) {
		p.t.Errorf("at %d × 800 the summary is not above the fold: %+v", wide, is)
	}
}

// The plan is read in bed on a phone as well as at a desk: what approving it means stands on the first screen, with the first step below
// it, and nothing is wider than the screen.
func TestThePlanIsReadWithoutScrolling(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	d := begin(t)
	b.do(chromedp.Navigate(d.Slack.URL() + "/"))
	b.control("break")
	b.reads("#list", "CoreDNS forwards to itself", "Open the plan")
	b.press("#list", "Open the plan")
	b.reads("#modal", "forward . 127.0.0.1", "Approve", "pre-checks passed")
	for _, size := range [][2]int64{{400, 800}, {1280, 800}} {
		b.do(chromedp.EmulateViewport(size[0], size[1]))
		b.shoot(fmt.Sprintf("plan-%d", size[0]))
		b.summarised(size[0])
		if wide := b.evaluate(`document.scrollingElement.scrollWidth`); wide != fmt.Sprint(size[0]) {
			t.Errorf("at %d pixels the page is %s wide", size[0], wide)
		}
	}
	b.do(chromedp.EmulateViewport(400, 800))
	b.shade("dark")
	b.shoot("plan-400-dark")
	b.press("#modal", "Reject the plan")
	b.reads("#modal", "INC-1: reject", "Why?")
	b.do(chromedp.EmulateViewport(400, 800))
	b.shoot("reject-400")
	b.do(chromedp.SendKeys(`#modal [data-field^="reason"]`, "Not before the backup"))
	b.press("#modal", "Reject the plan")
	b.reads("#list", "Plan rejected by Ada")
	if r := d.Slack.Refusals(); len(r) > 0 {
		t.Errorf("Slack refused %v", r)
	}
}
