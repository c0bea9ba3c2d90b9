package grammar_test

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands/grammar"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// there is what the cluster of the phrasings holds.
func there() []incident.Object {
	var all []incident.Object
	for _, s := range strings.Fields(`Namespace/shop Namespace/convocanvas Namespace/monitoring Namespace/kube-system Namespace/ollama
		Namespace/librechat Namespace/chromadb Namespace/crm Namespace/payments Node/leveling-pc
		Deployment/shop/checkout Deployment/shop/cart Deployment/shop/web StatefulSet/shop/postgres Service/shop/web Ingress/shop/web
		Service/shop/checkout Pod/shop/checkout-7d9f8-abcde CronJob/shop/nightly-report
		Deployment/convocanvas/convocanvas Deployment/ollama/ollama StatefulSet/chromadb/chromadb Deployment/monitoring/grafana
		StatefulSet/monitoring/prometheus-server Deployment/librechat/librechat Deployment/kube-system/coredns
		Deployment/crm/mail Deployment/payments/ledger`) {
		o, err := incident.ParseObject(s)
		if err != nil {
			panic(err)
		}
		all = append(all, o)
	}
	return all
}

type phrasing struct{ in, text, want string }

func phrasings(t testing.TB) (made, heldOut []phrasing) {
	t.Helper()
	f, err := os.Open("../testdata/phrasings.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 0; lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		parts := strings.Split(lines.Text(), " | ")
		if len(parts) != 3 {
			t.Fatalf("not a phrasing: %q", lines.Text())
		}
		p := phrasing{strings.Trim(parts[0], "- "), parts[1], parts[2]}
		if strings.HasPrefix(parts[0], "INC") {
			p.in = parts[0]
		}
		if n++; n%5 == 0 {
			heldOut = append(heldOut, p)
		} else {
			made = append(made, p)
		}
	}
	return made, heldOut
}

func read(p phrasing, names *grammar.Names) string {
	if words := grammar.Read(p.text, p.in, names).Words; len(words) > 0 {
		return strings.Join(words, " ")
	}
	return "?"
}

// What the grammar was made for it reads; how it fares with what it was not made for is printed.
func TestPhrasings(t *testing.T) {
	names := grammar.NewNames(there(), nil)
	made, heldOut := phrasings(t)
	if len(made)+len(heldOut) < 120 {
		t.Fatalf("%d phrasings", len(made)+len(heldOut))
	}
	for _, p := range made {
		if got := read(p, names); got != p.want {
			t.Errorf("%s %q is read as %q, want %q", p.in, p.text, got, p.want)
		}
	}
	right := 0
	for _, p := range heldOut {
		got := read(p, names)
		if got == p.want {
			right++
			continue
		}
		t.Logf("held out: %s %q is read as %q, meant %q", p.in, p.text, got, p.want)
		if p.want == "?" && !slices.Contains(grammar.Only, strings.Fields(got)[0]) {
			t.Errorf("%q is read as %q", p.text, got)
		}
	}
	t.Logf("of %d phrasings that the grammar was made for all are read right; of %d held out, %d", len(made), len(heldOut), right)
	if 10*right < 7*len(heldOut) {
		t.Errorf("only %d of the %d phrasings held out are read right", right, len(heldOut))
	}
}

func FuzzRead(f *testing.F) {
	made, heldOut := phrasings(f)
	for _, p := range append(made, heldOut...) {
		f.Add(p.text, p.in)
	}
	f.Add("why "+strings.Repeat("é/", 300), "INC-1")
	f.Add(strings.Repeat("chekcout ", 200), "")
	names := grammar.NewNames(there(), nil)
	f.Fuzz(func(t *testing.T, text, in string) {
		began := time.Now()
		r := grammar.Read(text, in, names)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
		if len(r.Words) > 0 && !slices.Contains(grammar.Only, r.Words[0]) {
			t.Errorf("%q is read as %q", text, r.Words)
		}
		if (r.Words[:min(1, len(r.Words))] != nil && len(r.Words) > 0) && (r.Words[0] == "accept" || r.Words[0] == "silence") && len(r.Words) > 1 {
			t.Errorf("%q is read as %q, which changes something", text, r.Words)
		}
		for _, n := range r.Nearest {
			if !slices.Contains(grammar.Only, n[0]) {
				t.Errorf("%q: %q is said to be near", text, n)
			}
		}
	})
}
