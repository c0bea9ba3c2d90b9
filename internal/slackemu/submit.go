package slackemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// InputErrors are what is wrong with a modal's inputs, by block_id: either what Slack itself asks for, or the app.
type InputErrors map[string]string

// Error says of each input what is wrong with it.
func (e InputErrors) Error() string {
	var parts []string
	for id, text := range e {
		parts = append(parts, id+": "+text)
	}
	return "the modal was not accepted: " + strings.Join(parts, "; ")
}

// trouble is what Slack says when the app's answer makes no sense or does not come.
const trouble = "We had some trouble connecting. Try again?"

// Submit presses a modal's submit button, with values by "block_id/action_id", block_id or action_id; what is not named
// keeps its initial value. It returns InputErrors when the modal stays open because of what was entered.
func (s *Server) Submit(ctx context.Context, userID, viewID string, values map[string]string) error {
	done := s.change()
	payload, v, err := s.ws.viewSubmission(userID, viewID, values)
	done()
	if err != nil {
		return err
	}
	answer, err := s.dispatch(ctx, kindInteractive, payload, true)
	defer s.change()()
	if errors.Is(err, ErrNotAcknowledged) {
		s.ws.counts.Complaints++
		s.ws.showErrors(userID, viewID, InputErrors{"": trouble})
	}
	if err != nil {
		return fmt.Errorf("submitting %q: %w", v.Title, err)
	}
	return s.ws.submitted(userID, viewID, answer)
}

func (w *workspace) viewSubmission(userID, viewID string, values map[string]string) (map[string]any, *View, error) {
	u, err := w.person(userID)
	if err != nil {
		return nil, nil, err
	}
	v := w.top(userID)
	if v == nil || v.ID != viewID {
		return nil, nil, fmt.Errorf("%s is not looking at the modal %s", u.Name, viewID)
	}
	if missing := incomplete(v.Blocks, values); len(missing) > 0 {
		w.showErrors(userID, viewID, missing)
		return nil, nil, missing
	}
	w.showErrors(userID, viewID, nil)
	payload := w.interactionPayload("view_submission", u)
	payload["view"] = w.wireView(v, stateValues(v.Blocks, values))
	payload["trigger_id"] = w.newTrigger(userID, v.origin, v.ID)
	payload["response_urls"] = []any{}
	w.did(u, v.origin, fmt.Sprintf("%s: [%s]", v.Title, v.Submit))
	return payload, v, nil
}

// incomplete is what Slack asks for before it sends anything.
func incomplete(blocks []Block, values map[string]string) InputErrors {
	out := InputErrors{}
	optional := map[string]bool{}
	for _, b := range blocks {
		optional[b.ID()] = b.Type() != "input" || flag(b, "optional")
	}
	for e := range elements(blocks) {
		if !e.stateful() {
			continue
		}
		value := e.entered(values)
		n := utf8.RuneCountInString(value)
		least, _ := e.raw["min_length"].(float64)
		most, limited := e.raw["max_length"].(float64)
		if !limited {
			most = maxPlainInput
		}
		switch {
		case strings.TrimSpace(value) == "":
			if !optional[e.BlockID] {
				out[e.BlockID] = "Please complete this required field."
			}
		case e.Type != "plain_text_input":
		case n > int(most):
			out[e.BlockID] = fmt.Sprintf("This is longer than %d characters.", int(most))
		case n < int(least):
			out[e.BlockID] = fmt.Sprintf("This is shorter than %d characters.", int(least))
		}
	}
	return out
}

// submitted does what the acknowledgement of a view_submission says: close the modal, or show something else.
func (w *workspace) submitted(userID, viewID string, answer json.RawMessage) error {
	var r struct {
		Action string            `json:"response_action"`
		View   json.RawMessage   `json:"view"`
		Errors map[string]string `json:"errors"`
	}
	if len(answer) > 0 && json.Unmarshal(answer, &r) != nil {
		r.Action = "nonsense"
	}
	v := w.findView(viewID, "")
	if v == nil {
		return nil // closed meanwhile
	}
	var err error
	switch r.Action {
	case "":
		w.shut(userID, viewID, false)
	case "clear":
		w.shut(userID, "", true)
	case "errors":
		return w.inputErrors(v, r.Errors)
	case "update", "push":
		var next *View
		if next, err = w.newView(r.View, onModal); err != nil {
			break
		}
		if r.Action == "push" {
			err = w.open(userID, next, v.origin, true)
			break
		}
		w.exchange(v, next)
	default:
		err = fmt.Errorf("unknown response_action %q", r.Action)
	}
	if err != nil {
		w.refusals = remember(w.refusals, Refusal{Method: "view_submission", Error: err.Error()})
		w.showErrors(userID, viewID, InputErrors{"": trouble})
		return fmt.Errorf("the app's answer to the submission: %w", err)
	}
	return nil
}

// inputErrors shows the app's errors, which must be of input blocks.
func (w *workspace) inputErrors(v *View, errs map[string]string) error {
	inputs := map[string]bool{}
	for _, b := range v.Blocks {
		inputs[b.ID()] = b.Type() == "input"
	}
	for id := range errs {
		if !inputs[id] {
			w.refusals = remember(w.refusals, Refusal{Method: "view_submission", Error: "errors name no input block: " + id})
			errs = InputErrors{"": trouble}
			break
		}
	}
	w.showErrors(v.UserID, v.ID, errs)
	return InputErrors(errs)
}

// showErrors puts errors beside the inputs of a modal; those of block "" are for the whole.
func (w *workspace) showErrors(userID, viewID string, errs map[string]string) {
	for _, v := range w.modals[userID] {
		if v.ID == viewID {
			again := *v
			again.Errors, again.rev = errs, w.nextRev()
			w.putModal(userID, &again)
		}
	}
}

// CloseView presses a modal's close button; the app hears of it if it asked to.
func (s *Server) CloseView(ctx context.Context, userID, viewID string) error {
	done := s.change()
	v := s.ws.findView(viewID, "")
	u, err := s.ws.person(userID)
	if err != nil || v == nil || v.UserID != userID {
		done()
		return fmt.Errorf("%s sees no view %s", userID, viewID)
	}
	payload := s.ws.interactionPayload("view_closed", u)
	payload["view"], payload["is_cleared"] = s.ws.wireView(v, nil), v.ClearOnClose
	s.ws.shut(userID, viewID, v.ClearOnClose)
	done()
	if !v.NotifyOnClose {
		return nil
	}
	_, err = s.dispatch(ctx, kindInteractive, payload, false)
	return err
}
