package slackemu

import "fmt"

// place is where an element may be; a set of bits.
type place int

const (
	inSection place = 1 << iota
	inActions
	inInput
)

// elementRule says where a kind of element may be and what must hold for it.
type elementRule struct {
	in    place
	check func(v *validator, e map[string]any, path string)
}

// elementRules are the block elements this Slack knows.
var elementRules = map[string]elementRule{
	"button":           {inSection | inActions, checkButton},
	"overflow":         {inSection | inActions, checkOverflow},
	"static_select":    {inSection | inActions | inInput, checkSelect},
	"radio_buttons":    {inSection | inActions | inInput, checkChoices},
	"checkboxes":       {inSection | inActions | inInput, checkChoices},
	"plain_text_input": {inInput, checkPlainTextInput},
	"image":            {inSection, func(v *validator, e map[string]any, path string) { v.image(e, path) }},
}

func (v *validator) element(e map[string]any, path string, where place) {
	kind := str(e, "type")
	rule, ok := elementRules[kind]
	if !ok || rule.in&where == 0 {
		v.fail(path+"/type", "unsupported type: %s", kind)
		return
	}
	v.known(e, kind, path)
	if kind != "image" {
		if v.str(e, "action_id", path, 0, maxActionID) == "" {
			v.unnamed++
			e["action_id"] = fmt.Sprintf("unnamed-%d", v.unnamed) // Slack makes one up, too
		}
	}
	if c := v.object(e, "confirm", path, false); c != nil {
		v.confirm(c, path+"/confirm")
	}
	rule.check(v, e, path)
}

func (v *validator) confirm(c map[string]any, path string) {
	v.known(c, "confirm", path)
	v.textObject(c, "title", path, maxConfirmTitle, true, true)
	v.textObject(c, "text", path, maxConfirmText, true, true)
	v.textObject(c, "confirm", path, maxConfirmButton, true, true)
	v.textObject(c, "deny", path, maxConfirmButton, true, true)
	v.oneOf(c, "style", path, "primary", "danger")
}

func checkButton(v *validator, e map[string]any, path string) {
	v.textObject(e, "text", path, maxButtonText, true, true)
	v.str(e, "value", path, 0, maxButtonValue)
	v.str(e, "url", path, 0, maxURL)
	v.str(e, "accessibility_label", path, 0, maxButtonLabel)
	v.oneOf(e, "style", path, "primary", "danger")
}

func checkOverflow(v *validator, e map[string]any, path string) {
	v.options(e, "options", path, 1, maxOverflow)
}

func checkChoices(v *validator, e map[string]any, path string) {
	v.options(e, "options", path, 1, maxChoiceOptions)
}

func checkSelect(v *validator, e map[string]any, path string) {
	v.textObject(e, "placeholder", path, maxPlaceholder, true, false)
	if _, grouped := e["option_groups"]; !grouped {
		v.options(e, "options", path, 1, maxSelectOptions)
		return
	}
	for i, g := range v.items(e, "option_groups", path, 1, maxSelectOptions) {
		at := fmt.Sprintf("%s/option_groups/%d", path, i)
		v.textObject(g, "label", at, maxOptionText, true, true)
		v.options(g, "options", at, 1, maxSelectOptions)
	}
}

func (v *validator) options(m map[string]any, key, path string, least, most int) {
	for i, o := range v.items(m, key, path, least, most) {
		at := fmt.Sprintf("%s/%s/%d", path, key, i)
		v.textObject(o, "text", at, maxOptionText, false, true)
		v.textObject(o, "description", at, maxOptionText, false, false)
		v.str(o, "value", at, 1, maxOptionValue)
	}
}

func checkPlainTextInput(v *validator, e map[string]any, path string) {
	v.textObject(e, "placeholder", path, maxPlaceholder, true, false)
	v.str(e, "initial_value", path, 0, maxPlainInput)
	for _, key := range []string{"min_length", "max_length"} {
		n, there := e[key].(float64)
		if there && (n < 0 || n > maxPlainInput || (key == "max_length" && n < 1)) {
			v.fail(path+"/"+key, "must be between 0 and %d", maxPlainInput)
		}
	}
}
