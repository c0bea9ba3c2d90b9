package knowledge

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestABuiltInPostmortemSurvivesParseAndFormat(t *testing.T) {
	docs := builtIns()
	if len(docs) != 3 {
		t.Fatalf("%d built in", len(docs))
	}
	for _, d := range docs {
		data, err := Format(*d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(data)
		again.BuiltIn = true
		if diff := cmp.Diff(*d, again); err != nil || diff != "" {
			t.Errorf("%s: %v %s", d.ID, err, diff)
		}
		if len(d.Codes) == 0 || len(d.Worked) == 0 || len(d.Failed) == 0 || d.Outcome == "" {
			t.Errorf("%s lacks codes, an outcome or what was tried", d.ID)
		}
	}
}

func TestAwkwardTextsSurviveTheFrontMatter(t *testing.T) {
	want := Document{Meta: Meta{ID: "a-1", Title: `"yes": it's #1 & {odd}`, Date: "2025-01-02", Codes: []string{"true", "- x", "1.0"},
		Worked: []string{"a: b", "'", "2025-01-02"}},
		Body: "# Not front matter\n\n---\n\ntext\n"}
	data, err := Format(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(data)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s\n%s", err, data, diff)
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	valid := "---\nid: a\ntitle: T\ndate: 2025-01-02\n---\ntext\n"
	if _, err := Parse([]byte(valid)); err != nil {
		t.Fatalf("a date without quotes: %v", err)
	}
	for _, c := range []struct{ name, in, says string }{
		{"empty", "", "no front matter"},
		{"no end", "---\nid: a\n", "no end"},
		{"a mistyped field", strings.Replace(valid, "title", "titel", 1), "titel"},
		{"a field twice", strings.Replace(valid, "title: T", "title: T\ntitle: U", 1), "title"},
		{"no YAML", "---\n{\n---\ntext", "front matter"},
		{"a list that is none", strings.Replace(valid, "title: T", "title: T\ncodes: DNSLoop", 1), "codes"},
		{"no text", strings.Replace(valid, "text\n", "", 1), "text below"},
		{"all at once", "---\nid: A b\ndate: soon\noutcome: great\n---\nx", "date \"soon\"" + "*" + "id \"A b\"" + "*" + "outcome \"great\"" +
			"*" + "title"},
		{"too large", valid + strings.Repeat("x", maxFile), "more than"},
	} {
		_, err := Parse([]byte(c.in))
		for _, part := range strings.Split(c.says, "*") {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q is not in %v", c.name, part, err)
			}
		}
	}
}

func TestChunksAreBoundedAndLoseNothing(t *testing.T) {
	d := Document{Meta: Meta{ID: "x"}, Body: "intro\n\n## One\n\n" + strings.Repeat("Words of a long section. ", 200) +
		"\n\n```sh\n# not a heading\n```\n\n## Two\n" + strings.Repeat("日本語", 800) + "\n#hashtag\n"}
	chunks := d.Chunks()
	var all strings.Builder
	headings := map[string]bool{}
	for _, c := range chunks {
		if len(c.Text) > chunkSize || c.Text == "" {
			t.Errorf("%s has %d bytes", c.ID, len(c.Text))
		}
		headings[c.Heading] = true
		all.WriteString(c.Text)
	}
	if !cmp.Equal(headings, map[string]bool{"": true, "One": true, "Two": true}) {
		t.Errorf("headings %v", headings)
	}
	if got := all.String(); strings.Count(got, "long section") != 200 || strings.Count(got, "日本語") != 800 ||
		!strings.Contains(got, "# not a heading") || !strings.Contains(got, "#hashtag") {
		t.Error("text was lost")
	}
}

func FuzzParse(f *testing.F) {
	for _, d := range builtIns() {
		data, err := Format(*d)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("---\r\nid: a\r\ntitle: &x T\r\ndate: 2025-01-02\r\n---\r\n```\n# a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := Parse(data)
		if err != nil {
			return
		}
		d.Chunks()
		out, err := Format(d)
		if err != nil {
			if len(data) < maxFile/4 {
				t.Fatalf("parsed, but not formatted: %v", err)
			}
			return
		}
		again, err := Parse(out)
		if diff := cmp.Diff(d, again); err != nil || diff != "" {
			t.Errorf("round trip: %v\n%s\n%s", err, out, diff)
		}
	})
}
