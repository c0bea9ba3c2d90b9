package slackemu

import (
	"encoding/json"
	"slices"
)

// View is a modal or a Home tab, as one person sees it.
type View struct {
	ID              string
	UserID          string
	Type            string // "modal" or "home"
	Title           string
	Submit, Close   string // labels; empty when the view has no such button
	CallbackID      string
	PrivateMetadata string
	ExternalID      string
	Hash            string
	NotifyOnClose   bool
	ClearOnClose    bool
	Blocks          []Block
	// Errors are shown at inputs, by block_id.
	Errors map[string]string

	rootID, previousID string
	origin             origin
	rev                int64
}

// newView checks a view as it came from the app and makes it the person's own.
func (w *workspace) newView(raw []byte, on surface) (*View, error) {
	if len(raw) > maxViewBytes {
		return nil, fail("view_too_large")
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil || m == nil {
		return nil, invalid("invalid_arguments", []string{"[ERROR] must provide an object [json-pointer:/view]"})
	}
	rawBlocks, _ := json.Marshal(m["blocks"])
	blocks, err := parseBlocks(rawBlocks)
	if err != nil {
		return nil, invalid("invalid_arguments", []string{"[ERROR] must provide an array [json-pointer:/view/blocks]"})
	}
	v := &validator{surface: on, ids: map[string]bool{}, files: w.files}
	v.view(m, blocks, on)
	if len(v.faults) > 0 {
		return nil, invalid("invalid_arguments", v.faults)
	}
	identify(blocks, w.blockID)
	id := w.id("V")
	return &View{
		ID: id, Type: string(on), Title: textOf(m, "title"), Submit: textOf(m, "submit"), Close: textOf(m, "close"),
		CallbackID: str(m, "callback_id"), PrivateMetadata: str(m, "private_metadata"), ExternalID: str(m, "external_id"),
		NotifyOnClose: flag(m, "notify_on_close"), ClearOnClose: flag(m, "clear_on_close"), Blocks: blocks,
		Hash: w.id("hash."), rootID: id, rev: w.nextRev(),
	}, nil
}

// view checks what is not in the blocks.
func (v *validator) view(m map[string]any, blocks []Block, on surface) {
	if str(m, "type") != string(on) {
		v.fail("/view/type", "must be %s", on)
	}
	v.known(m, str(m, "type"), "/view")
	v.blocks(blocks, "/view/blocks")
	v.str(m, "private_metadata", "/view", 0, maxPrivateMetadata)
	v.str(m, "callback_id", "/view", 0, maxCallbackID)
	v.str(m, "external_id", "/view", 0, maxCallbackID)
	if on != onModal {
		return
	}
	v.textObject(m, "title", "/view", maxViewTitle, true, true)
	v.textObject(m, "submit", "/view", maxViewButton, true, v.inputs > 0)
	v.textObject(m, "close", "/view", maxViewButton, true, false)
}

// top is the modal a person is looking at, or nil.
func (w *workspace) top(userID string) *View {
	stack := w.modals[userID]
	if len(stack) == 0 {
		return nil
	}
	return stack[len(stack)-1]
}

// findView is a view by its id or external id, open or published.
func (w *workspace) findView(id, externalID string) *View {
	match := func(v *View) bool {
		return (id != "" && v.ID == id) || (externalID != "" && v.ExternalID == externalID)
	}
	for _, stack := range w.modals {
		for _, v := range stack {
			if match(v) {
				return v
			}
		}
	}
	for _, v := range w.homes {
		if match(v) {
			return v
		}
	}
	return nil
}

// open shows a modal to a person, above those that are open if it is pushed, instead of them otherwise.
func (w *workspace) open(userID string, v *View, from origin, push bool) error {
	stack := w.modals[userID]
	if !push {
		stack = nil
	}
	if len(stack) >= maxViewStack {
		return fail("push_limit_reached")
	}
	if v.ExternalID != "" && w.findView("", v.ExternalID) != nil {
		return fail("duplicate_external_id")
	}
	if len(stack) > 0 {
		v.rootID, v.previousID = stack[0].ID, stack[len(stack)-1].ID
	}
	v.UserID, v.origin = userID, from
	w.modals[userID] = append(slices.Clone(stack), v)
	return nil
}

// exchange puts v in the place of old, which keeps its identity.
func (w *workspace) exchange(old, v *View) *View {
	v.ID, v.UserID, v.rootID, v.previousID, v.origin = old.ID, old.UserID, old.rootID, old.previousID, old.origin
	if old.Type == string(onHome) {
		w.homes[old.UserID] = v
		return v
	}
	w.putModal(old.UserID, v)
	return v
}

func (w *workspace) putModal(userID string, v *View) {
	stack := slices.Clone(w.modals[userID])
	for i := range stack {
		if stack[i].ID == v.ID {
			stack[i] = v
		}
	}
	w.modals[userID] = stack
}

// shut closes one modal, or all of the person's.
func (w *workspace) shut(userID, viewID string, all bool) {
	if all {
		delete(w.modals, userID)
		return
	}
	w.modals[userID] = slices.DeleteFunc(slices.Clone(w.modals[userID]), func(v *View) bool { return v.ID == viewID })
}

// wireView is the view as the API and the payloads show it; state is nil where there is none yet.
func (w *workspace) wireView(v *View, state map[string]any) map[string]any {
	if state == nil {
		state = map[string]any{}
	}
	out := map[string]any{
		"id": v.ID, "team_id": w.opts.TeamID, "type": v.Type, "blocks": v.Blocks, "private_metadata": v.PrivateMetadata,
		"callback_id": v.CallbackID, "external_id": v.ExternalID, "hash": v.Hash, "clear_on_close": v.ClearOnClose,
		"notify_on_close": v.NotifyOnClose, "root_view_id": v.rootID, "app_id": appID, "bot_id": botID,
		"app_installed_team_id": w.opts.TeamID, "state": map[string]any{"values": state},
	}
	if v.previousID != "" {
		out["previous_view_id"] = v.previousID
	}
	for key, label := range map[string]string{"title": v.Title, "submit": v.Submit, "close": v.Close} {
		if label != "" {
			out[key] = map[string]any{"type": "plain_text", "text": label, "emoji": true}
		}
	}
	return out
}
