package incident

import (
	"strings"
	"unicode"
)

// Two things are alike when a person would read the same of both but for their own names and for how many of something there are. What
// follows makes words comparable; it decides how things are told, never what is true of them.

// pattern is a sentence about the objects, without their names and counts.
func pattern(sentence string, about ...Object) string {
	sentence = Clip(sentence, 2*maxTitle)
	for _, o := range about {
		for _, name := range []string{o.Name, o.Namespace} {
			if len(name) > 1 {
				sentence = without(sentence, name)
			}
		}
	}
	words := strings.Fields(strings.ToLower(sentence))
	for i, w := range words {
		words[i] = singular(w)
	}
	// "The pod of" one, "2 pods of" another and "2 of 3 pods of" a third.
	subject := strings.NewReplacer("# of # pod", "# pod", "the pod of", "# pod of")
	at := func(i int) string {
		if i < 0 || i >= len(words) {
			return ""
		}
		return words[i]
	}
	for i, w := range words {
		outOf := at(i+1) == "of" && number(at(i+2))
		ofThem := at(i-1) == "of" && at(i-2) == "#"
		if number(w) && (counted[at(i+1)] || outOf || ofThem) {
			words[i] = "#"
		}
	}
	return subject.Replace(strings.Join(words, " "))
}

// without replaces a name where it does not stand within a longer word. What is added to it with a hyphen is a pod's.
func without(s, name string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, name)
		if i < 0 {
			return b.String() + s
		}
		end := i + len(name)
		within := i > 0 && letter(s[i-1]) || end < len(s) && letter(s[end])
		b.WriteString(s[:i])
		if within {
			b.WriteString(name)
		} else {
			b.WriteByte('*')
			for end < len(s) && s[end] == '-' {
				for end++; end < len(s) && letter(s[end]); end++ {
				}
			}
		}
		s = s[end:]
	}
}

func letter(c byte) bool {
	return c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func number(w string) bool {
	return w != "" && strings.IndexFunc(w, func(r rune) bool { return !unicode.IsDigit(r) && r != ',' }) < 0
}

// singular makes singular and plural one.
func singular(w string) string {
	if r, ok := plurals[w]; ok {
		return r
	}
	if len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") {
		return w[:len(w)-1]
	}
	return w
}

var (
	plurals = map[string]string{"are": "is", "have": "has", "do": "does", "they": "it", "their": "its", "them": "it"}
	// counted are the things that titles count.
	counted = func() map[string]bool {
		m := map[string]bool{}
		const things = "pods replicas containers restarts times workloads services nodes claims jobs seconds minutes hours days more others"
		for _, w := range strings.Fields(things) {
			m[singular(w)] = true
		}
		return m
	}()
)

// plural is the plural of a kind.
func plural(kind string) string {
	switch {
	case kind == "" || kind == "Endpoints":
		return strings.TrimSpace(kind + " objects")
	case strings.HasSuffix(kind, "s"):
		return kind + "es"
	case strings.HasSuffix(kind, "y") && !strings.HasSuffix(kind, "ay"):
		return strings.TrimSuffix(kind, "y") + "ies"
	}
	return kind + "s"
}
