package commands

import (
	"regexp"
	"time"
)

// spelt is a moment within a text, as the parts of Paramedic that know no faces write it.
var spelt = regexp.MustCompile(`\b\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC\b`)

// Moments takes a text apart where it names a moment, so that a face shows each in its reader's own zone, and one clock is on a screen.
// What is shown as it is (Fixed) stays so.
func Moments(s Span) []Span {
	if s.Style == Fixed || s.URL != "" || s.Mention != "" || !s.Time.IsZero() {
		return []Span{s}
	}
	var out []Span
	from := 0
	for _, at := range spelt.FindAllStringIndex(s.Text, -1) {
		layout := "2006-01-02 15:04 MST"
		if at[1]-at[0] == len("2006-01-02 15:04:05 UTC") {
			layout = "2006-01-02 15:04:05 MST"
		}
		t, err := time.Parse(layout, s.Text[at[0]:at[1]])
		if err != nil || t.Unix() <= 0 {
			continue
		}
		if from < at[0] {
			out = append(out, Span{Text: s.Text[from:at[0]], Style: s.Style})
		}
		out, from = append(out, When(t)), at[1]
	}
	if from < len(s.Text) || len(out) == 0 {
		out = append(out, Span{Text: s.Text[from:], Style: s.Style})
	}
	return out
}
