package redact

import "strings"

// maxDepth bounds how deep objects are followed; what is deeper belongs to its parent.
const maxDepth = 256

// object is an object of JSON whose end hasn't come.
type object struct {
	array  bool
	key    string // the last key seen; empty if its value has been
	isKey  bool   // the next string is a key
	secret bool
	data   bool   // is the value of a data or stringData
	values []span // strings under data and stringData
}

// jsonSecrets finds the strings under data and stringData of Secrets in JSON. It reads anything: what isn't JSON is skipped, and a
// text that ends early counts as if it were complete.
func jsonSecrets(s string) []span {
	var spans []span
	var stack []object
	pop := func() {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		switch {
		case top.secret:
			spans = append(spans, top.values...)
		case len(stack) > 0 && (top.data || stack[len(stack)-1].data):
			stack[len(stack)-1].values = append(stack[len(stack)-1].values, top.values...)
		}
		if len(stack) > 0 {
			stack[len(stack)-1].key = ""
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '{', '[':
			if len(stack) < maxDepth {
				o := object{array: c == '[', isKey: c == '{'}
				if len(stack) > 0 {
					parent := stack[len(stack)-1]
					o.data = parent.data || parent.key == "data" || parent.key == "stringData"
				}
				stack = append(stack, o)
			}
		case '}', ']':
			if len(stack) > 0 {
				pop()
			}
		case ',':
			if len(stack) > 0 {
				top := &stack[len(stack)-1]
				top.isKey, top.key = !top.array, ""
			}
		case '"':
			end := stringEnd(s, i+1)
			if len(stack) > 0 {
				stack[len(stack)-1].str(s, i+1, end)
			}
			if escapedSecret(s[i+1 : end]) {
				spans = appendTrimmed(spans, s, i+1, end)
			}
			i = end
		}
	}
	for len(stack) > 0 {
		pop()
	}
	return spans
}

// str takes a string in: a key or a value.
func (o *object) str(s string, start, end int) {
	text := s[start:end]
	switch {
	case o.isKey:
		o.key, o.isKey = text, false
	case o.data:
		o.values = appendTrimmed(o.values, s, start, end)
	case o.key == "kind" && text == "Secret":
		o.secret = true
	}
}

func appendTrimmed(spans []span, s string, start, end int) []span {
	if start, end = trim(s, start, end); start < end {
		return append(spans, span{start, end, secretRule, 0})
	}
	return spans
}

// stringEnd is where the string ends that begins at i: at its closing quote, or at the line's or the text's end.
func stringEnd(s string, i int) int {
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"', '\n':
			return i
		}
	}
	return len(s)
}

// escapedSecret says whether a string holds a Secret as JSON, as the annotation last-applied-configuration does.
func escapedSecret(text string) bool {
	return strings.Contains(text, `\"kind\":\"Secret\"`) && (strings.Contains(text, `\"data\"`) || strings.Contains(text, `\"stringData\"`))
}
