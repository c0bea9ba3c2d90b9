// Package terminal is how answers look on a terminal: wrapped to its width, in colour where it has it, and with the times that matter said
// as one says them.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"

	"github.com/paramedic-bot/paramedic/commands"
)

// Look is how answers look on w at a time: on a terminal wrapped to its width, and in colour unless NO_COLOR (https://no-color.org) or TERM
// say otherwise; elsewhere, as in a pipe, one line a paragraph and full dates, for scripts.
func Look(w io.Writer, now time.Time) commands.Look {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return commands.Look{Moment: func(t time.Time) string { return t.Local().Format(full) }}
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		columns = 0 // it does not say
	}
	return On(columns, os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb", now, time.Local)
}

// widest keeps lines readable on a wide screen.
const widest = 120

// On is the look of a terminal of so many columns (0: it is not known), with or without colour, for a reader in a zone.
func On(columns int, colour bool, now time.Time, zone *time.Location) commands.Look {
	l := commands.Look{
		Moment:  func(t time.Time) string { return moment(t.In(zone), now.In(zone)) },
		Short:   func(t time.Time) string { return short(t.In(zone), now.In(zone)) },
		Width:   min(columns, widest),
		Wrap:    wrap,
		Measure: ansi.StringWidth,
	}
	if colour {
		l.Marked = marked
	}
	return l
}

// wrap breaks between words, and keeps what is longer than a line whole, so that a name can be copied.
func wrap(text string, columns int) string {
	const unbreakable = "\u2011" // the library breaks after hyphens
	kept := strings.ReplaceAll(text, unbreakable, "-")
	lines := strings.Split(ansi.Wordwrap(strings.ReplaceAll(kept, "-", unbreakable), columns, ""), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.ReplaceAll(strings.Join(lines, "\n"), unbreakable, "-")
}

var styles = map[commands.Mark]ansi.Style{
	commands.Title:      ansi.Style{}.Bold().Underline(true),
	commands.StrongText: ansi.Style{}.Bold(),
	commands.FixedText:  ansi.Style{}.ForegroundColor(ansi.Cyan),
	commands.Aside:      ansi.Style{}.Faint(),
	commands.Choice:     ansi.Style{}.ForegroundColor(ansi.Green),
}

// marked sets each line off by itself, so that whatever stands before it keeps its own look.
func marked(m commands.Mark, text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = styles[m].Styled(line)
		}
	}
	return strings.Join(lines, "\n")
}

const full = "2006-01-02 15:04:05 MST"

// moment is a time by the reader's clock, with how long ago that was where it was not long ago.
func moment(t, now time.Time) string {
	ago := now.Sub(t)
	switch {
	case ago < 0 || ago >= 7*24*time.Hour:
		return t.Format(full)
	case t.Format(time.DateOnly) == now.Format(time.DateOnly):
		return fmt.Sprintf("%s (%s ago)", t.Format(time.TimeOnly), distance(ago))
	}
	return fmt.Sprintf("%s (%s ago)", t.Format("Mon Jan 2 15:04:05"), distance(ago))
}

// short is a time in a table.
func short(t, now time.Time) string {
	if ago := now.Sub(t); ago >= 0 && ago < 7*24*time.Hour {
		return distance(ago) + " ago"
	}
	return t.Format(time.DateOnly)
}

// distance is a length of time by its largest unit, cut off.
func distance(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}
