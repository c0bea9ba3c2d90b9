package slackapp

import (
	"regexp"
	"strings"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/clip"
)

// rest is where the whole is shown of what does not fit. The zero value knows of nowhere.
type rest struct {
	slack string // a command of the bot's that shows more of it, without /medic
	line  string // the command line that it answers
	modal bool
}

// inTerminal are the commands that the terminal has, too: there nothing is cut to fit.
var inTerminal = map[string]bool{"check": true, "why": true, "checks": true, "incidents": true}

var incidentID = regexp.MustCompile(`^(?i:INC-)[0-9]{1,9}$`)

// terminal is what shows the whole in a terminal; "" if nothing does.
func (r rest) terminal() string {
	words, err := commands.Parse(orElse(r.line, r.slack))
	if err != nil || len(words) == 0 {
		return ""
	}
	if inTerminal[strings.ToLower(words[0])] {
		return "paramedic " + commands.Quote(words...)
	}
	if len(words) > 1 && incidentID.MatchString(words[1]) {
		return "paramedic incidents " + strings.ToUpper(words[1])
	}
	return ""
}

// sentence says where the whole is shown, as mrkdwn that begins with a blank; "" if nowhere.
func (r rest) sentence() string {
	var where []string
	if r.slack != "" && !r.modal {
		where = append(where, mono("/medic "+r.slack))
	}
	if t := r.terminal(); t != "" {
		where = append(where, mono(t)+" in a terminal")
	}
	if len(where) == 0 {
		return ""
	}
	return " All of it: " + strings.Join(where, ", or ") + "."
}

func mono(text string) string {
	return strings.Join(pieces([]commands.Span{commands.Mono(clip.Runes(text, 200))}), "")
}
