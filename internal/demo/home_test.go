package demo

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// looks keeps what the page shows, at a desk and on a phone, light and dark, and says what is wider than the screen.
func (p *page) looks(name string) {
	p.t.Helper()
	for _, shade := range []string{"light", "dark"} {
		p.shade(shade)
		for _, wide := range []int64{400, 1280} {
			p.do(chromedp.EmulateViewport(wide, 800))
			p.shoot(fmt.Sprintf("%s-%d-%s", name, wide, shade))
			if is := p.evaluate(`document.scrollingElement.scrollWidth`); is != fmt.Sprint(wide) {
				p.t.Errorf("%s at %d pixels is %s wide", name, wide, is)
			}
			over := p.evaluate(`[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.id).join()`)
			if over != "" {
				p.t.Errorf("%s at %d pixels: %s scrolls sideways", name, wide, over)
			}
		}
	}
}

// shade has the reader's screen light or dark.
func (p *page) shade(shade string) {
	p.t.Helper()
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: shade}}}); err != nil {
		p.t.Fatal(err)
	}
}

// as has somebody else sit at the page.
func (p *page) as(who string) {
	p.t.Helper()
	p.evaluate(fmt.Sprintf(`(() => { const s = document.getElementById('as'); s.value = %q; s.dispatchEvent(new Event('change')) })()`, who))
	p.reads("#me-name", map[string]string{Ada: "Ada", Ben: "Ben"}[who])
}

// channel goes somewhere.
func (p *page) channel(id string) {
	p.t.Helper()
	p.evaluate(fmt.Sprintf(`document.querySelector('[data-channel=%q]').click()`, id))
}

// Two people look at their Homes, have another app's message diagnosed, and grade what was found.
func TestTwoPeopleMeetTheBotInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	d := begin(t)
	b.do(chromedp.Navigate(d.Slack.URL() + "/"))
	b.reads("#list, body", "replay")
	b.channel("D" + Ada)
	b.press("#tabs", "Home")
	b.reads("#list", "nothing wrong", "Three things to try", "none is configured")
	b.looks("home-well")
	b.control("break")
	b.reads("#list", "INC-1 waits for approval", "Open the plan")
	b.looks("home-ill")
	b.as(Ben)
	b.reads("#list", "Nothing.", "INC-1", "CoreDNS forwards to itself")
	b.looks("home-ben")

	b.channel(general)
	b.reads("#list", "KubePodCrashLooping")
	b.evaluate(`document.querySelector('#list .message [data-menu]').click()`)
	b.looks("menu")
	b.evaluate(`document.querySelector('#list .message [data-menu]').click()`)
	b.evaluate(`document.querySelector('#list [data-shortcut]').click()`)
	b.reads("#modal", "Looked at Pod/", "Open an incident")
	b.looks("diagnosed")
	b.press("#modal", "Open an incident")
	b.reads("#list", "1 reply")
	b.press("#modal", "Close")
	if _, err := d.Slack.Say(t.Context(), Ada, general, "", "is anything slow?"); err != nil {
		t.Fatal(err)
	}
	b.reads("#list", "is anything slow?")
	b.evaluate(`[...document.querySelectorAll('#list [data-shortcut]')].at(-1).click()`)
	b.reads("#modal", "names nothing in the cluster", "Namespace")
	b.looks("asked")
	b.press("#modal", "Cancel")

	b.as(Ada)
	b.channel("D" + Ada)
	b.press("#tabs", "Home")
	b.press("#list", "Open the plan")
	b.reads("#modal", "forward . 127.0.0.1", "Approve")
	b.press("#modal", "Approve")
	b.channel(Channel)
	b.reads("#list", "Resolved")
	b.open()
	b.press("#thread", "The cause was right")
	b.reads("#thread", "right by Ada")
	b.as(Ben)
	b.press("#thread", "It was wrong")
	b.reads("#modal", "Thank you, that is noted", "What was it?")
	b.looks("wrong")
	b.do(chromedp.SendKeys(`#modal [data-field^="what"]`, "It was the switch"))
	b.press("#modal", "Send")
	b.reads("#thread", "wrong by Ben (“It was the switch”)")
	b.evaluate(`[...document.querySelectorAll('#thread button')].find(e => e.textContent.includes('The cause was right')).scrollIntoView({block: 'center'})`)
	b.looks("graded")
	b.channel("D" + Ben)
	b.press("#tabs", "Home")
	b.reads("#list", "How often it was right", "1 right, 1 wrong")
	b.looks("home-after")
	if r := d.Slack.Refusals(); len(r) > 0 {
		t.Errorf("Slack refused %v", r)
	}
}
