package commands

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Notice is one thing about an incident that people are to be notified of, in plain text.
type Notice struct {
	Key     string    `json:"key"` // which of the incident's: "began", "news-12", "onset-1", "call-9", "end"
	At      time.Time `json:"at"`  // not to be told before; zero: at once
	Urgency int       `json:"urgency"`
	Title   string    `json:"title"` // at most MaxNoticeTitle characters
	Text    string    `json:"text"`  // at most MaxNoticeText characters
}

// Noticed is an incident for those who are notified of it where nothing can be edited or pressed: where it stands, and each thing that they
// are to hear of, in order. A Notice's key stays; its words follow the incident until it was told.
type Noticed struct {
	Stands  Notice   `json:"stands"` // for who has missed several; without a key
	Phase   string   `json:"phase"`
	Next    []string `json:"next"`              // what can be typed in the terminal now
	Joined  bool     `json:"joined,omitempty"`  // it was closed into another incident: who has not heard of it need not
	Notices []Notice `json:"notices,omitempty"` // the beginning first
}

// The urgency of a notice, by what it asks of who reads it.
const (
	UrgencyOver = 2 // nothing to do any more, or not yet
	UrgencyMild = 3 // degraded, or soon will be
	UrgencyHigh = 4 // something that people rely on does not work, or a person is asked
	UrgencyCall = 5 // nobody has answered
)

const (
	// MaxNoticeTitle bounds a notice's title, in characters: a phone shows no more.
	MaxNoticeTitle = 250
	// MaxNoticeText bounds a notice's text, in characters.
	MaxNoticeText = 1500
	// BeginsWithin is how long the first diagnosis is waited for before people hear that an incident began.
	BeginsWithin = 30 * time.Second
)

// Notices is what people are to be notified of: the beginning, what is new (as newsMessages, told alone), what began anew, calls of who is
// on call, and the end. What a channel would be told in a thread alone notifies nobody.
func Notices(s *incident.State, now time.Time) Noticed {
	phase := s.Phase(now)
	urgency := urgencyOf(s)
	out := Noticed{Phase: string(phase), Next: nextLines(s, phase), Joined: s.Elsewhere() != "",
		Stands: Notice{Urgency: urgency, Title: noticeTitle(s, capital(string(phase))+": "+s.Title), Text: standsText(s, phase, now)}}
	began := out.Stands
	began.Key, began.Title = "began", noticeTitle(s, s.Title)
	if s.Diagnosis == nil && s.Open() {
		began.At = s.OpenedAt.Add(BeginsWithin)
	}
	var rest []Notice
	add := func(n Notice, text string, blocks ...Block) {
		n.Title, n.Text = noticeTitle(s, text), NoticeText(blocks)
		rest = append(rest, n)
	}
	for i, o := range s.Onsets {
		add(Notice{Key: fmt.Sprintf("onset-%d", i+1), At: o.At, Urgency: urgency}, "something began anew: "+o.Title,
			onsetMessages(s)[i].Reply.Blocks...)
	}
	for _, n := range s.News {
		if n.Told == nil || n.Told.Quiet {
			continue
		}
		told := Notice{Key: fmt.Sprintf("news-%d", n.Version), At: n.ToldAt, Urgency: urgency}
		if n.Kind == incident.Failed || n.Kind == incident.Asks {
			told.Urgency = max(urgency, UrgencyHigh)
		}
		add(told, lowered(newsHead[n.Kind])+": "+n.Title, newsNotice(s, n, now)...)
	}
	for _, c := range s.Calls {
		if c.With != "" {
			continue // it was named in another one's call
		}
		who := clip.Runes(c.To.String(), maxLabel)
		blocks := append([]Block{append(Paragraph{Bold(who)}, calledFor(s, c)...)}, afterCall(s, c)...)
		add(Notice{Key: fmt.Sprintf("call-%d", c.Version), At: c.At, Urgency: UrgencyCall}, "nobody has answered; "+who+" is called", blocks...)
	}
	slices.SortStableFunc(rest, func(a, b Notice) int { return a.At.Compare(b.At) })
	out.Notices = append([]Notice{began}, rest...)
	if !s.Open() {
		end := out.Stands
		end.Key, end.At, end.Urgency, out.Stands.Urgency = "end", time.Time{}, UrgencyOver, UrgencyOver
		out.Notices = append(out.Notices, end)
	}
	return out
}

