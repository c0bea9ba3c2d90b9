package slackapp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
)

// turning is where a person is in the pages of a Form's Whole. It travels in the window, and belongs to what was shown there: of
// anything else no page has been seen.
type turning struct {
	Again string `json:"again"`         // the command line that gives the same Reply
	Page  int    `json:"page"`          // the one that is shown, from 1
	Seen  int    `json:"seen"`          // all up to this one were shown
	Shown string `json:"shown"`         // identifies all the pages
	Most  int    `json:"most"`          // characters in a page
	All   bool   `json:"all,omitempty"` // it is an answer that had no room in a message
}

// The buttons that turn pages, by their action_ids.
const (
	nextPage     = "page-next"
	previousPage = "page-previous"
)

// footerText is how many characters the foot of a page may have.
const footerText = 500

// page is what a window shows now of a Form's Whole, and all says whether with it every page has been shown. What can't be shown whole is
// shown as far as it fits, and says so.
func (f *fitter) page(r commands.Reply, from turning) (blocks []slack.Block, now *turning, all bool) {
	pages, ok := f.pages(r.Blocks, r.Form.Whole)
	if !ok || len(pages) > 1 && r.Form.Again == "" {
		note := commands.Paragraph{commands.Bold("Not all of it can be shown here, so it can’t be approved here.")}
		return f.fit(slices.Concat([]commands.Block{note}, r.Blocks, r.Form.Whole)), nil, false
	}
	now = &turning{Again: r.Form.Again, Page: 1, Most: f.text, Shown: digest(pages), All: r.Form.ID == allOfIt}
	same := from.Shown == now.Shown
	if same {
		now.Seen = min(from.Seen, len(pages))
		now.Page = max(1, min(from.Page, now.Seen+1, len(pages)))
	}
	now.Seen = max(now.Seen, now.Page)
	all = now.Seen == len(pages)
	parts := pages[now.Page-1]
	if from.Shown != "" && !same {
		parts = append([]part{textPart("*This is no longer what you opened: read it from here.*")}, parts...)
	}
	if len(pages) > 1 {
		parts = append(slices.Clip(parts), foot(now.Page, len(pages), all || r.Form.Submit == "")...)
	}
	parts = append(slices.Clip(parts), f.actions(r.Form.Actions)...)
	return f.finished(parts), now, all
}

// pages are a Form's Whole in pages, each below the lead; not ok if something would have to be shortened for it.
func (f *fitter) pages(lead, whole []commands.Block) (pages [][]part, ok bool) {
	if !lossless(lead) || !lossless(whole) {
		return nil, false
	}
	top := together(f.parts(lead))
	const apart = 4 // blocks of the foot, the actions, and a note above
	room := fitter{blocks: f.blocks - apart, text: f.text - footerText}
	if !room.fits(top) {
		return nil, false
	}
	page := slices.Clone(top)
	for _, p := range together(f.parts(whole)) {
		if !room.fits(append(slices.Clip(page), p)) {
			if len(page) == len(top) {
				return nil, false
			}
			pages, page = append(pages, page), slices.Clone(top)
		}
		if page = append(page, p); !room.fits(page) {
			return nil, false
		}
	}
	return append(pages, page), true
}

// foot says which page it is, and turns to the others.
func foot(page, of int, all bool) []part {
	text := fmt.Sprintf("Page %d of %d.", page, of)
	if !all {
		text += " You can approve once you have turned to every page."
	}
	var buttons []slack.BlockElement
	turn := func(id, label, value string) {
		b := slack.NewButtonBlockElement(id, value, plain(label))
		b.AccessibilityLabel = label
		buttons = append(buttons, b)
	}
	if page > 1 {
		turn(previousPage, "Previous page", "previous")
	}
	if page < of {
		turn(nextPage, "Next page", "next")
	}
	return []part{{block: contextBlock(text)}, {block: slack.NewActionBlock("", buttons...)}}
}

// lossless says whether blocks are of the kinds that are rendered without leaving anything out.
func lossless(doc []commands.Block) bool {
	spans := func(all []commands.Span) bool {
		return !slices.ContainsFunc(all, func(s commands.Span) bool { return len(s.Text) > maxTaken || s.URL != "" })
	}
	for _, b := range doc {
		ok := false
		switch v := b.(type) {
		case commands.Paragraph:
			ok = spans(v)
		case commands.List:
			ok = !slices.ContainsFunc(v, func(i commands.Item) bool { return !spans(i.Spans) })
		case commands.Code:
			ok = len(v.Text) <= maxTaken
		case commands.Divider:
			ok = true
		}
		if !ok {
			return false
		}
	}
	return true
}

// digest identifies what pages show.
func digest(pages [][]part) string {
	h := sha256.New()
	for i, page := range pages {
		fmt.Fprintf(h, "page %d\n", i)
		for _, p := range page {
			raw, err := json.Marshal([]any{p.section, p.block.BlockType()})
			if err != nil { // plain strings always encode
				panic(err)
			}
			h.Write(raw)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// turned is a press of a button that turns a page; not ok if it is another button.
func (a *App) turned(cb slack.InteractionCallback, button string) (delivery, bool) {
	from, _ := submitted(cb.View)
	if cb.View.ID == "" || from.Pages == nil || button != nextPage && button != previousPage {
		return delivery{}, false
	}
	if button == nextPage {
		from.Pages.Page++
	} else {
		from.Pages.Page--
	}
	to := place{channel: from.Channel, thread: from.Thread, user: cb.User.ID, line: from.Pages.Again}
	d := delivery{id: cb.TriggerID, what: "a page turned", acts: a.commands.Acts(first(to.line))}
	d.answer = func(ctx context.Context, _ *flight, r commands.Reply) outcome { return a.answer(ctx, to, r) }
	d.work = func(ctx context.Context, l *lane, f *flight) outcome {
		r, bad := a.request(to.line, a.people.who(ctx, cb.User.ID, cb.User.TeamID, cb.User.Name), from.Channel)
		r.Incident = a.threadOf(ctx, to)
		reply := a.dispatch(ctx, l, r, bad)
		if from.Pages.All {
			reply = paged(reply, to.line)
		}
		if err := a.fill(ctx, cb.View.ID, cb.View.Hash, reply, from, to); err != nil {
			a.log.Warn("a page could not be turned", "error", err)
			if code := apiError(err); code == "not_found" || code == "hash_conflict" { // closed meanwhile, or turned by an earlier press
				return said
			}
			return d.answer(ctx, f, sorry("The page could not be turned. Try again in a moment."))
		}
		return said
	}
	return d, true
}

// windowed is a Reply whose Form has a Whole, for where there is no window. A message may be shortened: the Whole is left to the window,
// and nobody can agree to it here.
func windowed(r commands.Reply, line string) commands.Reply {
	if strings.TrimSpace(line) == "" {
		return r
	}
	open := commands.Button{ID: "open", Label: orElse(r.Form.Open, "Read all of it"), Style: commands.Primary, Value: line}
	r.Blocks = slices.Concat(r.Blocks, []commands.Block{commands.Actions{open}})
	return r
}
