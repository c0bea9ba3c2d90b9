package commands

import "time"

// Audience is who sees a Reply.
type Audience int

// The audiences.
const (
	AskerAlone Audience = iota // the person who asked
	Everybody                  // the channel it was asked in
)

// Exit codes of a Reply, for scripts.
const (
	ExitFine     = 0 // nothing wrong, and all that was asked about was looked at
	ExitWrong    = 1 // something is wrong, or was refused
	ExitNoAnswer = 2 // could not look, does not exist, or was not understood
)

// Reply is an answer as a document. The zero value says nothing.
type Reply struct {
	Text     string  // one line that stands for the whole: what a notification shows
	Blocks   []Block // what is read; empty means Text alone
	Audience Audience
	// Quiet says that the incident's own messages show what happened, so that a face which shows those may leave this one out.
	Quiet bool
	// Form, where set, asks the person something; Blocks are then shown above its fields.
	Form *Form
	// Errors answers a submitted Form: what is wrong with a field, by its ID. The form stays open.
	Errors map[string]string
	Data   any // what "-o json" prints; nil means Text alone
	Exit   int // ExitFine, ExitWrong or ExitNoAnswer
}

// Block is one part of a Reply: Header, Paragraph, Fields, List, Code, Table, Note, Actions or Divider.
type Block interface{ block() }

type (
	// Header is a title.
	Header struct{ Text string }
	// Paragraph is running text.
	Paragraph []Span
	// Fields are short facts with labels, side by side where there is room.
	Fields []Field
	// List is a list, nested by its items' depth.
	List []Item
	// Code is text shown as it is, in fixed width. Language is "" or "diff".
	Code struct{ Text, Language string }
	// Table has a title for each column and a Span in each cell; rows may be shorter.
	Table struct {
		Columns []Column
		Rows    [][]Span
		More    int // rows left out
	}
	// Note is a small line of context.
	Note []Span
	// Actions are buttons.
	Actions []Button
	// Divider separates.
	Divider struct{}
)

func (Header) block()    {}
func (Paragraph) block() {}
func (Fields) block()    {}
func (List) block()      {}
func (Code) block()      {}
func (Table) block()     {}
func (Note) block()      {}
func (Actions) block()   {}
func (Divider) block()   {}

// Field is a fact with a label.
type Field struct {
	Label string
	Value []Span
}

// Item is an entry of a List. Depth 0 is the outermost.
type Item struct {
	Depth int
	Spans []Span
}

// Column of a Table. Numbers go to the right.
type Column struct {
	Title string
	Right bool
}

// Style of a Span.
type Style int

// The styles of text.
const (
	Plainly Style = iota
	Strong
	Fixed // names, values, log lines
)

// Span is a run of text in one style, or a moment. A face shows moments in its reader's own time zone.
type Span struct {
	Text  string
	Style Style
	URL   string    // a link, where set
	Time  time.Time // a moment instead of Text, where set
	// Mention, where set, is the chat's id of a person or a group who are to be notified; Text is their name, for
	// faces that notify nobody. It comes from the configuration, or from who acted: never from a text.
	Mention string
}

// Text is a plain Span.
func Text(s string) Span { return Span{Text: s} }

// Bold is a strong Span.
func Bold(s string) Span { return Span{Text: s, Style: Strong} }

// Mono is a Span of fixed width.
func Mono(s string) Span { return Span{Text: s, Style: Fixed} }

// Mention calls a person or a group by their id in the chat.
func Mention(id, name string) Span { return Span{Text: "@" + name, Mention: id} }

// When is a moment; "unknown" if t is zero.
func When(t time.Time) Span {
	if t.IsZero() {
		return Text("unknown")
	}
	return Span{Time: t.UTC().Truncate(time.Second)}
}

// ButtonStyle says how much a Button calls for being pressed.
type ButtonStyle string

// The styles of buttons; the empty one is neither.
const (
	Primary ButtonStyle = "primary" // at most one in a message
	Danger  ButtonStyle = "danger"
)

// Button is something to press. Pressing it is typing its Value.
type Button struct {
	ID            string // unique in its Reply
	Label         string
	Style         ButtonStyle
	Value         string // a command line, for Parse
	Confirm       *Confirm
	Accessibility string // what a screen reader says, where Label is not enough
}

// Confirm asks before a Button acts.
type Confirm struct{ Title, Text, Yes, No string }

// Form asks a person to fill in fields, or, without fields, to say yes to what is shown. Submitting it dispatches Command with the
// fields' values in Request.Values.
type Form struct {
	ID      string // names the kind of form: "review", "postmortem"
	Command string // a command line, for Parse
	Title   string
	Fields  []FormField
	Submit  string  // label; empty means that there is nothing to submit
	Cancel  string  // label; empty means "Close"
	Open    string  // label of a button that opens it, where there is no window; empty means "Read all of it"
	Actions Actions // what can be done instead of submitting; at the foot, of every page where there are pages
	// Whole is what is agreed to: shown below the Reply's Blocks, all of it as it is, nothing shortened or left out. A face that has no
	// room for it at once shows it in pages, each with the Blocks above it, and offers Submit only to whom all of them were shown; one
	// that can't offers no Submit. It has no other blocks than Paragraph, List, Code and Divider.
	Whole []Block
	// Again, where there is a Whole, is a command line that gives the same Reply once more, for a face to turn a page.
	Again string
}

// FormField is one input.
type FormField struct {
	ID        string
	Label     string
	Hint      string
	Value     string
	Multiline bool
	Optional  bool
	Max       int // characters; at most MaxField, which 0 means
}

// MaxField is the most characters that one input holds; Slack's own limit.
const MaxField = 3000

// Message is one of the messages that tell an incident.
type Message struct {
	Slot  string // one of Slots
	Reply Reply
	// Broadcast says that people are to be woken: a face that only tells its readers of what is new shows the message where everybody
	// of the channel sees it, once, when its slot is first told. Later changes of the message wake nobody.
	Broadcast bool
}
