package slackapp

import (
	"cmp"
	"encoding/json"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/clip"
)

// origin is where a modal was opened; it travels in the modal itself, so that a restart forgets nothing.
type origin struct {
	Command string `json:"command,omitempty"` // what submitting dispatches
	Channel string `json:"channel,omitempty"`
	Thread  string `json:"thread,omitempty"`
	Fresh   bool   `json:"fresh,omitempty"` // see place
	// Pages is where the person is, if it has pages.
	Pages *turning `json:"pages,omitempty"`
}

// inputAction is the action_id of every input; its block_id is the field.
const inputAction = "value"

const callbackID = "form"

// modal makes a window of a Reply, with at most so many characters: its blocks, and its Form's inputs and submit button; of a Form with
// a Whole a page, and the submit button once all were shown. A Reply without a Form can be read and closed. line is the command line that
// it answers.
func modal(r commands.Reply, from origin, most int, line string) slack.ModalViewRequest {
	form := commands.Form{}
	if r.Form != nil {
		form = *r.Form
	}
	f := fitter{blocks: maxModalBlocks - len(form.Fields), text: most, rest: rest{line: line, modal: true}}
	for _, field := range form.Fields {
		f.text -= utf8.RuneCountInString(field.Value)
	}
	from.Command = ""
	turned := cmp.Or(from.Pages, &turning{})
	from.Pages = nil
	if len(form.Whole) > 0 {
		var all bool
		var blocks []slack.Block
		if blocks, from.Pages, all = f.page(r, *turned); !all {
			form.Submit = ""
		}
		if form.Submit != "" { // what is asked for is asked with the button
			blocks = append(blocks, inputBlocks(form)...)
		}
		return window(form, from, blocks)
	}
	doc := r.Blocks
	if len(doc) == 0 && len(form.Fields) == 0 {
		doc = []commands.Block{commands.Paragraph{commands.Text(orElse(r.Text, "Nothing to show."))}}
	}
	if len(form.Actions) > 0 {
		doc = append(doc[:len(doc):len(doc)], form.Actions)
	}
	blocks := append(f.fit(doc), inputBlocks(form)...)
	if len(blocks) == 0 { // nothing of it is to be seen
		blocks = f.fit([]commands.Block{commands.Paragraph{commands.Text("Nothing to show.")}})
	}
	return window(form, from, blocks)
}

// window is a modal with these blocks. Where what it needs to know does not fit into it, there is nothing to submit.
func window(form commands.Form, from origin, blocks []slack.Block) slack.ModalViewRequest {
	view := slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: callbackID, Title: plain(orElse(clip.Runes(oneLine(form.Title), maxModalTitle), "Paramedic")),
		Close: plain(orElse(clip.Runes(oneLine(form.Cancel), maxModalTitle), "Close")), Blocks: slack.Blocks{BlockSet: blocks},
	}
	if form.Submit != "" {
		from.Command = form.Command
		view.Submit = plain(clip.Runes(oneLine(form.Submit), maxModalTitle))
	}
	if raw, err := json.Marshal(from); err == nil && len(raw) <= maxMetadata {
		view.PrivateMetadata = string(raw)
	} else if len(form.Fields) == 0 { // with fields Slack wants the button
		view.Submit = nil
	}
	return view
}

func inputBlocks(form commands.Form) []slack.Block {
	var blocks []slack.Block
	for _, field := range form.Fields {
		blocks = append(blocks, inputBlock(field))
	}
	return blocks
}

func inputBlock(field commands.FormField) *slack.InputBlock {
	most := field.Max
	if most <= 0 || most > maxInput {
		most = maxInput
	}
	input := slack.NewPlainTextInputBlockElement(nil, inputAction)
	input.Multiline, input.MaxLength, input.InitialValue = field.Multiline, most, clip.Runes(clean(field.Value), most)
	var hint *slack.TextBlockObject
	if text := clip.Runes(oneLine(field.Hint), maxHint); text != "" {
		hint = plain(text)
	}
	block := slack.NewInputBlock(clip.Runes(field.ID, maxID), plain(orElse(clip.Runes(oneLine(field.Label), maxLabel), "Text")), hint, input)
	block.Optional = field.Optional
	return block
}

// loading is shown while a Reply is made.
func loading(from origin) slack.ModalViewRequest {
	return modal(commands.Reply{Text: "Looking …"}, from, maxModalText, "")
}

// submitted reads a submitted modal: where it came from, and the values by field.
func submitted(v slack.View) (origin, map[string]string) {
	var from origin
	if json.Unmarshal([]byte(v.PrivateMetadata), &from) != nil {
		from = origin{}
	}
	values := map[string]string{}
	if v.State != nil {
		for field, actions := range v.State.Values {
			if a, ok := actions[inputAction]; ok {
				values[field] = clean(a.Value)
			}
		}
	}
	return from, values
}
