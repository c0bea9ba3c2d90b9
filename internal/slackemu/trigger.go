package slackemu

import "time"

// trigger is a trigger_id: the permission to open a modal for a person, once, for three seconds, or as long as people wait for the app if
// they are more patient.
type trigger struct {
	userID  string
	origin  origin
	viewID  string // the modal it came from, if any
	expires time.Time
	used    bool
}

// origin is where in the conversation a person acted.
type origin struct {
	channelID string
	threadTS  string // the thread, or the message itself if it was a press on one
	messageTS string // the message whose element was used
	ephemeral bool
}

func (w *workspace) newTrigger(userID string, from origin, viewID string) string {
	now := w.opts.Now()
	for id, t := range w.triggers {
		if len(w.triggers) > maxRemembered && now.After(t.expires.Add(time.Hour)) {
			delete(w.triggers, id)
		}
	}
	id := w.id("trigger.")
	w.triggers[id] = &trigger{userID: userID, origin: from, viewID: viewID, expires: now.Add(max(triggerLife, w.opts.AckWithin))}
	return id
}

// useTrigger spends a trigger_id.
func (w *workspace) useTrigger(id string) (*trigger, error) {
	t, ok := w.triggers[id]
	switch {
	case !ok:
		return nil, fail("invalid_trigger_id")
	case t.used:
		return nil, fail("exchanged_trigger_id")
	case w.opts.Now().After(t.expires):
		return nil, fail("expired_trigger_id")
	}
	t.used = true
	return t, nil
}

// replyTo is what a response_url answers to.
type replyTo struct {
	userID  string
	origin  origin
	expires time.Time
	uses    int
}

func (w *workspace) newReplyTo(userID string, from origin) string {
	now := w.opts.Now()
	for id, r := range w.replies {
		if len(w.replies) > maxRemembered && now.After(r.expires) {
			delete(w.replies, id)
		}
	}
	id := w.id("R")
	w.replies[id] = &replyTo{userID: userID, origin: from, expires: now.Add(responseURLLife)}
	return id
}
