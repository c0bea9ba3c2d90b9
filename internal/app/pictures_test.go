package app

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/slackapp"
)

// What broke what and the restarts are shown once, with words for whoever can't see them; what fails is done again, what Slack won't have is
// not; and when it is over the restarts are shown with their end.
func TestPicturesAreShown(t *testing.T) {
	d := open(t)
	d.noted(t, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.Recalled{}, incident.StoryTold{})
	var files []slackapp.File
	var fails error
	w := &worker{ledger: d.ledger, share: func(_ context.Context, _ string, f slackapp.File) (string, error) {
		if fails == nil {
			files = append(files, f)
		}
		return "https://x", fails
	}}
	show := func() error {
		files = nil
		return w.showPictures(t.Context(), d.get(t, "INC-1"), incident.Work{})
	}
	fails = errors.New("the line is dead")
	if err := show(); err == nil || !d.get(t, "INC-1").Pictured.IsZero() {
		t.Fatalf("what failed is done: %v", err)
	}
	fails = nil
	if err := show(); err != nil || len(files) != 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for i, want := range []string{"what-broke-what", "restarts"} {
		f := files[i]
		if !strings.HasPrefix(f.Name, "INC-1-"+want) || len(f.Alt) < 40 || f.Title == "" {
			t.Errorf("%s, %q: %q", f.Name, f.Title, f.Alt)
		}
		if _, err := png.DecodeConfig(strings.NewReader(f.Text)); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	again := *commandstest.Founding()
	again.At = again.At.Add(time.Minute)
	d.noted(t, incident.DiagnosisMade{Diagnosis: again}, incident.Recalled{}, incident.StoryTold{})
	if err := show(); err != nil || len(files) != 0 || !d.get(t, "INC-1").Pictured.Equal(again.At) {
		t.Errorf("what has not changed is shown again: %d files, %v", len(files), err)
	}
	d.noted(t, incident.Verified{OK: true})
	fails = slack.SlackErrorResponse{Err: "missing_scope"}
	if err := show(); err != nil || d.get(t, "INC-1").Pictured.IsZero() {
		t.Errorf("what Slack refuses is tried for ever: %v", err)
	}
	s := d.get(t, "INC-1")
	s.Pictured = again.At
	if all := pictures(s); len(all) != 1 || !strings.HasPrefix(all[0].file.Name, "INC-1-restarts-over") {
		t.Errorf("%+v", all)
	}
}

// What was drawn and not recorded has the same name and bytes when it is drawn anew, so that it is found and not put there twice.
func TestPicturesAreDrawnTheSame(t *testing.T) {
	d := open(t)
	s := d.noted(t, incident.DiagnosisMade{Diagnosis: *commandstest.Founding()}, incident.Recalled{}, incident.StoryTold{})
	one, two := pictures(s), pictures(d.get(t, "INC-1"))
	for i := range one {
		a, errA := one[i].draw()
		b, errB := two[i].draw()
		if one[i].file.Name != two[i].file.Name || one[i].file.Alt != two[i].file.Alt || !bytes.Equal(a, b) || errA != nil || errB != nil {
			t.Errorf("%s is another one: %v, %v", one[i].file.Name, errA, errB)
		}
	}
}
