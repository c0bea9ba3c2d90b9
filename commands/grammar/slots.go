package grammar

import (
	"regexp"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Fix is a misspelt name and what it was taken for.
type Fix struct{ Said, Meant string }

var (
	incidentWord = regexp.MustCompile(`^inc-?([0-9]{1,9})$`)
	nameWord     = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)
)

// slots are what of a question names something.
type slots struct {
	incident  string
	named     bool     // the incident by its id
	namespace string   // empty: none
	kinds     []string // that a word for a kind allows
	objects   []incident.Object
	typed     []string // an object as it was typed, KIND/NAME, to be resolved by who looks
	unknown   []string // words that are neither known nor names
	choice    []string // names that a misspelt one may mean, where there are several
	fixes     []Fix
	since     string
}

// empty says whether nothing but the incident is named.
func (s *slots) empty() bool { return len(s.objects) == 0 && s.namespace == "" && len(s.typed) == 0 }

// within are the words before which a name is a namespace's.
var within = set(list("in|namespace|ns|within|inside"))

// fill finds what the words name. Words that are slips of the grammar's own are put right on the way.
func fill(t *said, here string, names *Names) *slots {
	s := &slots{incident: here, since: since(t.words)}
	misspelt := 0
	for i := 0; i < len(t.words); i++ {
		w, before, after := t.words[i], at(t.words, i-1), at(t.words, i+1)
		if m := incidentWord.FindStringSubmatch(w); m != nil {
			s.incident, s.named = "INC-"+m[1], true
			continue
		}
		if n, rest := digits(w); n > 0 && rest == "" && (before == "inc" || before == "incident") {
			s.incident, s.named = "INC-"+w, true
			continue
		}
		if k := kinds[w]; k != nil {
			s.kinds = append(s.kinds, k...)
		}
		if strings.Contains(w, "/") {
			s.path(w, names)
			continue
		}
		if w2 := w + "-" + after; after != "" && !known[w] && names.known(w2) {
			s.take(w2, before, at(t.words, i+2), names)
			i++
			continue
		}
		pointed := within[before] || kinds[before] != nil || kinds[after] != nil || after == "namespace"
		if (!known[w] || pointed) && names.known(w) {
			s.take(w, before, after, names)
			continue
		}
		if known[w] || times[w] != "" || numbers[w] > 0 || w[0] >= '0' && w[0] <= '9' || kinds[w] != nil || deeds[w] {
			continue
		}
		var alike []string
		slips := 3
		if misspelt < mostMisspelt {
			misspelt++
			alike, slips = names.misspelt(w)
		}
		meant, own, ok := corrected(w)
		switch {
		case ok && (own < slips || own == slips && !pointed):
			t.words[i] = meant
		case len(alike) == 1:
			s.fixes = append(s.fixes, Fix{w, alike[0]})
			s.take(alike[0], before, after, names)
		case len(alike) > 1:
			s.choice = alike
		default:
			s.unknown = append(s.unknown, w)
		}
	}
	t.join()
	s.objects = s.narrowed()
	return s
}

func at(words []string, i int) string {
	if i < 0 || i >= len(words) {
		return ""
	}
	return words[i]
}

// take notes a name: a namespace where the words around it say so, or nothing else bears it.
func (s *slots) take(name, before, after string, names *Names) {
	objects := names.bearing(name, "", nil)
	place := names.namespace(name)
	if place && (within[before] || after == "namespace" || len(objects) == 0 || len(s.objects) > 0) {
		if s.namespace == "" {
			s.namespace = name
		}
		return
	}
	if len(s.objects) == 0 {
		s.objects = objects
	}
}

// path reads KIND/NAME, NAMESPACE/NAME or KIND/NAMESPACE/NAME. What is not known so is left to who looks, who says what is near.
func (s *slots) path(w string, names *Names) {
	parts := strings.Split(w, "/")
	if len(parts) > 3 || slices.ContainsFunc(parts, func(p string) bool { return !nameWord.MatchString(p) }) || len(s.objects) > 0 {
		s.unknown = append(s.unknown, w)
		return
	}
	name, namespace := parts[len(parts)-1], ""
	of := kinds[parts[0]]
	if of == nil || len(parts) == 3 {
		namespace = parts[len(parts)-2]
	}
	found := slices.DeleteFunc(names.bearing(name, namespace, of), func(o incident.Object) bool {
		return of != nil && !slices.Contains(of, o.Kind)
	})
	if len(found) == 0 {
		s.typed = []string{w}
		return
	}
	s.objects = found
}

// narrowed are the objects that are of a kind and in the namespace that were said, where there are any.
func (s *slots) narrowed() []incident.Object {
	out := s.objects
	for _, keep := range []func(incident.Object) bool{
		func(o incident.Object) bool { return s.namespace != "" && o.Namespace == s.namespace },
		func(o incident.Object) bool { return slices.Contains(s.kinds, o.Kind) },
	} {
		kept := slices.DeleteFunc(slices.Clone(out), func(o incident.Object) bool { return !keep(o) })
		if len(kept) > 0 {
			out = kept
		}
	}
	return out
}

// object is how what is named is named to "why".
func (s *slots) object() []string {
	switch {
	case len(s.objects) > 0:
		return naming(s.objects)
	case len(s.typed) > 0 && s.namespace != "":
		return append(slices.Clone(s.typed), "-n", s.namespace)
	}
	return s.typed
}

// place is "-n NAMESPACE", or nothing.
func (s *slots) place() []string {
	if s.namespace == "" {
		return nil
	}
	return []string{"-n", s.namespace}
}
