package commands

import (
	"context"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

const mostHits = 5

func (s *Set) search(ctx context.Context, r Request) (Reply, error) {
	words := clip.Runes(strings.TrimSpace(strings.Join(r.Args, " ")), maxLine)
	if words == "" {
		return Reply{}, usageError("search for what?")
	}
	if s.Searcher == nil {
		return Reply{}, errMissing("Searching the postmortems")
	}
	if s.Sight != nil { // a postmortem is about any namespace, and is for whoever is mapped
		if _, err := s.Sight.Reader(r.Person); err != nil {
			return Reply{}, err
		}
	}
	hits, note, err := s.Searcher.Search(ctx, words, mostHits)
	if err != nil {
		return Reply{}, err
	}
	return SearchReply(s.clean(words), hits, note), nil
}

// SearchReply shows what was found for words; the note says what the search had to do without.
func SearchReply(words string, hits []incident.Similar, note string) Reply {
	reply := Reply{Text: "Nothing was found for “" + words + "”.", Data: map[string]any{"query": words, "hits": full(hits), "note": note}}
	if len(hits) > 0 {
		reply.Text = count(len(hits), "postmortem") + " for “" + words + "”"
		reply.Blocks = append(reply.Blocks, Paragraph{Bold(reply.Text)})
	} else {
		reply.Blocks = append(reply.Blocks, Paragraph{Text(reply.Text)})
	}
	for _, h := range hits {
		reply.Blocks = append(reply.Blocks, similarItems(h))
		if h.Excerpt != "" {
			reply.Blocks = append(reply.Blocks, Note{Text(excerpt(h.Excerpt))})
		}
	}
	if note != "" {
		reply.Blocks = append(reply.Blocks, Note{Text(sentence(note))})
	}
	return reply
}
