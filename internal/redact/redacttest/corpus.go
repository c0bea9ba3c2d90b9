// Package redacttest measures redaction on a corpus of secrets and of texts that only look like some: see internal/redact/testdata/corpus.
package redacttest

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

// Form is one way in which secrets, or their look-alikes, are written.
type Form struct {
	Form  string
	About string
	Kind  string // text or object
	Cases []string
}

// File is one file of the corpus.
type File struct {
	Name     string // such as secrets-a
	Innocent bool   // nothing in it is secret
	Forms    []Form
}

// HeldOut says that the file is for numbers only: it is of the half that was written to be measured with, and no report lists its cases.
func (f *File) HeldOut() bool { return strings.HasSuffix(f.Name, "-b") }

// Load reads the corpus from its folder.
func Load(dir string) ([]*File, error) {
	var files []*File
	for _, name := range []string{"secrets-a", "secrets-b", "innocent-a", "innocent-b"} {
		data, err := os.ReadFile(filepath.Join(dir, name+".yaml"))
		if err != nil {
			return nil, fmt.Errorf("read the corpus: %w", err)
		}
		f := &File{Name: name, Innocent: strings.HasPrefix(name, "innocent")}
		if err := yaml.Unmarshal(data, &f.Forms); err != nil {
			return nil, fmt.Errorf("read the corpus: %s: %w", name, err)
		}
		files = append(files, f)
	}
	return files, nil
}

// Engine is what is measured: redaction of a text, and of a Kubernetes object in place.
type Engine struct {
	Text   func(string) string
	Object func(map[string]any)
}

// Score is how a file did: of a file with secrets how many are gone, of an innocent one how many texts are as they were.
type Score struct {
	File  *File
	Right int
	Total int
	Wrong []Wrong
}

// Percent is the share that is right.
func (s Score) Percent() float64 { return 100 * float64(s.Right) / float64(max(s.Total, 1)) }

// Wrong is a secret that came through or an innocent text that was changed. It is not to be printed of a file that is held out.
type Wrong struct{ Form, Secret, In, Out string }

// Measure runs all of a file through the engine.
func (e Engine) Measure(f *File) (Score, error) {
	s := Score{File: f}
	for _, form := range f.Forms {
		for i, c := range form.Cases {
			p, err := e.pass(form.Kind, c)
			if err != nil {
				return s, fmt.Errorf("%s, %s, case %d: %w", f.Name, form.Form, i+1, err)
			}
			if f.Innocent {
				s.Total++
				if p.in == p.out {
					s.Right++
				} else {
					s.Wrong = append(s.Wrong, Wrong{form.Form, "", p.in, p.out})
				}
				continue
			}
			for _, secret := range p.secrets {
				s.Total++
				if p.left(secret) {
					s.Wrong = append(s.Wrong, Wrong{form.Form, secret, p.in, p.out})
				} else {
					s.Right++
				}
			}
		}
	}
	return s, nil
}

// passed is a case before and after.
type passed struct {
	secrets []string
	rest    string // what is no secret
	in, out string
}

var (
	marked  = regexp.MustCompile(`⟦([^⟧]*)⟧`)
	markers = regexp.MustCompile(`\[REDACTED:[a-z0-9-]+\]`)
)

func (e Engine) pass(kind, text string) (passed, error) {
	if kind != "object" {
		p := passed{in: marked.ReplaceAllString(text, "$1"), rest: marked.ReplaceAllString(text, "\x00"), secrets: Secrets(text)}
		p.out = e.Text(p.in)
		return p, nil
	}
	var object map[string]any
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		return passed{}, err
	}
	var p passed
	collect(object, func(s string) { p.secrets = append(p.secrets, Secrets(s)...) })
	p.rest = dump(mapped(object, "\x00"))
	before, after := mapped(object, "$1").(map[string]any), mapped(object, "$1").(map[string]any)
	e.Object(after)
	p.in, p.out = dump(before), dump(after)
	if len(p.secrets) == 0 && reflect.DeepEqual(before, after) {
		p.out = p.in
	}
	return p, nil
}

// Secrets are the marked parts of a case.
func Secrets(text string) []string {
	var out []string
	for _, m := range marked.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// Plain is a case without its marks.
func Plain(text string) string { return marked.ReplaceAllString(text, "$1") }

// Rest is a case without its secrets.
func Rest(text string) string { return marked.ReplaceAllString(text, "\x00") }

// LeftOf counts the secrets of 8 characters and more that can be read in a heap of texts: as [Left], for many at once. A piece that several
// secrets have in common says of none that it is there.
func LeftOf(secrets []string, rest, out string) int {
	out = markers.ReplaceAllString(out, "\x00")
	wanted, owner := map[string]bool{}, map[string]string{}
	pieces := func(secret string, f func(string)) {
		runes := []rune(secret)
		n := piece
		if len(runes) < longSecret {
			n = len(runes)
		}
		for i := 0; i+n <= len(runes); i++ {
			f(string(runes[i : i+n]))
		}
	}
	lengths := map[int]bool{}
	for _, s := range secrets {
		pieces(s, func(p string) {
			if of, ok := owner[p]; ok && of != s {
				delete(wanted, p)
				return
			}
			owner[p], wanted[p], lengths[len(p)] = s, false, true
		})
	}
	scan := func(text string, found bool) {
		for n := range lengths {
			for i := 0; i+n <= len(text); i++ {
				if _, ok := wanted[text[i:i+n]]; ok {
					if found {
						wanted[text[i:i+n]] = true
					} else {
						delete(wanted, text[i:i+n])
					}
				}
			}
		}
	}
	scan(rest, false)
	scan(out, true)
	left := 0
	for _, s := range secrets {
		readable := false
		pieces(s, func(p string) { readable = readable || wanted[p] })
		if readable {
			left++
		}
	}
	return left
}

// mapped copies a tree with the marks replaced, in keys too.
func mapped(v any, with string) any {
	switch v := v.(type) {
	case string:
		return marked.ReplaceAllString(v, with)
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			m[marked.ReplaceAllString(k, with)] = mapped(x, with)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, x := range v {
			l[i] = mapped(x, with)
		}
		return l
	}
	return v
}

func collect(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case map[string]any:
		for k, x := range v {
			f(k)
			collect(x, f)
		}
	case []any:
		for _, x := range v {
			collect(x, f)
		}
	}
}

// dump is every string of a tree as it is, unescaped.
func dump(v any) string {
	data, err := yaml.Marshal(v)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	collect(v, func(s string) { b.WriteString(s + "\n") })
	return string(data) + "\x00" + b.String()
}

func (p passed) left(secret string) bool { return Left(secret, p.rest, p.out) }

const (
	longSecret = 12 // characters, from which on pieces count
	piece      = 8
)

// Left says whether a secret can be read in what came out: all of it, or of one of 12 characters and more any 8 in a row that the rest of
// the text, which is no secret, doesn't hold as well.
func Left(secret, rest, out string) bool {
	out = markers.ReplaceAllString(out, "\x00")
	runes := []rune(secret)
	if len(runes) < longSecret {
		return strings.Contains(out, secret)
	}
	for i := 0; i+piece <= len(runes); i++ {
		if part := string(runes[i : i+piece]); strings.Contains(out, part) && !strings.Contains(rest, part) {
			return true
		}
	}
	return false
}
