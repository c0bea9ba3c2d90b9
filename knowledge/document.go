package knowledge

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sigs.k8s.io/yaml"
)

// Meta is a document's front matter.
type Meta struct {
	ID       string   `json:"id"`    // lower case, digits and hyphens; unique
	Title    string   `json:"title"` // one line
	Date     string   `json:"date"`  // of the incident: 2025-10-05
	Codes    []string `json:"codes,omitempty"`
	Kinds    []string `json:"kinds,omitempty"`    // of the objects at fault
	Services []string `json:"services,omitempty"` // that people missed
	Outcome  string   `json:"outcome,omitempty"`  // one of Outcomes
	Worked   []string `json:"worked,omitempty"`   // what was tried and helped
	Failed   []string `json:"failed,omitempty"`   // what was tried and did not
	Tags     []string `json:"tags,omitempty"`
}

// Document is a postmortem: its front matter and the Markdown below.
type Document struct {
	Meta
	Body    string
	Path    string // the file; empty for one that is not in the folder
	BuiltIn bool
}

// Outcomes are how an incident can end.
var Outcomes = []string{"resolved", "mitigated", "closed", "unresolved"}

const (
	// maxFile is the most bytes of a file: more than any postmortem that the record of an incident holds, which has at most 1 MiB.
	maxFile  = 4 << 20
	maxItems = 64  // in each list of the front matter
	maxItem  = 400 // characters of each item, and of the title
	fence    = "---"
)

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,99}$`)

// errNoFrontMatter tells a README from a postmortem.
var errNoFrontMatter = errors.New(`no front matter; a postmortem begins with a line "---", then id, title, date and more as YAML, then "---"`)

// Parse reads a document. It is strict, so that a mistyped field does not go unnoticed; the error lists all that is wrong.
func Parse(data []byte) (Document, error) {
	var d Document
	if len(data) > maxFile {
		return d, fmt.Errorf("%d bytes are more than a postmortem's %d", len(data), maxFile)
	}
	text := strings.ReplaceAll(strings.ToValidUTF8(string(bytes.TrimPrefix(data, []byte("\ufeff"))), "\ufffd"), "\r\n", "\n")
	rest, ok := strings.CutPrefix(text, fence+"\n")
	if !ok {
		return d, errNoFrontMatter
	}
	front, body, ok := strings.Cut("\n"+rest, "\n"+fence+"\n")
	if !ok {
		if front, ok = strings.CutSuffix("\n"+rest, "\n"+fence); !ok {
			return d, errors.New(`the front matter has no end; close it with a line "---"`)
		}
	}
	if err := yaml.UnmarshalStrict([]byte(front), &d.Meta); err != nil {
		return d, fmt.Errorf("front matter: %s; known are id, title, date, codes, kinds, services, outcome, worked, failed, tags",
			oneLine(err.Error()))
	}
	d.Body = strings.Trim(body, "\n")
	if d.Body != "" {
		d.Body += "\n"
	}
	return d, d.validate()
}

func (d *Document) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !idPattern.MatchString(d.ID) {
		bad("id %q: needs lower-case letters, digits and hyphens, such as 2025-10-05-dns-loop", d.ID)
	}
	if d.Title == "" || !isLine(d.Title) {
		bad("title: needs one line of at most %d characters", maxItem)
	}
	if _, err := time.Parse(time.DateOnly, d.Date); err != nil {
		bad("date %q: write it as 2025-10-05", d.Date)
	}
	if d.Outcome != "" && !slices.Contains(Outcomes, d.Outcome) {
		bad("outcome %q: one of %s", d.Outcome, strings.Join(Outcomes, ", "))
	}
	for name, list := range map[string][]string{"codes": d.Codes, "kinds": d.Kinds, "services": d.Services, "worked": d.Worked,
		"failed": d.Failed, "tags": d.Tags} {
		if len(list) > maxItems {
			bad("%s: %d items, at most %d", name, len(list), maxItems)
		}
		for _, item := range list {
			if strings.TrimSpace(item) == "" || !isLine(item) {
				bad("%s: an item needs one line of at most %d characters", name, maxItem)
				break
			}
		}
	}
	if strings.TrimSpace(d.Body) == "" {
		bad("the text below the front matter is missing")
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// isLine says whether the front matter can hold the text: one line, not too long, of characters that YAML allows.
func isLine(s string) bool {
	return utf8.RuneCountInString(s) <= maxItem && strings.IndexFunc(s, notInLine) < 0
}

// notInLine says whether a character cannot stand in a line of YAML: control characters, and those that are none (YAML 1.2, 5.1).
func notInLine(r rune) bool { return unicode.IsControl(r) || r == 0xfffe || r == 0xffff }

// fitLine makes a text fit the front matter.
func fitLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if notInLine(r) {
			return -1
		}
		return r
	}, oneLine(strings.ToValidUTF8(s, "\ufffd")))
	if utf8.RuneCountInString(s) > maxItem {
		s = strings.TrimSpace(string([]rune(s)[:maxItem]))
	}
	return s
}

// visible says whether there is anything to see in a text.
func visible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) })
}

// Format writes a document so that Parse gives it back. The error is what Parse would say of it.
func Format(d Document) ([]byte, error) {
	d.Body = strings.Trim(strings.ReplaceAll(d.Body, "\r\n", "\n"), "\n") + "\n"
	if err := d.validate(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	scalar := func(s string) string {
		y, err := yaml.Marshal(s)
		if err != nil { // strings always encode
			panic(err)
		}
		return strings.TrimSuffix(string(y), "\n")
	}
	one := func(name, s string) {
		if s != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, scalar(s))
		}
	}
	many := func(name string, list []string) {
		if len(list) > 0 {
			fmt.Fprintf(&b, "%s:\n", name)
		}
		for _, s := range list {
			fmt.Fprintf(&b, "- %s\n", scalar(s))
		}
	}
	b.WriteString(fence + "\n")
	one("id", d.ID)
	one("title", d.Title)
	one("date", d.Date)
	many("codes", d.Codes)
	many("kinds", d.Kinds)
	many("services", d.Services)
	one("outcome", d.Outcome)
	many("worked", d.Worked)
	many("failed", d.Failed)
	many("tags", d.Tags)
	b.WriteString(fence + "\n\n" + d.Body)
	if b.Len() > maxFile {
		return nil, fmt.Errorf("%d bytes are more than a postmortem's %d", b.Len(), maxFile)
	}
	return b.Bytes(), nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
