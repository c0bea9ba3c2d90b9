package demo

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// until waits until an expression is true.
func (p *page) until(expression string) {
	p.t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if p.evaluate(expression) == "true" {
			return
		}
	}
	p.shoot("failed")
	p.t.Fatalf("not so within three minutes: %s", expression)
}

// The pictures of an incident come into its thread by themselves, with words for whoever can't see them, and no wider than a phone.
func TestThePicturesAreSeenOnAPhone(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	d := begin(t)
	b.do(chromedp.Navigate(d.Slack.URL()+"/"), chromedp.EmulateViewport(400, 800))
	b.control("break")
	b.reads("#list", "CoreDNS forwards to itself", "Open the plan")
	b.open()
	b.until(`document.querySelectorAll('#thread .file-picture img').length >= 2`)
	b.evaluate(`document.querySelectorAll('#thread .file-picture img')[0].loading = 'eager'`)
	for _, scheme := range []string{"light", "dark"} {
		b.shade(scheme)
		for i, name := range []string{"graph", "course"} {
			index := string(rune('0' + i))
			b.evaluate(`document.querySelectorAll('#thread .file-picture img')[` + index + `].scrollIntoView({block: 'center'})`)
			b.until(`document.querySelectorAll('#thread .file-picture img')[` + index + `].naturalWidth == 1000`)
			b.until(`document.querySelectorAll('#thread .file-picture img')[` + index + `].clientWidth > 250`) // a quarter of it can be read
			b.shoot("pictures-" + name + "-" + scheme)
			if alt := b.evaluate(`document.querySelectorAll('#thread .file-picture img')[` + index + `].alt`); len(alt) < 40 {
				t.Errorf("%s: it says %q for whoever can't see it", name, alt)
			}
		}
	}
	if wide := b.evaluate(`document.scrollingElement.scrollWidth`); wide != "400" {
		t.Errorf("the page is %s wide", wide)
	}
	if r := d.Slack.Refusals(); len(r) > 0 {
		t.Errorf("Slack refused %v", r)
	}
}
