package slackapp

import (
	"context"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/clip"
)

// File is a text, or a picture's bytes, that is put into a thread as a file. Alt stands for a picture where it can't be seen.
type File struct{ Name, Title, Text, Alt string }

// Slack shows what was uploaded a little later: that often it is looked for, and so long it is waited in between.
const (
	looksForFile = 5
	fileWithin   = time.Second
)

// maxFileText bounds a file, in bytes; Slack takes far more.
const maxFileText = 1 << 20

// Share puts a file into an incident's thread and returns a link to it. Done again, it finds what is there already, by its name and size,
// so that nothing is there twice. It fails while the incident's message is not in its channel.
func (d *Deliverer) Share(ctx context.Context, id string, f File) (address string, err error) {
	what := "put " + f.Name + " into the thread"
	f.Text = clip.Bytes(f.Text, maxFileText)
	root, err := d.slot(ctx, id, commands.RootSlot)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", what, err)
	case root == nil || root.TS == "":
		return "", fmt.Errorf("%s: the incident's message is not in its channel yet", what)
	}
	ts, err := d.shared(ctx, root.Channel, root.TS, f)
	if err == nil && ts == "" {
		_, err = d.line.api().UploadFileContext(ctx, slack.UploadFileParameters{
			Filename: f.Name, Title: f.Title, Content: f.Text, FileSize: len(f.Text), AltTxt: f.Alt,
			Channel: root.Channel, ThreadTimestamp: root.TS})
		for i := 0; err == nil && ts == "" && i < looksForFile; i++ {
			if i > 0 {
				sleep(ctx, fileWithin)
			}
			ts, err = d.shared(ctx, root.Channel, root.TS, f)
		}
		if err == nil && ts == "" {
			err = fmt.Errorf("Slack has taken it, and does not show it yet") //nolint:staticcheck // a name
		}
	}
	if err != nil {
		if apiError(err) == "missing_scope" {
			err = fmt.Errorf("the app lacks the scope files:write; add it on the app's page, OAuth & Permissions, and install it again: %w", err)
		}
		return "", fmt.Errorf("%s: %w", what, err)
	}
	if address, err = d.line.api().GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: root.Channel, Ts: ts}); err != nil {
		return "", fmt.Errorf("%s: find its link: %w", what, err)
	}
	return address, nil
}

// shared is the message of a thread that has the file; "" if none has.
func (d *Deliverer) shared(ctx context.Context, channel, root string, f File) (ts string, err error) {
	me := ""
	if home, err := d.self.whereHome(ctx); err == nil {
		me = home.UserID
	}
	cursor := ""
	for range 20 { // pages of 200
		var page []slack.Message
		page, _, cursor, err = d.line.api().GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: root, Cursor: cursor, Limit: 200})
		if err != nil {
			return "", err
		}
		for _, m := range page {
			for _, has := range m.Files {
				if has.Name == f.Name && has.Size == len(f.Text) && (me == "" || m.User == me) {
					ts = m.Timestamp // the newest
				}
			}
		}
		if ts != "" || cursor == "" {
			return ts, nil
		}
	}
	return "", nil
}
