package notices

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/clip"
)

// letter is a notice as it is sent.
type letter struct {
	ID       string // the same each time that it is sent
	Incident string
	State    string // the incident's phase
	Key      string // of the notice, or of the last one that it stands for
	Urgency  int
	Title    string
	Text     string
	Next     []string // command lines
}

// plain is the text with what can be typed next.
func (l letter) plain() string {
	if len(l.Next) == 0 {
		return l.Text
	}
	return clip.Runes(l.Text, commands.MaxNoticeText) + "\n\nNext:\n" + strings.Join(l.Next, "\n")
}

// forms is how each Form is spoken. Sources: docs.ntfy.sh/publish ("Publish as JSON", "Updating notifications"; limits of a message: 4,096
// bytes) and docs.ntfy.sh/subscribe/api; gotify.net/api-docs; docs.discord.com, "Execute Webhook", embed limits.
var forms = map[Form]form{
	Ntfy: {
		example: "of ntfy it is the topic's, such as https://ntfy.sh/a-name-that-nobody-guesses",
		valid: func(u *url.URL, _ string) error {
			if _, name := topic(u); !topicName.MatchString(name) {
				return errors.New("the url must end with a topic of ntfy: up to 64 of A-Z, a-z, 0-9, - and _")
			}
			return nil
		},
		post: func(h Home, l letter) (string, http.Header, any) {
			server, name := topic(mustParse(h.URL))
			return server, bearer(h.Token), map[string]any{"topic": name, "title": l.Title, "message": clip.Bytes(l.plain(), mostNtfy),
				"priority": l.Urgency, "tags": []string{sign(l.Urgency)}, "sequence_id": l.ID}
		},
		look: func(h Home, since time.Time) (string, http.Header) {
			server, name := topic(mustParse(h.URL))
			return server + name + "/json?poll=1&since=" + strconv.FormatInt(since.Unix(), 10), bearer(h.Token)
		},
		probe: func(h Home) (string, http.Header) {
			server, _ := topic(mustParse(h.URL))
			return server + "v1/health", http.Header{}
		},
	},
	Gotify: {
		example: "of Gotify it is the server's, such as https://gotify.example.com",
		valid: func(_ *url.URL, token string) error {
			if token == "" {
				return errors.New("a Gotify home needs the token of an application, which its page shows under Apps")
			}
			return nil
		},
		post: func(h Home, l letter) (string, http.Header, any) {
			return below(h.URL, "message"), http.Header{"X-Gotify-Key": {h.Token}}, map[string]any{"title": l.Title, "message": l.plain(),
				"priority": 2 * l.Urgency}
		},
		probe: func(h Home) (string, http.Header) { return below(h.URL, "health"), http.Header{} },
	},
	Discord: {
		example: "of Discord it is a webhook's, such as https://discord.com/api/webhooks/1234/abcd",
		valid: func(u *url.URL, _ string) error {
			if _, after, ok := strings.Cut(u.Path, "/api/webhooks/"); !ok || strings.Count(strings.Trim(after, "/"), "/") != 1 {
				return errors.New("the url must be a webhook's, such as https://discord.com/api/webhooks/1234/abcd; a channel's settings have it " +
					"under Integrations")
			}
			return nil
		},
		post: func(h Home, l letter) (string, http.Header, any) {
			u := mustParse(h.URL)
			u.RawQuery = "wait=true" // the answer comes once the message is there
			return u.String(), http.Header{}, map[string]any{"content": "**" + escaped(l.Title) + "**",
				"embeds":           []any{map[string]any{"description": markdown(l), "color": colour(l.Urgency)}},
				"allowed_mentions": map[string]any{"parse": []string{}}}
		},
		probe: func(h Home) (string, http.Header) { return h.URL, http.Header{} },
	},
	JSON: {
		example: "of json it is whatever takes a POST",
		valid:   func(*url.URL, string) error { return nil },
		post: func(h Home, l letter) (string, http.Header, any) {
			header := bearer(h.Token)
			header.Set("Idempotency-Key", l.ID)
			return h.URL, header, map[string]any{"id": l.ID, "incident": l.Incident, "state": l.State, "key": l.Key, "urgency": l.Urgency,
				"title": l.Title, "text": l.Text, "next": l.Next}
		},
	},
}

// mostNtfy is the most bytes of a message that ntfy does not make an attachment of, less a few.
const mostNtfy = 4000

// below is a path below a server's URL.
func below(server, path string) string {
	u := mustParse(server)
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/message") + "/" + path
	u.RawQuery, u.Fragment = "", ""
	return u.String()
}

// sign is a tag that ntfy shows as an emoji.
func sign(urgency int) string {
	switch {
	case urgency >= commands.UrgencyCall:
		return "rotating_light"
	case urgency == commands.UrgencyHigh:
		return "red_circle"
	case urgency == commands.UrgencyMild:
		return "warning"
	}
	return "information_source"
}

// colour is that of a message's edge in Discord.
func colour(urgency int) int {
	switch {
	case urgency >= commands.UrgencyHigh:
		return 0xd32f2f
	case urgency == commands.UrgencyMild:
		return 0xf9a825
	}
	return 0x2e7d32
}

// mostEmbed is the most characters of an embed's description.
const mostEmbed = 4096

// markdown is a letter's text for Discord, which reads Markdown: only what can be typed is set off.
func markdown(l letter) string {
	text := escaped(l.Text)
	if len(l.Next) == 0 {
		return text
	}
	next := "\n\n```\n" + strings.ReplaceAll(strings.Join(l.Next, "\n"), "`", "'") + "\n```"
	return clip.Runes(text, mostEmbed-utf8.RuneCountInString(next)) + next
}

var marks = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "~", `\~`, "`", "\\`", "|", `\|`, "<", `\<`, ">", `\>`, "[", `\[`, "]", `\]`,
	"#", `\#`, "\n-", "\n\\-")

// escaped is a text that Discord shows as it is.
func escaped(s string) string { return marks.Replace(s) }
