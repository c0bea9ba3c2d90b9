package catalog

import (
	"cmp"
	"slices"

	"github.com/paramedic-bot/paramedic/diagnosis/cause"
	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Codes documents every code, in the order of the checks' table.
func Codes() []incident.CodeDoc {
	explains, explained := links()
	var docs []incident.CodeDoc
	for _, check := range checks.Documented {
		for _, c := range check.Codes {
			docs = append(docs, incident.CodeDoc{
				Code: c.Code, Check: check.Name, Severity: c.Severity, Root: c.Root, Meaning: c.Meaning, Next: c.Next, Example: c.Example,
				Reads: append([]string{}, reads[check.Name]...), Explains: explains[c.Code], ExplainedBy: explained[c.Code],
			})
		}
	}
	return docs
}

// links are the rules by the code they start from, and by the one they lead to, each pair once.
func links() (explains, explained map[string][]incident.CodeLink) {
	explains, explained = map[string][]incident.CodeLink{}, map[string][]incident.CodeLink{}
	seen := map[[2]string]bool{}
	for _, r := range cause.Rules {
		for _, from := range r.From {
			for _, to := range r.To {
				if from == to || seen[[2]string{from, to}] {
					continue
				}
				seen[[2]string{from, to}] = true
				explains[from] = append(explains[from], incident.CodeLink{Code: to, Rule: r.Name, Says: r.One})
				explained[to] = append(explained[to], incident.CodeLink{Code: from, Rule: r.Name, Says: r.One})
			}
		}
	}
	for _, m := range []map[string][]incident.CodeLink{explains, explained} {
		for _, list := range m {
			slices.SortStableFunc(list, func(a, b incident.CodeLink) int { return cmp.Compare(a.Code, b.Code) })
		}
	}
	return explains, explained
}