// noticeTitle is a title with the incident's id before it.
func noticeTitle(s *incident.State, text string) string {
	return clip.Runes(s.ID+": "+strings.Join(strings.Fields(visible(text)), " "), MaxNoticeTitle)
}

// NoticeText is blocks as plain text; what can be pressed is left out.
func NoticeText(blocks []Block) string {
	blocks = slices.DeleteFunc(slices.Clone(blocks), func(b Block) bool { _, press := b.(Actions); return press })
	text := PlainAs(Reply{Blocks: blocks}, Look{Moment: func(t time.Time) string { return t.UTC().Format("2 Jan 15:04 MST") }})
	return clip.Runes(strings.TrimSpace(text), MaxNoticeText)
}

// standsText is the incident's own message, in plain words; until there is a diagnosis, what asked for attention.
func standsText(s *incident.State, phase incident.Phase, now time.Time) string {
	blocks := []Block{rootStatus(s, phase)}
	if p := rootLines(s, phase, rooms[0]); len(p) > 0 {
		blocks = append(blocks, p)
	}
	if s.Diagnosis == nil {
		blocks = append(blocks, signalBlocks(s)...)
	}
	blocks = append(blocks, failingBlocks(s)...)
	if n := rootNote(s, phase, now); len(n) > 0 {
		blocks = append(blocks, n)
	}
	if c := s.ClosedBy; c != nil && c.Reason != "" && s.Elsewhere() == "" {
		blocks = append(blocks, Note{Text("Why: " + clip.Runes(c.Reason, maxLine))})
	}
	return NoticeText(blocks)
}

// newsNotice tells news, and what of it is not told one by one.
func newsNotice(s *incident.State, n incident.News, now time.Time) []Block {
	told := *n.Told
	plain := n
	plain.Told = &incident.Notified{To: told.To}
	blocks := newsBlocks(s, plain, now)
	var note Note
	if len(told.Others) > 0 {
		note = append(note, Text("There was news of "+incidentNames(told.Others, told.More)+", too. "))
	}
	if told.Last {
		note = append(note, Text("There was much news within minutes: until "), When(told.Until), Text(" no more of it is told. "))
	}
	if len(note) > 0 {
		blocks = append(blocks, append(note, Mono("paramedic incidents"), Text(" lists all that is open.")))
	}
	return blocks
}

// urgencyOf is how urgent an incident is: by what was found, and before that by what its alerts say.
func urgencyOf(s *incident.State) int {
	var worst incident.Severity
	switch {
	case s.Diagnosis != nil:
		worst = s.Diagnosis.Worst()
	case slices.ContainsFunc(s.Signals, func(g incident.Signal) bool { return g.Labels["severity"] == string(incident.Critical) }):
		worst = incident.Critical
	default:
		worst = incident.Warning
	}
	switch worst {
	case incident.Critical:
		return UrgencyHigh
	case incident.Warning:
		return UrgencyMild
	}
	return UrgencyOver
}

// nextLines are the command lines that come next, as they are typed in the terminal.
func nextLines(s *incident.State, phase incident.Phase) []string {
	line := func(words ...string) string { return "paramedic " + Quote(words...) }
	var out []string
	switch phase {
	case incident.Awaiting:
		for i, p := range s.Offered() {
			which := []string{"plan", s.ID}
			if s.Other != nil {
				which = append(which, fmt.Sprint(i+1))
			}
			out = append(out, line(which...), line("approve", s.ID, short(p.Hash)))
		}
		return out
	case incident.Approved, incident.Recovering:
		return []string{line("stop", s.ID)}
	case incident.Stuck, incident.StoppedPhase:
		for _, st := range s.Steps {
			if st.Unclear != "" && st.Ended.IsZero() {
				return []string{line("decide", s.ID, st.Step, "done"), line("decide", s.ID, st.Step, "undone")}
			}
		}
	case incident.ResolvedPhase:
		if s.Diagnosis != nil && s.Published == nil { // it is drafted right after the end
			out = append(out, line("postmortem", s.ID))
		}
		if s.Gradable() {
			return append(out, line("grade", s.ID, "right"))
		}
	}
	return append(out, line("incidents", s.ID))
}
