package incident

import (
	"strconv"
	"strings"
)

// Mermaid writes the graph in Mermaid's flowchart language.
func (g Graph) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, n := range g.Nodes {
		what := mermaid(n.Names())
		if n.Layer == 0 {
			b.WriteString("  " + n.ID + `["<b>` + mermaid(n.Code) + "</b><br>" + what + "<br>" + mermaid(string(n.Confidence)) + "\"]\n")
			b.WriteString("  style " + n.ID + " stroke-width:3px\n")
			continue
		}
		if n.Count > 1 {
			what = "×" + strconv.Itoa(n.Count) + ": " + what
		}
		b.WriteString("  " + n.ID + `["` + mermaid(n.Code) + "<br>" + what + "\"]\n")
	}
	for _, e := range g.Edges {
		switch {
		case e.Blocks:
			b.WriteString("  " + e.From + ` -. "blocks its remedy: ` + mermaid(e.Reason) + `" .-> ` + e.To + "\n")
		case e.Reason == "" || e.Reason == " …":
			b.WriteString("  " + e.From + " --> " + e.To + "\n")
		default:
			b.WriteString("  " + e.From + ` -- "` + mermaid(e.Reason) + `" --> ` + e.To + "\n")
		}
	}
	if g.More > 0 {
		b.WriteString(`  more["… and ` + strconv.Itoa(g.More) + " more\"]\n")
	}
	return b.String()
}

// mermaid makes text safe within quotes, and short.
func mermaid(s string) string {
	return strings.NewReplacer(`"`, "#quot;", "<", "#lt;", ">", "#gt;", "`", "'", "#", "#35;").Replace(Label(s, 90))
}
