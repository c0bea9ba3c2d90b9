package slackemu_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// browser is a page of a headless browser, closed with the test. Without a browser the test is skipped, unless
// PARAMEDIC_REQUIRE_BROWSER is set.
func browser(t *testing.T, width, height int64) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("PARAMEDIC_REQUIRE_BROWSER") != "" {
			t.Fatal("no chromium or chrome in the PATH, and PARAMEDIC_REQUIRE_BROWSER is set")
		}
		t.Skip("no chromium or chrome in the PATH")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", false))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // starts the browser, which lives as long as ctx
		t.Fatal(err)
	}
	do(ctx, t, chromedp.EmulateViewport(width, height))
	return ctx
}

// do runs steps one after the other, each within a bounded time.
func do(ctx context.Context, t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	for i, a := range steps {
		if _, err := try(ctx, a); err != nil {
			says, _ := try(ctx, chromedp.Text("body"))
			t.Fatalf("step %d: %v; the page says:\n%s", i+1, err, says)
		}
	}
}

// ask runs a step that has a result.
func ask[T any](ctx context.Context, t *testing.T, a chromedp.Action[T]) T {
	t.Helper()
	v, err := try(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func try[T any](ctx context.Context, a chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return chromedp.Run(ctx, a)
}

// shoot keeps a screenshot when PARAMEDIC_SCREENSHOTS names a folder for them.
func shoot(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("PARAMEDIC_SCREENSHOTS")
	if dir == "" {
		return
	}
	do(ctx, t, chromedp.Sleep(300*time.Millisecond)) // for what moves to come to rest
	png := ask(ctx, t, chromedp.CaptureScreenshot())
	if err := os.WriteFile(dir+"/"+name+".png", png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// incident is what a bot shows of one: everything a person meets on the page.
func incident(state string, buttons bool) []slack.MsgOption {
	blocks := []slack.Block{
		slack.NewHeaderBlock(plain("CoreDNS is looping: 16 workloads can't resolve names")),
		slack.NewSectionBlock(mrkdwn(":rotating_light: *Corefile forwards to itself* (`plugin/loop`) since <!date^1772331600^{time}|02:20>\n"+
			"*The CNI configuration is gone* from `/etc/cni/net.d`, which blocks the remedy\n• 16 dependants crash: "+
			"<https://example.test/d|dashboard>\n"+
			"• &lt;script&gt;alert(1)&lt;/script&gt; &amp; co are only text"), nil, nil),
		slack.NewSectionBlock(nil, []*slack.TextBlockObject{mrkdwn("*Restarts*\n6,812"),
			mrkdwn("*Onset*\n<!date^1772331600^{date_short} {time}|Mar 1>"),
			mrkdwn("*Cluster*\nk3s-prod"), mrkdwn("*Confidence*\nhigh")}, nil),
		slack.NewSectionBlock(mrkdwn("```--- Corefile\n+++ Corefile (last good)\n@@ -4,3 +4,3 @@\n-    forward . 127.0.0.1\n+    forward . "+
			"/etc/resolv.conf```"), nil, nil),
	}
	if buttons {
		approve := button("approve", "Approve")
		approve.Style = slack.StylePrimary
		reject := button("reject", "Reject")
		reject.Style = slack.StyleDanger
		reject.Confirm = slack.NewConfirmationBlockObject(plain("Reject the plan?"), plain("Nothing will be changed in k3s-prod."),
			plain("Reject"), plain("Keep it"))
		reject.Confirm.Style = slack.StyleDanger
		blocks = append(blocks, slack.NewActionBlock("decide", approve, button("edit", "Edit"), reject,
			slack.NewOverflowBlockElement("more", options(3)...)))
	}
	blocks = append(blocks, slack.NewContextBlock("", mrkdwn(":hourglass_flowing_sand: "+state), mrkdwn("`inc-7`")))
	return []slack.MsgOption{slack.MsgOptionText("CoreDNS is looping", false), slack.MsgOptionBlocks(blocks...)}
}

// TestPage is a visit: a command typed with its hint, a button with its confirm dialog, a message that changes in place,
// a thread, a modal with an error, and another person.
func TestPage(t *testing.T) {
	broken := make(chan struct{}, 1)
	s, api := start(t, slackemu.Options{
		Banner: "This cluster is a replay of two captured bundles. Nothing you press reaches a real one.",
		Controls: []slackemu.Control{{ID: "break", Label: "Break the cluster", Style: "danger",
			Do: func(context.Context) (string, error) { broken <- struct{}{}; return "The cluster is ill now.", nil }}},
	})
	presses := make(chan slack.InteractionCallback, 5)
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		switch d := e.Data.(type) {
		case slack.SlashCommand:
			c.Ack(*e.Request, slack.Msg{Text: "*All quiet* in `k3s-prod`."})
		case slack.InteractionCallback:
			switch {
			case d.Type == slack.InteractionTypeBlockActions && d.ActionCallback.BlockActions[0].ActionID == "edit":
				if _, err := api.OpenView(d.TriggerID, editor("Edit the postmortem")); err != nil {
					t.Error(err)
				}
			case d.Type == slack.InteractionTypeViewSubmission && d.View.State.Values["notes"]["text"].Value == "bad":
				c.Ack(*e.Request, slack.NewErrorsViewSubmissionResponse(map[string]string{"notes": "Say more than that."}))
				return
			case d.Type == slack.InteractionTypeBlockActions:
				presses <- d
			}
			c.Ack(*e.Request)
		}
	})
	_, ts, err := api.PostMessage(incidents, incident("Waiting for one approval", true)...)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"Looking at nodes, DNS and the CNI.", "CoreDNS log: `plugin/loop: Loop detected` (E7)"} {
		if _, _, err := api.PostMessage(incidents, slack.MsgOptionTS(ts), slack.MsgOptionText(text, false)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Say(t.Context(), grace, incidents, ts, "On it, @ada"); err != nil {
		t.Fatal(err)
	}

	ctx := browser(t, 1280, 800)
	do(ctx, t, chromedp.Navigate(s.URL()+"/"), chromedp.WaitVisible(`[data-action="approve"]`))
	shoot(ctx, t, "channel")

	do(ctx, t, chromedp.SendKeys("#write", "/me"), chromedp.WaitVisible(".hint-row"))
	shoot(ctx, t, "hints")
	do(ctx, t, chromedp.SendKeys("#write", "\t"), chromedp.SendKeys("#write", "check\r"), chromedp.WaitVisible(".message.ephemeral"))
	if all := s.Ephemerals(ada); len(all) != 1 || all[0].Text != "*All quiet* in `k3s-prod`." {
		t.Fatalf("after /medic check Ada sees %+v", all)
	}

	do(ctx, t, chromedp.Click(`[data-action="reject"]`), chromedp.WaitVisible("#confirm[open]"))
	dialog := ask(ctx, t, chromedp.Text("#confirm"))
	shoot(ctx, t, "confirm")
	if !strings.Contains(dialog, "Reject the plan?") || len(presses) != 0 {
		t.Errorf("the dialog says %q, %d presses were sent before it was answered", dialog, len(presses))
	}
	do(ctx, t, chromedp.Click(`#confirm button[value="no"].button`), chromedp.WaitNotPresent("#confirm[open]"))
	do(ctx, t, chromedp.Click(`[data-action="approve"]`))
	if p := <-presses; p.User.ID != ada || p.ActionCallback.BlockActions[0].ActionID != "approve" {
		t.Errorf("pressed: %+v", p)
	}

	do(ctx, t, chromedp.Click(`[data-action="edit"]`), chromedp.WaitVisible("#modal[open]"),
		chromedp.SendKeys(`[data-field="notes/text"]`, "bad"), chromedp.Click("#modal button.primary"), chromedp.WaitVisible("#modal .error"))
	shoot(ctx, t, "modal")
	do(ctx, t, chromedp.SendKeys(`[data-field="notes/text"]`, ", but better"), chromedp.Click("#modal button.primary"),
		chromedp.WaitNotPresent("#modal[open]"))

	do(ctx, t, chromedp.Click(".replies"), chromedp.WaitVisible("#thread"), chromedp.SendKeys("#write-reply", "Thanks\r"))
	wait(t, s, func(n slackemu.Snapshot) bool { return len(n.Thread(incidents, ts)) == 5 })
	if left := ask(ctx, t, chromedp.Evaluate[string](`document.getElementById('write-reply').value`)); left != "" {
		t.Errorf("after sending, the composer holds %q", left)
	}
	shoot(ctx, t, "thread")

	if _, _, _, err := api.UpdateMessage(incidents, ts, incident("Approved by Ada", false)...); err != nil {
		t.Fatal(err)
	}
	do(ctx, t, chromedp.WaitNotPresent(`#list [data-action="approve"]`))
	if ask(ctx, t, chromedp.Evaluate[int](`document.querySelectorAll('#list script').length`)) != 0 {
		t.Error("text from a cluster became markup")
	}
	do(ctx, t, chromedp.Click(`[data-control="break"]`), chromedp.WaitVisible(".toast.shown"))
	<-broken

	ask(ctx, t, chromedp.Evaluate[bool](`(as => { as.value = '`+grace+
		`'; return as.dispatchEvent(new Event('change')); })(document.getElementById('as'))`))
	do(ctx, t, chromedp.WaitNotPresent(".message.ephemeral"))
	if seen := ask(ctx, t, chromedp.Evaluate[int](`document.querySelectorAll('#list .message').length`)); seen != 1 {
		t.Errorf("Grace sees %d messages, want the incident alone", seen)
	}
	if len(s.Refusals()) != 0 {
		t.Errorf("refused: %v", s.Refusals())
	}
}

// gallery is every kind of block.
func gallery() []slack.Block {
	rich := slack.NewRichTextBlock("", slack.NewRichTextSection(
		slack.NewRichTextSectionTextElement("Rich text with ", nil),
		slack.NewRichTextSectionTextElement("bold", &slack.RichTextSectionTextStyle{Bold: true}),
		slack.NewRichTextSectionTextElement(" and ", nil),
		slack.NewRichTextSectionTextElement("kubectl get pods", &slack.RichTextSectionTextStyle{Code: true})))
	cells := func(texts ...string) []slack.TableCell {
		return many(len(texts), func(i int) slack.TableCell { return slack.NewTableRawTextCell(texts[i]) })
	}
	return []slack.Block{
		slack.NewMarkdownBlock("", "## Postmortem\n\nThe **CNI** file was *lost*:\n\n1. updated at night\n2. restarted\n\n- `Corefile` "+
			"looped\n\n> seen before\n\n"+
			"| what | when |\n|---|---|\n| onset | 02:20 |\n\n```\nkubectl -n kube-system logs coredns\n```"),
		slack.NewDividerBlock(), rich,
		&slack.TableBlock{Type: slack.MBTTable, Rows: [][]slack.TableCell{
			cells("Workload", "Namespace", "Restarts", "State"), cells("coredns", "kube-system", "412", "CrashLoopBackOff"),
			cells("grafana", "monitoring", "388", "CrashLoopBackOff"),
		}, ColumnSettings: []slack.ColumnSetting{{}, {}, {Align: slack.ColumnAlignmentRight}}},
		slack.NewSectionBlock(mrkdwn("Which plan?\n>quoted &lt;text&gt;\n~no~ _maybe_ *yes*"), nil,
			slack.NewAccessory(slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plain("Choose a plan"), "plan", options(4)...))),
		slack.NewActionBlock("", slack.NewCheckboxGroupsBlockElement("steps", options(3)...)),
	}
}

// TestPageOnAPhone walks the narrow page, where one thing at a time is seen and nothing may be wider than the screen.
func TestPageOnAPhone(t *testing.T) {
	s, api := start(t, slackemu.Options{Banner: "This cluster is a replay of two captured bundles.",
		Controls: []slackemu.Control{{ID: "break", Label: "Break the cluster", Style: "danger",
			Do: func(context.Context) (string, error) { return "", nil }}}})
	bot(t, api, func(c *socketmode.Client, e socketmode.Event) {
		if d, ok := e.Data.(slack.InteractionCallback); ok && d.Type == slack.InteractionTypeBlockActions {
			if _, err := api.OpenView(d.TriggerID, editor("Edit the postmortem")); err != nil {
				t.Error(err)
			}
		}
		if e.Request != nil && e.Request.EnvelopeID != "" {
			c.Ack(*e.Request)
		}
	})
	var ts string
	_, _, err := api.PostMessage(incidents, slack.MsgOptionBlocks(gallery()...))
	if err != nil {
		t.Fatal(err, complaints(err))
	}
	if _, ts, err = api.PostMessage(incidents, incident("Waiting for one approval", true)...); err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.PostMessage(incidents, slack.MsgOptionTS(ts), slack.MsgOptionText("Looking at nodes, DNS and the CNI.",
		false)); err != nil {
		t.Fatal(err)
	}
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{
		slack.NewHeaderBlock(plain("Open incidents")), slack.NewSectionBlock(mrkdwn("*inc-7* CoreDNS is looping"), nil,
			slack.NewAccessory(button("open", "Open"))),
	}}}
	if _, err := api.PublishView(ada, home, ""); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t, 390, 844)
	fits := func(where string) {
		t.Helper()
		shoot(ctx, t, "phone-"+where)
		if wide := ask(ctx, t, chromedp.Evaluate[int](`document.scrollingElement.scrollWidth`)); wide > 390 {
			t.Errorf("%s is %d pixels wide", where, wide)
		}
		over := ask(ctx, t, chromedp.Evaluate[string](`[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.id).join()`))
		if over != "" {
			t.Errorf("%s: %s scrolls sideways", where, over)
		}
	}
	do(ctx, t, chromedp.Navigate(s.URL()+"/"), chromedp.WaitVisible(`[data-action="edit"]`))
	fits("channel")
	ask(ctx, t, chromedp.Evaluate[bool](`document.getElementById('scroll').scrollTop = 0, true`))
	fits("gallery")
	do(ctx, t, chromedp.Click(`[data-action="edit"]`), chromedp.WaitVisible("#modal[open]"))
	fits("modal")
	do(ctx, t, chromedp.Click(`#modal [aria-label="Close"]`), chromedp.WaitNotPresent("#modal[open]"), chromedp.Click(".replies"),
		chromedp.WaitVisible("#thread"))
	fits("thread")
	do(ctx, t, chromedp.Click("#thread-close"), chromedp.WaitNotVisible("#thread"), chromedp.Click("#nav"), chromedp.WaitVisible("#sidebar"))
	fits("places")
	do(ctx, t, chromedp.Click(`[data-channel="D`+ada+`"]`), chromedp.WaitVisible("#tabs"), chromedp.Click("#tabs button"),
		chromedp.WaitVisible(`.home [data-action="open"]`))
	fits("home")
	if len(s.Refusals()) != 0 {
		t.Errorf("refused: %v", s.Refusals())
	}
}
