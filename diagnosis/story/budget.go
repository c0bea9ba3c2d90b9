package story

// overhead is what a chat template adds around the two messages, in tokens.
const overhead = 64

// Tokens estimates from above how many tokens a text has. Words of English take about four characters a token in the vocabularies of
// small models; 3.2 is assumed. Digits and marks often take one each, and what is not ASCII up to one a byte.
func Tokens(s string) int {
	letters, others, bytes := 0, 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 0x80:
			bytes++
		case c == ' ' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			letters++
		default:
			others++
		}
	}
	return (letters*10+31)/32 + others + bytes
}
