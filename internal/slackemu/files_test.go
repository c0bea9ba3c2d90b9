package slackemu_test

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/paramedic-bot/paramedic/internal/slackemu"
)

// An image block shows an image that was shared; what is another file's, nobody's, or was shared nowhere is refused as Slack does.
func TestAnImageBlockShowsASharedImage(t *testing.T) {
	_, api := start(t, slackemu.Options{RateLimit: slackemu.RateLimit{Off: true}})
	var dot bytes.Buffer
	if err := png.Encode(&dot, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		t.Fatal(err)
	}
	upload := func(name, channel string) string {
		f, err := api.UploadFileContext(t.Context(), slack.UploadFileParameters{Filename: name, Content: dot.String(), FileSize: dot.Len(),
			Channel: channel, AltTxt: "a dot"})
		if err != nil {
			t.Fatal(err)
		}
		return f.ID
	}
	for _, c := range []struct{ name, id, want string }{
		{"shared", upload("dot.png", incidents), ""},
		{"shared nowhere", upload("dot.png", ""), "invalid slack file"},
		{"no image", upload("dot.txt", incidents), "invalid slack file"},
		{"nobody's", "F0123456789", "invalid slack file"},
		{"an address", "https://files.slack.com/x.png", "input must match regex pattern"},
	} {
		block := slack.NewImageBlockSlackFile(&slack.SlackFileObject{ID: c.id}, "a dot", "", nil)
		_, _, err := api.PostMessageContext(t.Context(), incidents, slack.MsgOptionBlocks(block))
		if said := complaints(err); (c.want == "") != (err == nil) || !strings.Contains(said, c.want) {
			t.Errorf("%s: %v: %s", c.name, err, said)
		}
	}
}
