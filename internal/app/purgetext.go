package app

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
)

// purgedText stands where a secret was. It means nothing to JSON, YAML, Markdown and Slack.
const purgedText = "(purged)"

const (
	leastSecret = 6       // characters: less is in everything
	leastForm   = 6       // of an encoded form
	leastLine   = 20      // of a line of a secret that has several, for it to be looked for alone
	mostUnzip   = 1 << 28 // bytes of a compressed blob that are looked at
)

// hidden is a text that is to be removed, in all the forms that it may have been written in.
type hidden struct {
	forms    []string // the longest first
	replacer *strings.Replacer
}

// hide makes ready to look for a text.
func hide(text string) (*hidden, error) {
	text = strings.TrimSpace(text)
	if len([]rune(text)) < leastSecret {
		return nil, fmt.Errorf("the text to be purged has fewer than %d characters: so little is found everywhere", leastSecret)
	}
	parts := []string{text}
	if lines := strings.Split(text, "\n"); len(lines) > 1 {
		for _, line := range lines {
			if line = strings.TrimSpace(line); len(line) >= leastLine && !strings.HasPrefix(line, "-----") {
				parts = append(parts, line)
			}
		}
	}
	h := &hidden{}
	for _, p := range parts {
		h.forms = append(h.forms, forms(p)...)
	}
	slices.SortFunc(h.forms, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
	h.forms = slices.Compact(h.forms)
	h.replacer = h.with(nil)
	return h, nil
}

// with is the replacer of the forms, and of more.
func (h *hidden) with(more map[string]string) *strings.Replacer {
	var pairs []string
	for _, f := range h.forms {
		pairs = append(pairs, f, purgedText)
	}
	for old, now := range more {
		pairs = append(pairs, old, now)
	}
	return strings.NewReplacer(pairs...)
}

// forms are the ways in which a text is written: as it is, within JSON once and twice, in Slack's and a URL's escapes, in hexadecimal, and
// in base64 wherever in it it begins.
func forms(text string) []string {
	all := []string{text}
	for _, html := range []bool{true, false} {
		once := quoted(text, html)
		all = append(all, once, quoted(once, html))
	}
	all = append(all, strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text), url.QueryEscape(text), url.PathEscape(text),
		hex.EncodeToString([]byte(text)), strings.ToUpper(hex.EncodeToString([]byte(text))))
	for offset := range 3 {
		data := append(make([]byte, offset), text...)
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			from, to := (offset*8+5)/6, len(data)*8/6 // the characters that the text alone decides
			if s := e.EncodeToString(data); to-from >= leastForm {
				all = append(all, s[from:to])
			}
		}
	}
	return slices.DeleteFunc(all, func(s string) bool { return len(s) < leastForm })
}

// quoted is a text as it stands within a JSON string.
func quoted(text string, html bool) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	if err := e.Encode(text); err != nil { // texts always encode
		panic(err)
	}
	s := strings.TrimSuffix(b.String(), "\n")
	return s[1 : len(s)-1]
}

// in says whether data holds the text.
func (h *hidden) in(data []byte) bool {
	return slices.ContainsFunc(h.forms, func(f string) bool { return bytes.Contains(data, []byte(f)) })
}

// inBlob also looks into what is compressed.
func (h *hidden) inBlob(data []byte) bool {
	if h.in(data) {
		return true
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return false
	}
	plain, err := io.ReadAll(io.LimitReader(z, mostUnzip))
	return h.in(plain) || err != nil && !errors.Is(err, io.EOF) && h.in(plain)
}

// clean is data, JSON or any text, without what r replaces.
func clean(data []byte, r *strings.Replacer) []byte {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return []byte(r.Replace(string(data)))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(cleaned(v, r)); err != nil { // what was read can be written
		panic(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func cleaned(v any, r *strings.Replacer) any {
	switch v := v.(type) {
	case string:
		return r.Replace(v)
	case json.Number:
		if r.Replace(v.String()) != v.String() {
			return json.Number("0")
		}
	case []any:
		for i := range v {
			v[i] = cleaned(v[i], r)
		}
	case map[string]any:
		for k, x := range v {
			delete(v, k)
			v[r.Replace(k)] = cleaned(x, r)
		}
	}
	return v
}
