package slackapp

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/clip"
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// clean makes s something that Slack shows: valid, without control characters and without marks that turn the direction of text.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// nothing says whether there is nothing to see of a text: there are blanks, and characters of no width, and no others.
func nothing(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Mn, r) && !strings.ContainsRune(blanks, r)
	})
}

// blanks are letters and signs, by their class, that show nothing: the fillers of Hangul, and the empty cell of Braille.
const blanks = "\u115f\u1160\u3164\uffa0\u2800"

// oneLine is s without line ends.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// lookalikes stand for the marks of mrkdwn where they would begin a style: before a word. Elsewhere (in my_pod_name) marks mean
// nothing to Slack and stay.
var lookalikes = map[rune]rune{'*': '∗', '_': 'ˍ', '~': '∼', '`': 'ˋ'}

// literal is text that Slack shows as it stands, without reading styles, links or mentions into it.
func literal(s string) string {
	var b strings.Builder
	before := ' '
	for _, r := range clean(s) {
		like, mark := lookalikes[r]
		if mark && !unicode.IsLetter(before) && !unicode.IsDigit(before) {
			b.WriteRune(like)
		} else {
			b.WriteRune(r)
		}
		before = r // not what stands for it, which may count as a letter
	}
	return escaper.Replace(b.String())
}

// mostStyled is the most characters that are shown in a style; what is longer is shown plainly, for a style ends where a text is broken.
const mostStyled = 500

// pieces renders spans as mrkdwn in pieces of at most maxSection characters that may be put together or apart.
func pieces(spans []commands.Span) []string {
	var apart []commands.Span
	for _, s := range spans {
		apart = append(apart, commands.Moments(s)...)
	}
	var out []string
	for _, s := range apart {
		switch {
		case !s.Time.IsZero():
			out = append(out, moment(s.Time))
		case s.URL != "":
			out = append(out, link(s))
		case s.Mention != "":
			out = append(out, mentioned(s))
		case s.Style == commands.Fixed:
			if text := strings.ReplaceAll(oneLine(s.Text), "`", "'"); utf8.RuneCountInString(text) > mostStyled {
				out = append(out, chunks(text, literal, mostStyled)...)
			} else if text != "" {
				out = append(out, "`"+escaper.Replace(text)+"`")
			}
		case s.Style == commands.Strong:
			if text := oneLine(s.Text); utf8.RuneCountInString(text) > mostStyled {
				out = append(out, chunks(text, literal, mostStyled)...)
			} else if text != "" {
				out = append(out, edge(s.Text, strings.HasPrefix)+"*"+strings.ReplaceAll(literal(text), "*", "∗")+"*"+edge(s.Text, strings.HasSuffix))
			}
		default:
			out = append(out, chunks(s.Text, literal, maxSection)...)
		}
	}
	return out
}

// edge is the blank that text has at one end: within the marks of a style it would undo them.
func edge(text string, has func(s, blank string) bool) string {
	if has(text, " ") {
		return " "
	}
	return ""
}

// mrkdwn is spans as one text of at most n characters.
func mrkdwn(spans []commands.Span, n int) string {
	var b strings.Builder
	length := 0
	for _, p := range pieces(spans) {
		if length += utf8.RuneCountInString(p); length > n-1 {
			b.WriteString("…")
			break
		}
		b.WriteString(p)
	}
	return b.String()
}

// moment is shown in the reader's own zone; the text after the bar to whoever can't.
func moment(t time.Time) string {
	if t.Unix() <= 0 {
		return t.UTC().Format("2006-01-02 15:04:05 MST")
	}
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time_secs}|%s>", t.Unix(), t.UTC().Format("2006-01-02 15:04:05 MST"))
}

// groupID is the shape of a user group's id.
var groupID = regexp.MustCompile(`^S[A-Z0-9]{2,20}$`)

// mentioned notifies a person or a group; what has not the shape of an id is shown as a name.
func mentioned(s commands.Span) string {
	switch {
	case personID.MatchString(s.Mention):
		return "<@" + s.Mention + ">"
	case groupID.MatchString(s.Mention):
		return "<!subteam^" + s.Mention + ">"
	}
	return literal(oneLine(s.Text))
}

// link is a link if it leads to a web page, and its text otherwise.
func link(s commands.Span) string {
	if !strings.HasPrefix(s.URL, "https://") && !strings.HasPrefix(s.URL, "http://") || strings.ContainsAny(s.URL, "<>|\n ") ||
		len(s.URL) > 1000 {
		return literal(clip.Runes(s.Text, 500))
	}
	text := strings.ReplaceAll(oneLine(s.Text), "|", "¦")
	if text == "" {
		return "<" + escaper.Replace(s.URL) + ">"
	}
	return "<" + escaper.Replace(s.URL) + "|" + literal(clip.Runes(text, 500)) + ">"
}

// chunks splits s so that what render makes of each part has at most n characters, at line ends or blanks where it can.
func chunks(s string, write func(string) string, n int) []string {
	var out []string
	rest := []rune(clean(clip.Bytes(s, maxTaken)))
	for len(rest) > 0 {
		end := min(len(rest), n)
		for utf8.RuneCountInString(write(string(rest[:end]))) > n {
			end = end * 3 / 4
		}
		if end < len(rest) {
			end = breakAt(rest, end)
		}
		out = append(out, write(string(rest[:end])))
		rest = rest[end:]
	}
	return out
}

// breakAt is the best place to break text at end or a little before.
func breakAt(text []rune, end int) int {
	for _, at := range []rune{'\n', ' '} {
		for i := end; i > end*2/3; i-- {
			if text[i-1] == at {
				return i
			}
		}
	}
	return end
}

// pack puts pieces together into texts of at most n characters.
func pack(all []string, n int) []string {
	var out []string
	var b strings.Builder
	length := 0
	flush := func() {
		if text := strings.Trim(b.String(), "\n"); !nothing(text) {
			out = append(out, text)
		}
		b.Reset()
		length = 0
	}
	for _, p := range all {
		size := utf8.RuneCountInString(p)
		if length+size > n {
			flush()
		}
		b.WriteString(p)
		length += size
	}
	flush()
	return out
}
