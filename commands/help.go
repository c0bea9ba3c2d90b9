package commands

import (
	"context"
	"strings"

	"github.com/paramedic-bot/paramedic/commands/grammar"
	"github.com/paramedic-bot/paramedic/internal/clip"
)

func (s *Set) help(_ context.Context, r Request) (Reply, error) {
	list := List{}
	for _, c := range commandTable() {
		if c.help != "" {
			list = append(list, Item{Spans: []Span{Mono(strings.TrimSpace(r.Prog + " " + c.name + " " + c.usage)), Text("  " + c.help)}})
		}
	}
	return Reply{
		Text: "Paramedic finds out what is wrong with the cluster, proves it, and fixes it once people approve.",
		Blocks: []Block{
			Paragraph{Bold("Paramedic"), Text(" finds out what is wrong with the cluster, proves it, and fixes it once people approve.")},
			list,
			Note{Text("Or ask in your own words: “why is checkout down”, “what changed since yesterday”. In an incident’s thread a mention is " +
				"about that incident: “who has it”. Answers are for you alone; incidents are told in the channel.")},
		},
	}, nil
}

// unknownCommand answers a mistyped command with the one that is near.
func unknownCommand(r Request, near string) Reply {
	said := clip.Runes(r.Command, 40)
	return Reply{Text: "There is no command “" + said + "”. Did you mean " + r.Prog + " " + near + "?", Exit: ExitNoAnswer, Blocks: []Block{
		Paragraph{Text("There is no command "), Mono(said), Text(". Did you mean "), Mono(r.Prog + " " + near), Text("? "),
			Mono(r.Prog + " help"), Text(" lists them all.")},
	}}
}

// nearest is the command that a mistyped one was meant to be; "" if none is near enough.
func nearest(said string) string {
	best, least := "", 3 // two slips at most
	if len(said) > 20 {
		return ""
	}
	for _, c := range commandTable() {
		if c.help == "" {
			continue
		}
		d := grammar.Slips(said, c.name)
		if len(said) >= 3 && strings.HasPrefix(c.name, said) {
			d = 0
		}
		if d < least && d < max(len(said), 2) {
			best, least = c.name, d
		}
	}
	return best
}
