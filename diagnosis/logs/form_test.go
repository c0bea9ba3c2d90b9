package logs

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// fields are a fact's fields as the table of forms writes them.
func fields(f Fact) string {
	var out []string
	add := func(name, value string) {
		if value != "" {
			out = append(out, name+"="+value)
		}
	}
	add("host", f.Host)
	add("port", f.Port)
	add("path", f.Path)
	add("line", f.line())
	add("name", f.Name)
	add("subject", f.Subject)
	add("verb", f.Verb)
	add("resource", f.Resource)
	add("group", f.Group)
	add("namespace", f.Namespace)
	return strings.Join(out, " ")
}

// before gives the line before to the examples of forms that see it.
var before = map[string]string{
	"  Field required [type=missing, input_value={}, input_type=dict]": "database_url",
	`  in "/app/config.yml", line 7, column 3`:                         "yaml.scanner.ScannerError: mapping values are not allowed here",
}

// Every row of the table reads its own example, and gives what it says.
func TestForms(t *testing.T) {
	for i, f := range forms {
		t.Run(fmt.Sprintf("%s %d", f.kind, i), func(t *testing.T) {
			if f.example == "" || f.words != strings.ToLower(f.words) {
				t.Fatalf("%+v is incomplete", f)
			}
			if _, err := regexp.Compile("(?i)" + f.pattern); err != nil {
				t.Fatal(err)
			}
			if !containsAny(strings.ToLower(f.example), f.words) {
				t.Errorf("%q has none of the words %q", f.example, f.words)
			}
			text := f.example
			if b := before[text]; b != "" {
				text = b + "\n" + text
			}
			var got []string
			for _, fact := range Read(text).Facts {
				if fact.Kind == f.kind {
					got = append(got, fields(fact))
				}
				if !fact.Telling || fact.String() == "" {
					t.Errorf("%q: %+v", text, fact)
				}
			}
			if len(got) != 1 || got[0] != f.want {
				t.Errorf("%q gives %q, want %q", text, got, f.want)
			}
			if fact, ok := theMatcher().read(i, before[f.example], readable(f.example)); !ok {
				t.Errorf("the row does not fit its own example %q: %+v", f.example, fact)
			}
		})
	}
}

// readable is a line as the forms see it.
func readable(line string) string {
	if indented(line) {
		return line
	}
	return parse(line).text
}

func containsAny(text, words string) bool {
	for w := range strings.SplitSeq(words, "|") {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}
