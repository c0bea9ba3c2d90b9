package demo

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestMain has no test ask a model, whatever Ollama there may be.
func TestMain(m *testing.M) {
	if err := os.Setenv("OLLAMA_HOST", "127.0.0.1:1"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// begin starts a demo in which nobody is called before the test is over.
func begin(t *testing.T) *Demo {
	t.Helper()
	return beginCalling(t, time.Hour)
}

// beginCalling starts a demo in which Ben is called after a while without an answer.
func beginCalling(t *testing.T, after time.Duration) *Demo {
	t.Helper()
	d, err := Start(t.Context(), Options{Version: "test", callAfter: after})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if _, err := os.Stat(d.dir); !os.IsNotExist(err) {
			t.Errorf("%s is left behind", d.dir)
		}
	})
	return d
}

func TestTheVisitByScript(t *testing.T) {
	t.Parallel()
	d := begin(t)
	var out bytes.Buffer
	if err := d.Play(t.Context(), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
}

func TestItEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	d, err := Start(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	stop() // as Ctrl-C does
	d.Wait()
	if err := d.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := os.Stat(d.dir); !os.IsNotExist(err) {
		t.Errorf("%s is left behind", d.dir)
	}
}

// TestTheVisitInABrowser is what a newcomer does, by keyboard and mouse.
func TestTheVisitInABrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	d := begin(t)
	b.do(chromedp.Navigate(d.Slack.URL() + "/"))
	b.reads("#list, body", "replay")
	b.do(chromedp.SendKeys("#write", "/medic check\r"))
	b.reads("#list", "nothing wrong")
	b.shoot("1-check")
	b.control("break")
	b.reads("#list", "CoreDNS forwards to itself", "Open the plan")
	b.open()
	b.reads("#thread", "lost its CNI configuration", "What happened", "Seen before")
	b.reads("#thread", "A plan waits for approval", "If nobody does anything")
	b.brief("when a plan waits")
	b.top("#thread", 1) // the README's picture
	b.shoot("2-diagnosis")
	b.press("#list", "Open the plan")
	b.reads("#modal", "forward . 127.0.0.1", "Approve")
	b.shoot("3-plan")
	b.press("#modal", "Approve")
	b.reads("#thread", "Restore /etc/cni/net.d", "changed, as ada")
	b.brief("when it runs")
	b.shoot("4-run")
	b.reads("#list", "Resolved")
	b.reads("#thread", "Publish", "The cause was right")
	b.brief("when it is resolved")
	b.shoot("5-resolved")
	b.press("#thread", "Edit the postmortem")
	b.reads("#modal", "What follows")
	b.do(chromedp.SendKeys(`#modal [data-field^="followup"]`, "Pin the K3s version. "))
	b.shoot("6-postmortem")
	b.press("#modal", "Save")
	b.reads("#thread", "Edited by Ada")
	b.press("#thread", "Publish the postmortem")
	b.press("#confirm", "Publish")
	b.reads("#thread", "Published by Ada", "INC-1-postmortem.md")
	b.shoot("6-published")
	b.control("ship")
	b.reads("#list", "INC-2", "Open plan 2")
	b.open()
	b.reads("#thread", "There is a choice", "If nobody does anything", "Edit plan 1")
	b.evaluate(`[...document.querySelectorAll('#thread button')].find(e => e.textContent.includes('Edit plan 1')).scrollIntoView(false)`)
	b.shoot("7-choice")
	b.press("#thread", "Open plan 2")
	b.reads("#modal", "INC-2: plan 2", "back from revision 2 to 1", "Approve")
	b.shoot("8-second-plan")
	b.press("#modal", "Approve")
	b.reads("#thread", "Roll Deployment monitoring/loki back", "Publish")
	b.shoot("9-rolled-back")
	b.control("break")
	b.reads("#list", "INC-3", "Open the plan")
	b.open()
	b.reads("#thread", "INC-3", "What happened", "What worked", "Set Corefile", "A plan waits for approval", "Seen before: 2 times. Helped: ", "about 1 minute")
	b.brief("when it was seen before")
	b.shoot("10-seen-before")
	if r := d.Slack.Refusals(); len(r) > 0 {
		t.Errorf("Slack refused %v", r)
	}
}

type page struct {
	t   *testing.T
	ctx context.Context
}

// openBrowser opens a headless browser. Without one the test is skipped, unless PARAMEDIC_REQUIRE_BROWSER is set.
func openBrowser(t *testing.T) *page {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		path, err = exec.LookPath("google-chrome")
	}
	if err != nil && os.Getenv("PARAMEDIC_REQUIRE_BROWSER") != "" {
		t.Fatal("no chromium or google-chrome in the PATH, and PARAMEDIC_REQUIRE_BROWSER is set")
	}
	if err != nil {
		t.Skip("no chromium or google-chrome in the PATH")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // starts the browser, which lives as long as ctx
		t.Fatal(err)
	}
	p := &page{t, ctx}
	p.do(chromedp.EmulateViewport(1280, 800))
	return p
}

func (p *page) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	for _, a := range steps {
		ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
		_, err := chromedp.Run(ctx, a)
		cancel()
		if err != nil {
			p.t.Fatalf("%v", err)
		}
	}
}

func (p *page) evaluate(js string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String(("+js+") ?? '')"))
	if err != nil {
		p.t.Fatalf("%s: %v", js, err)
	}
	return out
}

// reads waits until the part of the page says all of the words.
func (p *page) reads(where string, words ...string) {
	p.t.Helper()
	text := ""
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		text = p.evaluate(`[...document.querySelectorAll('` + where +
			`')].map(e => e.innerText + ' ' + [...e.querySelectorAll('textarea, input')].map(i => i.value).join(' ')).join(' ')`)
		if containsAll(text, words) {
			return
		}
	}
	p.shoot("failed")
	p.t.Fatalf("%s does not say %q but:\n%s", where, words, text)
}

// control presses what breaks something, once it can be.
func (p *page) control(id string) {
	p.t.Helper()
	p.click(`[data-control="` + id + `"]:not([disabled])`)
}

// open opens the newest thread of the channel.
func (p *page) open() {
	p.t.Helper()
	p.click("#list .replies")
	p.do(chromedp.WaitVisible("#thread"))
}

// click clicks the last element of a selector once there is one. The page draws anew what changes, so that it is found and clicked at once.
func (p *page) click(selector string) {
	p.t.Helper()
	p.until(`(() => { const e = [...document.querySelectorAll('` + selector + `')].at(-1); if (e) e.click(); return Boolean(e); })()`)
}

// press clicks the last button of the label.
func (p *page) press(where, label string) {
	p.t.Helper()
	p.until(`(() => {
		const e = [...document.querySelectorAll('` + where + ` button')].filter(b => b.textContent.trim() === '` + label + `').at(-1);
		if (e) e.click();
		return Boolean(e);
	})()`)
}
