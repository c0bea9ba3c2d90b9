package slackapp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/clip"
)

// File is a text, or a picture's bytes, that is put into a thread as a file. Alt stands for a picture where it can't be seen.
type File struct {
	Name, Title, Text, Alt string
	// Intend is called right before the file is shown in the thread, and must have recorded that when it returns: who is not told how that
	// ended, or dies, looks for the file only once Slack must show it. Nil: nobody records it.
	Intend func(context.Context) error
}

// Slack shows what was uploaded a little later: that often it is looked for, and each time that much longer is waited before.
const (
	looksForFile = 7
	fileWithin   = 250 * time.Millisecond
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
	if d.opts.Now().Before(d.patience()) {
		return "", fmt.Errorf("%s: Slack has asked to wait", what)
	}
	defer func() { d.heed(err) }()
	ts, err := d.shared(ctx, root.Channel, root.TS, f)
	if err == nil && ts == "" {
		ts, err = d.upload(ctx, root.Channel, root.TS, f)
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

// patience is until when Slack has asked to be left alone with files.
func (d *Deliverer) patience() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.uploadsFrom
}

// heed remembers that Slack has asked to be left alone.
func (d *Deliverer) heed(err error) {
	if wait := retryAfter(err); wait > 0 {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.uploadsFrom = d.opts.Now().Add(wait)
	}
}

// upload puts a file into a thread, and waits until Slack shows it there. Until its last step nobody sees anything of it.
func (d *Deliverer) upload(ctx context.Context, channel, root string, f File) (ts string, err error) {
	api := d.line.api()
	to, err := api.GetUploadURLExternalContext(ctx, slack.GetUploadURLExternalParameters{FileName: f.Name, FileSize: len(f.Text),
		AltTxt: f.Alt})
	if err != nil {
		return "", err
	}
	if err = api.UploadToURL(ctx, slack.UploadToURLParameters{UploadURL: to.UploadURL, Content: f.Text, Filename: f.Name}); err != nil {
		var address *url.Error
		if errors.As(err, &address) {
			err = address.Err // who has the address can write there
		}
		return "", err
	}
	if f.Intend != nil {
		if err := f.Intend(ctx); err != nil {
			return "", err
		}
	}
	if _, err = api.CompleteUploadExternalContext(ctx, slack.CompleteUploadExternalParameters{
		Files: []slack.FileSummary{{ID: to.FileID, Title: f.Title}}, Channel: channel, ThreadTimestamp: root}); err != nil {
		return "", err
	}
	for i := range looksForFile {
		sleep(ctx, time.Duration(i)*fileWithin)
		if ts, err = d.shared(ctx, channel, root, f); ts != "" || err != nil {
			return ts, err
		}
	}
	return "", errors.New("Slack has taken it, and does not show it yet") //nolint:staticcheck // a name
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
