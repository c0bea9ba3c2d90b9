package slackapp

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/clip"
)

// table is a table block, of which a message may have one; a second one, and those of modals, are fixed-width text.
func (f *fitter) table(t commands.Table) []part {
	if len(t.Columns) == 0 || len(t.Rows) == 0 {
		return nil
	}
	more := t.More
	if n := len(t.Rows) - (maxTableRows - 1); n > 0 {
		t.Rows, more = t.Rows[:maxTableRows-1], more+n
	}
	t.Columns = t.Columns[:min(len(t.Columns), maxTableColumns)]
	t.More = 0
	t.Rows = shortened(t.Rows, len(t.Columns))
	var parts []part
	if !f.message || f.tables > 0 {
		parts = sections(fenced(commands.TableText(t)))
	} else {
		f.tables++
		block, size := tableBlock(t)
		if size > f.text/2 { // too much for a message: what fits as text, cut at its end
			parts = sections(fenced(commands.TableText(t)))
		} else {
			parts = []part{{block: block, text: size}}
		}
	}
	if more > 0 {
		note := fmt.Sprintf("… %d more", more)
		parts = append(parts, part{block: contextBlock(note), text: len(note)})
	}
	return parts
}

// shortened are rows of short cells, as many as there are columns.
func shortened(rows [][]commands.Span, columns int) [][]commands.Span {
	var out [][]commands.Span
	for _, r := range rows {
		var row []commands.Span
		for _, cell := range r[:min(len(r), columns)] {
			cell.Text = clip.Runes(oneLine(clip.Bytes(cell.Text, 4*maxCell)), maxCell)
			row = append(row, cell)
		}
		out = append(out, row)
	}
	return out
}

func tableBlock(t commands.Table) (*slack.TableBlock, int) {
	block := slack.NewTableBlock("")
	var head []slack.TableCell
	size := 0
	for _, c := range t.Columns {
		cell, n := textCell(c.Title, &slack.RichTextSectionTextStyle{Bold: true})
		head, size = append(head, cell), size+n
		align := slack.ColumnAlignmentLeft
		if c.Right {
			align = slack.ColumnAlignmentRight
		}
		block.ColumnSettings = append(block.ColumnSettings, slack.ColumnSetting{Align: align, IsWrapped: true})
	}
	block.AddRow(head...)
	for _, r := range t.Rows {
		row := make([]slack.TableCell, len(t.Columns))
		for i := range row {
			n := 0
			if i >= len(r) {
				row[i], n = textCell("", nil)
			} else if at := r[i].Time; at.Unix() > 0 && !at.IsZero() {
				row[i], n = dateCell(at)
			} else {
				row[i], n = textCell(r[i].Text, nil)
			}
			size += n
		}
		block.AddRow(row...)
	}
	return block, size
}

func textCell(text string, style *slack.RichTextSectionTextStyle) (slack.TableCell, int) {
	text = clip.Runes(oneLine(text), maxCell)
	if nothing(text) {
		text = "–"
	}
	if style == nil {
		return slack.NewTableRawTextCell(text), utf8.RuneCountInString(text)
	}
	return slack.NewTableRichTextCell(slack.NewRichTextSection(slack.NewRichTextSectionTextElement(text, style))), utf8.RuneCountInString(text)
}

func dateCell(t time.Time) (slack.TableCell, int) {
	otherwise := t.UTC().Format("2006-01-02 15:04:05 MST")
	const format = "{date_short_pretty} {time}"
	return slack.NewTableRichTextCell(slack.NewRichTextSection(
		slack.NewRichTextSectionDateElement(t.Unix(), format, nil, &otherwise))), len(format) + len(otherwise)
}

// actions are the buttons, as many to a block as it takes. One whose command line does not fit is left out: half a command is another.
func (f *fitter) actions(all commands.Actions) []part {
	var parts []part
	var elements []slack.BlockElement
	size := 0
	flush := func() {
		if len(elements) > 0 {
			parts = append(parts, part{block: slack.NewActionBlock("", elements...), text: size, keep: true})
		}
		elements, size = nil, 0
	}
	for _, b := range all {
		if b.Value == "" || utf8.RuneCountInString(b.Value) > maxValue || !utf8.ValidString(b.Value) {
			continue
		}
		button := f.button(b)
		elements = append(elements, button)
		size += utf8.RuneCountInString(button.Text.Text)
		if c := button.Confirm; c != nil {
			for _, o := range []*slack.TextBlockObject{c.Title, c.Text, c.Confirm, c.Deny} {
				size += utf8.RuneCountInString(o.Text)
			}
		}
		if len(elements) == maxActions {
			flush()
		}
	}
	flush()
	return parts
}

func (f *fitter) button(b commands.Button) *slack.ButtonBlockElement {
	e := slack.NewButtonBlockElement(f.actionID(b.ID), b.Value, plain(orElse(clip.Runes(oneLine(b.Label), maxButton), "Go")))
	switch b.Style {
	case commands.Primary:
		if !f.primary { // two would say nothing
			e.Style, f.primary = slack.StylePrimary, true
		}
	case commands.Danger:
		e.Style = slack.StyleDanger
	}
	e.AccessibilityLabel = clip.Runes(oneLine(b.Accessibility), maxButton)
	if c := b.Confirm; c != nil {
		e.Confirm = slack.NewConfirmationBlockObject(
			plain(orElse(clip.Runes(oneLine(c.Title), maxConfirmTitle), "Are you sure?")),
			plain(orElse(clip.Runes(oneLine(c.Text), maxConfirmText), "Are you sure?")),
			plain(orElse(clip.Runes(oneLine(c.Yes), maxConfirmWord), "Yes")),
			plain(orElse(clip.Runes(oneLine(c.No), maxConfirmWord), "No")))
		if b.Style == commands.Danger {
			e.Confirm.Style = slack.StyleDanger
		}
	}
	return e
}

// actionID is unique in its message.
func (f *fitter) actionID(id string) string {
	id = orElse(clip.Runes(oneLine(id), maxID-10), "button")
	unique := id
	for n := 2; f.actionIDs[unique]; n++ {
		unique = fmt.Sprintf("%s-%d", id, n)
	}
	f.actionIDs[unique] = true
	return unique
}

func orElse(s, otherwise string) string {
	if nothing(s) {
		return otherwise
	}
	return s
}
