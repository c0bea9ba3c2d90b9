package commands

import (
	"regexp"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// The most words that an incident's message has, and its thread, without what is mentioned anew and without buttons.
const (
	mostRootWords   = 60
	mostThreadWords = 250
)

// room is how much of each thing is told: characters of a title, of a reason, of a sentence and of a condition's detail, and how many.
type room struct{ title, others, whys, why, sentences, sentence, found, detail int }

// rooms are tried in this order until the words are few enough: the first is what people usually see.
var rooms = []room{
	{title: maxHeader, others: mostTitled, whys: 3, why: 2 * mostReason, sentences: mostSentences, sentence: 4000,
		found: mostFound, detail: excerptLength},
	{title: 120, others: mostTitled, whys: 3, why: mostReason, sentences: 3, sentence: 300, found: mostFound, detail: 160},
	{title: 90, whys: 2, why: 130, sentences: 2, sentence: 200, found: mostFound, detail: 100},
	{title: 70, whys: 1, why: 90, sentences: 1, sentence: 160, found: 2, detail: 60},
	{title: 60, whys: 1, why: 60, sentences: 1, sentence: 120, found: 1, detail: 40},
}

// fitting is what tell tells with as much room as leaves it with few enough words.
func fitting[T any](most int, tell func(room) (T, int)) T {
	var out T
	for _, r := range rooms {
		told, n := tell(r)
		if out = told; n <= most {
			break
		}
	}
	return out
}

var aWord = regexp.MustCompile(`[\pL\pN]\S*`)

// wordsOf counts the words of blocks, without buttons; a moment is one.
func wordsOf(blocks []Block) int {
	n := 0
	spans := func(all []Span) {
		for _, s := range all {
			if n += len(aWord.FindAllString(s.Text, -1)); !s.Time.IsZero() {
				n++
			}
		}
	}
	for _, b := range blocks {
		switch b := b.(type) {
		case Header:
			spans([]Span{{Text: b.Text}})
		case Paragraph:
			spans(b)
		case Note:
			spans(b)
		case List:
			for _, i := range b {
				spans(i.Spans)
			}
		}
	}
	return n
}

// inRoom is a sentence within the room that there is for one.
func (r room) inRoom(text string) string { return clip.Phrase(text, r.sentence) }
