package resolvers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Corefiles of the field: what each forwards, to where and at which line, and which names its templates deny.
func TestCorefilesOfTheField(t *testing.T) {
	for name, c := range map[string]struct {
		text     string
		forwards []string // "line: from to..., at ports"
		denials  []string
	}{
		"CoreDNS' own": {text: `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
`, forwards: []string{"13: . /etc/resolv.conf, at 53"}},
		"K3s'": {text: `.:53 {
    errors
    hosts /etc/coredns/NodeHosts {
      ttl 60
      reload 15s
      fallthrough
    }
    import /etc/coredns/custom/*.override
    forward . /etc/resolv.conf
}
import /etc/coredns/custom/*.server
corp.example:5353 {
    forward . 10.0.0.1
}
`, forwards: []string{"9: . /etc/resolv.conf, at 53", "13: . 10.0.0.1, at 5353"}},
		"snippets": {text: `(log) {
    errors
    log . {
        class denial
    }
}
(upstream) {
    import log
    forward . 1.1.1.1 8.8.8.8 {
        policy sequential
    }
}
. {
    import upstream
    cache
}
import none
example.org, example.net:1053,
tls://example.com {
    import upstream
}
`, forwards: []string{"9: . 1.1.1.1 8.8.8.8, at 53", "9: . 1.1.1.1 8.8.8.8, at 53 1053"}},
		"quotes": {text: `. {
    template IN A "example.com" { # the } is not read
        match "^ip-(?P<a>\d+)[.](say \"hi\" {)[.]$"
        rcode NXDOMAIN
    }
    forward "corp.example" "10.0.0.1" # 10.0.0.2
    hosts {
        10.0.0.3 "a
b"
    }
    forward . 10.0.0.4
}
`, forwards: []string{"6: corp.example 10.0.0.1, at 53", "11: . 10.0.0.4, at 53"}, denials: []string{"2: example.com"}},
		"no braces":   {text: "example.org:1053\n\nforward . 1.1.1.1 {\n  force_tcp\n}\nerrors\n", forwards: []string{"3: . 1.1.1.1, at 1053"}},
		"a byte mark": {text: "\ufeff. {\r\n  forward . 1.1.1.1\r\n}\r\n", forwards: []string{"2: . 1.1.1.1, at 53"}},
		"imports that go round": {text: "(a) {\n  import b\n  import b\n}\n(b) {\n  import a\n  import a\n}\n. {\n  import a\n  forward . " +
			"1.1.1.1\n}\n",
			forwards: []string{"11: . 1.1.1.1, at 53"}},
		"nothing": {},
	} {
		t.Run(name, func(t *testing.T) {
			got := ParseCorefile(c.text)
			var forwards, denials []string
			for _, f := range got.Forwards {
				forwards = append(forwards, fmt.Sprintf("%d: %s", f.Line, strings.Join(append([]string{f.From}, f.Targets...), " ")+", at "+
					strings.Join(f.ports, " ")))
				if !strings.Contains(f.Text, "forward") || f.Text != strings.TrimSpace(f.Text) {
					t.Errorf("line %d is told as %q", f.Line, f.Text)
				}
			}
			for _, d := range got.Denials {
				denials = append(denials, fmt.Sprintf("%d: %s", d.Line, strings.Join(d.zones, " ")))
			}
			if !slices.Equal(forwards, c.forwards) || !slices.Equal(denials, c.denials) || got.Err != "" {
				t.Errorf("forwards %q, denials %q, %q", forwards, denials, got.Err)
			}
		})
	}
}

// The bot's own environment and files are none of a Corefile's business.
func TestACorefileReadsNeitherEnvironmentNorFiles(t *testing.T) {
	t.Setenv("UPSTREAM", "192.0.2.1")
	c := ParseCorefile(". {\n  forward . {$UPSTREAM} {%UPSTREAM%}\n  import /etc/passwd\n  import ../checks/*.go\n  cache\n}\nimport " +
		"/etc/hosts\n")
	if len(c.Forwards) != 1 || !slices.Equal(c.Forwards[0].Targets, []string{"{$UPSTREAM}", "{%UPSTREAM%}"}) || c.Err != "" {
		t.Errorf("%+v", c)
	}
	for _, w := range corefileWords("import /etc/passwd\n{$UPSTREAM}") {
		if w.text != "import" && w.text != "/etc/passwd" && w.text != "{$UPSTREAM}" {
			t.Errorf("%+v", w)
		}
	}
}

// Braces that do not match are told with their line.
func TestBracesOfACorefile(t *testing.T) {
	for text, c := range map[string]struct {
		err  string
		line int
	}{
		". {\n  errors\n}\n}\n":                               {"a closing brace without an opening one", 4},
		". {\n  errors\n  forward . 1.1.1.1 {\n}\n\n":         {"1 brace(s) never closed", 4},
		"# }\n. {\n  match \"}}\" # {\n  errors\n}\n":         {},
		"(a) {\n  errors\n. {\n  import a\n}\n":               {"1 brace(s) never closed", 5},
		". {\n  template IN A {\n    match \"{\n }\"\n  }\n}": {},
	} {
		if got := ParseCorefile(text); got.Err != c.err || got.ErrLine != c.line {
			t.Errorf("%q: %q at line %d, want %q at line %d", text, got.Err, got.ErrLine, c.err, c.line)
		}
	}
}
