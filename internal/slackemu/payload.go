package slackemu

import "strings"

// The payloads of envelopes, as Slack writes them.

// wireActor is a person in a payload.
func wireActor(u User) map[string]any {
	return map[string]any{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": u.SaidTeam}
}

func (w *workspace) wireTeam() map[string]any {
	return map[string]any{"id": w.opts.TeamID, "domain": strings.ToLower(w.opts.Workspace)}
}

func (w *workspace) responseURL(base, token string) string { return base + "/response/" + token }

// eventPayload wraps an event for the Events API.
func (w *workspace) eventPayload(event map[string]any) map[string]any {
	return map[string]any{
		"token": "emulated", "team_id": w.opts.TeamID, "api_app_id": appID, "type": "event_callback",
		"event": event, "event_id": w.id("Ev"), "event_time": w.opts.Now().Unix(), "is_ext_shared_channel": false,
		"authorizations": []map[string]any{{
			"team_id": w.opts.TeamID, "user_id": botUserID, "is_bot": true, "is_enterprise_install": false,
		}},
	}
}

func (w *workspace) commandPayload(u User, c *channel, command, text, triggerID, responseURL string) map[string]any {
	name := c.Name
	if c.person != "" {
		name = "directmessage"
	}
	return map[string]any{
		"token": "emulated", "team_id": w.opts.TeamID, "team_domain": strings.ToLower(w.opts.Workspace),
		"channel_id": c.ID, "channel_name": name, "user_id": u.ID, "user_name": u.Name, "command": command, "text": text,
		"api_app_id": appID, "is_enterprise_install": "false", "response_url": responseURL, "trigger_id": triggerID,
	}
}

// interactionPayload is what block_actions, view_submission and view_closed share.
func (w *workspace) interactionPayload(kind string, u User) map[string]any {
	return map[string]any{
		"type": kind, "token": "emulated", "api_app_id": appID, "team": w.wireTeam(), "user": wireActor(u),
		"enterprise": nil, "is_enterprise_install": false,
	}
}

// actionPayload is the use of an element, in the form its type has.
func actionPayload(e Element, value, ts string) map[string]any {
	out := map[string]any{"type": e.Type, "action_id": e.ActionID, "block_id": e.BlockID, "action_ts": ts}
	switch e.Type {
	case "button":
		out["text"] = obj(e.raw, "text")
		if e.Value != "" {
			out["value"] = e.Value
		}
	default:
		for key, v := range elementState(e, value) {
			out[key] = v
		}
	}
	return out
}

// elementState is what state.values says of an element that holds value: a text, an option's value, or the values of
// several options, separated by commas.
func elementState(e Element, value string) map[string]any {
	out := map[string]any{"type": e.Type}
	switch e.Type {
	case "plain_text_input":
		out["value"] = nil
		if value != "" {
			out["value"] = value
		}
	case "checkboxes":
		chosen := []map[string]any{}
		for _, v := range strings.Split(value, ",") {
			if o, ok := e.option(v); ok {
				chosen = append(chosen, o)
			}
		}
		out["selected_options"] = chosen
	default:
		out["selected_option"] = nil
		if o, ok := e.option(value); ok {
			out["selected_option"] = o
		}
	}
	return out
}

// initial is what an element holds before anyone touched it, in the form that elementState takes.
func (e Element) initial() string {
	switch e.Type {
	case "plain_text_input":
		return str(e.raw, "initial_value")
	case "checkboxes":
		var values []string
		for _, o := range objects(e.raw, "initial_options") {
			values = append(values, str(o, "value"))
		}
		return strings.Join(values, ",")
	}
	return str(obj(e.raw, "initial_option"), "value")
}

// stateful says that an element holds a value.
func (e Element) stateful() bool { return e.Type != "button" && e.Type != "overflow" }

// stateValues is state.values of blocks in which people have entered values, by "block_id/action_id", by block_id or by
// action_id.
func stateValues(blocks []Block, values map[string]string) map[string]any {
	out := map[string]any{}
	for e := range elements(blocks) {
		if !e.stateful() {
			continue
		}
		block := obj(out, e.BlockID)
		if block == nil {
			block = map[string]any{}
			out[e.BlockID] = block
		}
		block[e.ActionID] = elementState(e, e.entered(values))
	}
	return out
}

// entered is an element's value among those that a person entered, or its initial one.
func (e Element) entered(values map[string]string) string {
	for _, key := range []string{e.BlockID + "/" + e.ActionID, e.BlockID, e.ActionID} {
		if v, ok := values[key]; ok {
			return v
		}
	}
	return e.initial()
}
