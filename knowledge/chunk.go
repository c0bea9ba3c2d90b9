package knowledge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// Chunk is a piece of a document: a section, or part of a long one.
type Chunk struct {
	ID      string // of the document, "#", a number
	Doc     string
	Heading string // of the section; empty before the first
	Text    string
}

// chunkSize bounds a chunk's text, in bytes: small embedding models read 256 tokens, which is about this much.
const chunkSize = 900

// Hash names what is embedded, for the cache.
func (c Chunk) Hash(title string) string {
	sum := sha256.Sum256([]byte(c.embedded(title)))
	return hex.EncodeToString(sum[:])
}

// embedded is what the embedder sees: the title and the heading say what the text is about.
func (c Chunk) embedded(title string) string { return title + "\n" + c.Heading + "\n" + c.Text }

// Chunks cuts a document at its headings, and long sections at paragraphs, lines, then anywhere.
func (d *Document) Chunks() []Chunk {
	var chunks []Chunk
	add := func(heading, text string) {
		for _, part := range split(strings.TrimSpace(text)) {
			chunks = append(chunks, Chunk{fmt.Sprintf("%s#%d", d.ID, len(chunks)+1), d.ID, heading, part})
		}
	}
	heading, fenced := "", false
	var section strings.Builder
	for _, line := range strings.Split(d.Body, "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if title := strings.TrimLeft(line, "#"); !fenced && title != line && strings.HasPrefix(title, " ") {
			add(heading, section.String())
			section.Reset()
			heading = strings.TrimSpace(title)
			continue
		}
		section.WriteString(line + "\n")
	}
	add(heading, section.String())
	return chunks
}

// split cuts text into parts of at most chunkSize bytes, as full as natural borders allow.
func split(text string) []string {
	var parts []string
	for len(text) > chunkSize {
		at := -1
		for _, border := range []string{"\n\n", "\n", ". ", " "} {
			if at = strings.LastIndex(text[:chunkSize], border); at > chunkSize/3 {
				at += len(border)
				break
			}
			at = -1
		}
		if at < 0 {
			at = len(clip.Prefix(text, chunkSize))
		}
		if part := strings.TrimSpace(text[:at]); part != "" {
			parts = append(parts, part)
		}
		text = strings.TrimSpace(text[at:])
	}
	if text != "" {
		parts = append(parts, text)
	}
	return parts
}
