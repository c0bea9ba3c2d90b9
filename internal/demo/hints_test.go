package demo

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// What a visitor may try unfolds beside the banner, and fits a phone.
func TestTheHintsInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	d := begin(t)
	b.do(chromedp.Navigate(d.Slack.URL() + "/"))
	b.reads("#list, body", "replay")
	b.do(chromedp.Click("#tips summary"), chromedp.WaitVisible("#tips-list"))
	b.reads("#tips", "Diagnose this", "who has it")
	b.looks("tips")
}
