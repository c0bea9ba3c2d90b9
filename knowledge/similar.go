package knowledge

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// What makes a past incident similar. Codes count most: they are proven. Words and kinds break ties among incidents that share codes.
const (
	codesWeigh   = 0.65
	kindsWeigh   = 0.1
	wordsWeigh   = 0.25
	similarFrom  = 0.3 // a score below is no likeness
	rootWeight   = 3.0 // of a code that is a cause, against one for a symptom's
	symptomWords = 0.5 // incidents that share symptoms alone must be this near in words
)

// Similar finds past incidents that resemble d, the most alike first, with what they have in common and how they ended. An incident
// that shares no finding code is never similar, however near its words. Nothing similar is an answer.
func (x *Index) Similar(ctx context.Context, d *incident.Diagnosis, n int) ([]incident.Similar, string, error) {
	if !d.Wrong() || n < 1 {
		return nil, "", nil
	}
	text := describe(d)
	vector, digest, note := x.embedQuery(ctx, text)
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := x.now
	found, why := s.near(ctx, vector, digest)
	note = cmp.Or(note, why)
	nearest := map[string]near{}
	for _, c := range found {
		if doc := s.chunks[c.id].Doc; c.cosine > nearest[doc].cosine {
			nearest[doc] = c
		}
	}
	codes, kinds, terms := weights(d), kindsOf(d), termsOf(text)
	var out []incident.Similar
	for _, doc := range s.docs {
		shared, byCodes, root := likeness(doc, codes)
		if len(shared) == 0 {
			continue
		}
		byWords := max(nearest[doc.ID].cosine, coverage(doc, terms))
		if !root && byWords < symptomWords {
			continue
		}
		score := codesWeigh*byCodes + kindsWeigh*overlap(doc.Kinds, kinds) + wordsWeigh*byWords
		if score < similarFrom {
			continue
		}
		m := s.similar(doc, s.about(doc, nearest[doc.ID].id), min(score, 1))
		m.Shared = shared
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b incident.Similar) int { // documents come the newest first
		return cmp.Compare(b.Score, a.Score)
	})
	return out[:min(n, len(out))], note, nil
}

// describe is a diagnosis in words: its causes, then what was found.
func describe(d *incident.Diagnosis) string {
	var parts []string
	for _, c := range d.Causes[:min(len(d.Causes), 5)] {
		parts = append(parts, c.Title, c.Reason)
	}
	for _, f := range d.Findings[:min(len(d.Findings), 20)] {
		parts = append(parts, f.Title)
	}
	return clip.Prefix(strings.Join(parts, ". "), maxQuery)
}

// weights says how much each code of a diagnosis counts: those of causes with an observed root count most.
func weights(d *incident.Diagnosis) map[string]float64 {
	w := map[string]float64{}
	for _, f := range d.Findings {
		if f.Severity.Rank() >= incident.Warning.Rank() {
			w[f.Code] = 1
		}
	}
	for _, c := range d.Causes {
		if c.Confidence != incident.Possible {
			w[c.Code] = rootWeight
		}
	}
	return w
}

func kindsOf(d *incident.Diagnosis) []string {
	var kinds []string
	for _, c := range d.Causes {
		for _, o := range c.Objects {
			if !slices.Contains(kinds, o.Kind) {
				kinds = append(kinds, o.Kind)
			}
		}
	}
	return kinds
}

// likeness is the weight of the codes in common against that of all codes of both (Jaccard's index, weighted). Root says that a
// cause's code is among them.
func likeness(doc *Document, codes map[string]float64) (shared []string, score float64, root bool) {
	all, common := 0.0, 0.0
	for _, w := range codes {
		all += w
	}
	for _, c := range doc.Codes {
		w, ok := codes[c]
		if !ok {
			all++
			continue
		}
		common += w
		shared = append(shared, c)
		root = root || w == rootWeight
	}
	if all == 0 {
		return nil, 0, false
	}
	return shared, common / all, root
}

// overlap is the part of the smaller list that the other has too.
func overlap(a, b []string) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	n := 0
	for _, x := range a {
		if slices.Contains(b, x) {
			n++
		}
	}
	return float64(n) / float64(min(len(a), len(b)))
}

// termsOf are the words of a text that tell something.
func termsOf(text string) map[string]bool {
	terms := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len(w) > 3 {
			terms[w] = true
		}
	}
	return terms
}

// coverage is the part of the terms that a document has.
func coverage(d *Document, terms map[string]bool) float64 {
	if len(terms) == 0 {
		return 0
	}
	own := termsOf(d.Title + " " + strings.Join(d.Tags, " ") + " " + strings.Join(d.Services, " ") + " " + d.Body)
	n := 0
	for t := range terms {
		if own[t] {
			n++
		}
	}
	return float64(n) / float64(len(terms))
}

// about is what is shown of a document: its beginning, which sums it up, or the piece nearest to the question.
func (s *shelf) about(d *Document, nearest string) string {
	for _, id := range []string{d.ID + "#1", nearest} {
		if c, ok := s.chunks[id]; ok {
			return c.Text
		}
	}
	return ""
}
