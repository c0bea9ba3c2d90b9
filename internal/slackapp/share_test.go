package slackapp_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/slackapp"
	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// filesIn are the files of a thread.
func filesIn(n slackemu.Snapshot, root string) []slackemu.File {
	var out []slackemu.File
	for _, m := range n.Thread(channel, root) {
		out = append(out, m.Files...)
	}
	return out
}

// A file lies in the incident's thread once, however often it is put there, and a link leads to it; one that has changed is another.
func TestAFileIsPutIntoTheThread(t *testing.T) {
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	d, _ := b.deliver(t)
	root := b.begin(t)
	f := slackapp.File{Name: "INC-1-postmortem.md", Title: "INC-1: postmortem", Text: "# CoreDNS forwarded to itself\n\n## Summary\n\n…"}
	first, err := d.Share(t.Context(), "INC-1", f)
	if err != nil || !strings.Contains(first, channel) {
		t.Fatalf("%q, %v", first, err)
	}
	if again, err := d.Share(t.Context(), "INC-1", f); err != nil || again != first {
		t.Errorf("the second time: %q, %v", again, err)
	}
	got := filesIn(b.slack.Snapshot(), root)
	if len(got) != 1 || got[0].Title != f.Title || string(got[0].Content) != f.Text {
		t.Fatalf("%+v", got)
	}
	f.Text += " and more"
	if _, err := d.Share(t.Context(), "INC-1", f); err != nil || len(filesIn(b.slack.Snapshot(), root)) != 2 {
		t.Errorf("a changed one: %v, %d files", err, len(filesIn(b.slack.Snapshot(), root)))
	}
	if len(b.slack.Messages(channel)) != 1 {
		t.Errorf("a file is in the channel: %s", b.slack.Transcript())
	}
	b.unharmed(t)
}

// An upload whose answer was lost is found, not repeated.
func TestAnUploadWhoseAnswerWasLostIsFound(t *testing.T) {
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	d, _ := b.deliver(t)
	root := b.begin(t)
	f := slackapp.File{Name: "a.md", Title: "A", Text: "text"}
	b.slack.Inject(slackemu.Fault{Method: "files.completeUploadExternal", Outcome: slackemu.DoneUnanswered})
	if _, err := d.Share(t.Context(), "INC-1", f); err == nil {
		t.Fatal("nobody knows how it ended, and it is called done")
	}
	if _, err := d.Share(t.Context(), "INC-1", f); err != nil {
		t.Error(err)
	}
	if got := filesIn(b.slack.Snapshot(), root); len(got) != 1 {
		t.Errorf("%d files", len(got))
	}
}

// Without the scope the error says which is needed and where it is added; without a thread there is nothing to put it into.
func TestAFileThatCannotBePutThere(t *testing.T) {
	var scopes []string
	for _, s := range slackapp.Scopes {
		if s != "files:write" {
			scopes = append(scopes, s)
		}
	}
	b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}, Scopes: scopes})
	d, _ := b.deliver(t)
	f := slackapp.File{Name: "a.md", Title: "A", Text: "text"}
	if _, err := d.Share(t.Context(), "INC-1", f); err == nil || !strings.Contains(err.Error(), "not in its channel yet") {
		t.Errorf("before there is a thread: %v", err)
	}
	b.begin(t)
	if _, err := d.Share(t.Context(), "INC-1", f); err == nil || !strings.Contains(err.Error(), "files:write") {
		t.Errorf("without the scope: %v", err)
	}
}

// Whatever goes wrong at any step of an upload, done again once Slack must show it the file is in the thread once; that it is about to be
// shown was recorded before it was. What Slack refuses for good is told from what passes.
func TestUploadsUnderFaults(t *testing.T) {
	const later = 200 * time.Millisecond
	for _, method := range []string{"conversations.replies", "files.getUploadURLExternal", "upload", "files.completeUploadExternal",
		"chat.getPermalink"} {
		for name, fault := range map[string]slackemu.Fault{
			"lost": {Outcome: slackemu.Lost}, "done, and unanswered": {Outcome: slackemu.DoneUnanswered},
			"ill": {Outcome: slackemu.ServerError}, "too often": {Outcome: slackemu.RateLimited},
			"passing": {Outcome: slackemu.Refused, Error: "internal_error"}, "archived": {Outcome: slackemu.Refused, Error: "is_archived"},
		} {
			if method == "upload" && fault.Outcome == slackemu.Refused || method == "chat.getPermalink" && fault.Outcome <= slackemu.DoneUnanswered {
				continue // it is no method of the Web API; it is a GET, which the HTTP client repeats by itself
			}
			if method != "files.completeUploadExternal" && (fault.Outcome == slackemu.DoneUnanswered || fault.Error == "internal_error") {
				continue // of what nobody sees it does not matter
			}
			t.Run(method+" "+name, func(t *testing.T) {
				b := newBed(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}, FilesAfter: later}) // runs beside the others
				d, _ := b.deliver(t)
				root := b.begin(t)
				intended := 0
				f := slackapp.File{Name: "a.md", Title: "A", Text: "text", Intend: func(context.Context) error {
					if intended++; len(filesIn(b.slack.Snapshot(), root)) > 0 {
						t.Error("it is there already")
					}
					return nil
				}}
				fault.Method = method
				b.slack.Inject(fault)
				_, err := d.Share(t.Context(), "INC-1", f)
				if err == nil || slackapp.Lasting(err) != (fault.Error == "is_archived") || strings.Contains(err.Error(), "/upload/") {
					t.Errorf("%v is lasting: %t", err, slackapp.Lasting(err))
				}
				if n := len(filesIn(b.slack.Snapshot(), root)); n > intended {
					t.Errorf("%d are there, and %d were intended", n, intended)
				}
				wait := later
				if fault.Outcome == slackemu.RateLimited {
					if _, err := d.Share(t.Context(), "INC-1", f); err == nil || !strings.Contains(err.Error(), "asked to wait") {
						t.Errorf("asked to wait: %v", err)
					}
					wait = time.Second
				}
				time.Sleep(wait)
				if _, err := d.Share(t.Context(), "INC-1", f); err != nil {
					t.Error(err)
				}
				if n := len(filesIn(b.slack.Snapshot(), root)); n != 1 {
					t.Errorf("%d files", n)
				}
			})
		}
	}
}
