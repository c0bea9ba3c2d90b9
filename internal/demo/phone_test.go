package demo

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// The plan is read in bed on a phone as well as at a desk: what approving it means stands on the first screen, with the first step below
// it, and nothing is wider than the screen.
func TestThePlanIsReadWithoutScrolling(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	d := begin(t)
	b.do(chromedp.Navigate(d.Slack.URL()+"/"), chromedp.Click(`[data-control="break"]`))
	b.reads("#list", "CoreDNS forwards to itself", "Open the plan")
	b.press("#list", "Open the plan")
	b.reads("#modal", "forward . 127.0.0.1", "Approve", "pre-checks passed")
	for _, size := range [][2]int64{{400, 800}, {1280, 800}} {
		b.do(chromedp.EmulateViewport(size[0], size[1]))
		b.shoot(fmt.Sprintf("plan-%d", size[0]))
		bottom := b.evaluate(`(() => {
			const walk = document.createTreeWalker(document.getElementById('modal'), NodeFilter.SHOW_TEXT);
			for (let n = walk.nextNode(); n; n = walk.nextNode()) {
				if (!n.textContent.includes('pre-checks passed')) continue;
				const r = document.createRange(); r.selectNodeContents(n); return Math.round(r.getBoundingClientRect().bottom);
			}
		})()`)
		if y, err := strconv.Atoi(bottom); err != nil || y > 600 {
			t.Errorf("at %d pixels the summary ends at %q, %v", size[0], bottom, err)
		}
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
