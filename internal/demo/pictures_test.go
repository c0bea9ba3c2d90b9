package demo

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// until waits until an expression is true.
func (p *page) until(expression string) {
	p.t.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Poll[bool](expression)); err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
}

// The pictures of an incident come into its thread by themselves, with words for whoever can't see them, and no wider than a phone.
func TestThePicturesAreSeenOnAPhone(t *testing.T) {
	b := openBrowser(t)
	d := begin(t)
	b.do(chromedp.Navigate(d.Slack.URL()+"/"), chromedp.EmulateViewport(400, 800), chromedp.Click(`[data-control="break"]`))
	b.reads("#list", "CoreDNS forwards to itself", "Open the plan")
	b.do(chromedp.Click(".replies"), chromedp.WaitVisible(`#thread .file-picture img`))
	b.until(`document.querySelectorAll('#thread .file-picture img').length >= 2`)
	b.evaluate(`document.querySelectorAll('#thread .file-picture img')[0].loading = 'eager'`)
	for _, scheme := range []string{"light", "dark"} {
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}); err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"graph", "course"} {
			index := string(rune('0' + i))
			b.evaluate(`document.querySelectorAll('#thread .file-picture img')[` + index + `].scrollIntoView({block: 'center'})`)
			b.until(`document.querySelectorAll('#thread .file-picture img')[` + index + `].naturalWidth == 1000`)
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
