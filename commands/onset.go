package commands

import (
	"fmt"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// onsetMessages tell each thing that began anew while the incident was open in a message of its own, for an edited message wakes nobody.
func onsetMessages(s *incident.State) []Message {
	var messages []Message
	for i, o := range s.Onsets {
		p := Paragraph{Bold("Something began anew: "), Text(atLength(o.Title, maxLine) + ", "), When(o.At)}
		if o.Count > 1 {
			p = append(p, Text(fmt.Sprintf(", and %s more since", thousands(o.Count-1))))
		}
		text := fmt.Sprintf("%s: something began anew: %s", s.ID, atLength(o.Title, maxLine))
		note := Note{Text(s.ID + " is still open; its own message says where it stands.")}
		messages = append(messages, Message{Slot: fmt.Sprintf("onset-%d", i+1), Broadcast: true,
			Reply: Reply{Text: text, Blocks: []Block{p, note}, Audience: Everybody}})
	}
	return messages
}

// failingBlocks say what should be done and could not be.
func failingBlocks(s *incident.State) []Block {
	var blocks []Block
	for _, f := range s.Failing {
		if f.Work == string(incident.Index) || f.Work == string(incident.Picture) {
			continue // the postmortem's own message says it; a picture says nothing that words don't
		}
		blocks = append(blocks, Note{Text("⚠️ This does not work, and is tried again: "), Mono(f.Work),
			Text(": " + clip.Runes(f.Error, maxLine))})
	}
	return blocks
}

// UnreadableMessages say that an incident's record can't be read, so that nothing is done for it.
func UnreadableMessages(id, why string) []Message {
	text := id + "'s record can't be read. Nothing is done for it, and nothing of it runs."
	return []Message{{Slot: RootSlot, Reply: Reply{Text: text, Audience: Everybody, Blocks: []Block{
		Paragraph{Text("⚠️ "), Bold(text)},
		Paragraph{Text("Why: "), Mono(clip.Runes(why, maxLine))},
		Paragraph{Text("Was it written by a newer version of Paramedic? Start that one. Otherwise "), Mono("paramedic audit verify"),
			Text(" says whether the record was changed; restore the state from a backup. Other incidents are cared for as before.")},
	}}}}
}

// DoubtMessages say that nothing runs, because the record is older than what was told of it, or nobody can tell who wrote it.
func DoubtMessages(why string) []Message {
	const text = "Nothing that changes the cluster runs now: the record is in doubt."
	return []Message{{Slot: RootSlot, Reply: Reply{Text: text, Audience: Everybody, Blocks: []Block{
		Paragraph{Text("⚠️ "), Bold(text)},
		Paragraph{Text(sentence(clip.Runes(why, maxLine)))},
		Paragraph{Text("Paramedic goes on looking and telling. Restore the newest state and its key; or, if what is there is right, whoever " +
			"runs Paramedic says so with "),
			Mono("paramedic audit accept"), Text(".")},
	}}}}
}
