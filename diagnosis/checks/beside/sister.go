package beside

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/sisters"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on what is compared.
const (
	mostCompared = 60 // that are ill
	mostWell     = 12
)

// SisterHas is the code of what an object lacks that those like it have, which are well.
const SisterHas = "SisterHas"

var sisterCodes = []finding.Code{
	{Code: SisterHas, Severity: incident.Warning, Root: true, Detail: Keeps{},
		Meaning: "A custom resource is not well, its words name an object that it goes by, and that lacks an annotation, a label or a field " +
			"which the same object has for each of its kind that is well.",
		Next: "Compare the two objects; give the one what the other has, if that is what is meant.",
		Example: "ServiceAccount shop/vault lacks annotation cloud.example.com/role-arn, which ServiceAccount books/vault has; it has " +
			"annotation iam.example.com/role instead"},
}

// checkSisters compares custom resources that are not well with the well ones of their kind, and reports what the words of the ill ones
// name.
func checkSisters(s *snapshot.Snapshot, all []*finding.Finding, r *finding.Report) {
	ill := map[incident.Object]bool{}
	for _, f := range all {
		if f.Alarms() || f.Suspect {
			for _, o := range f.AtFault() {
				ill[o] = true
			}
		}
	}
	found := map[incident.Object]*finding.Finding{}
	compared := 0
	for _, f := range all {
		c := s.Custom(f.Object)
		if c == nil || !f.Alarms() || compared == mostCompared {
			continue
		}
		compared++
		well := wellOf(s, c, ill)
		if len(well) == 0 {
			continue
		}
		words := wordsOf(f)
		for _, l := range sisters.Custom(s, c, well) {
			if l.Holder == f.Object || !namesObject(words, l.Holder) {
				continue
			}
			if x := found[l.Holder]; x != nil {
				d, _ := finding.DetailOf[Keeps](x)
				d.For = finding.Union(d.For, []incident.Object{f.Object})
				x.Detail = d
				continue
			}
			x := r.Find(SisterHas, l.Holder, fmt.Sprintf("%s %s", finding.Short(l.Holder), l.Words()))
			x.Because = fmt.Sprintf("%s; %s names it: %s", x.Title, finding.Short(f.Object), finding.ShortMessage(f.Title))
			x.AtMost, x.Since, x.Detail = incident.Likely, f.Since, Keeps{Object: l.Holder, For: []incident.Object{f.Object}}
			x.Cite(finding.SeenAPI(l.Holder, "metadata", time.Time{}, "has "+or(strings.Join(l.Instead, ", "), "nothing of that")),
				finding.SeenAPI(l.Of, "metadata", time.Time{}, "has "+strings.Join(l.What, ", "))).Cite(f.Seen...)
			found[l.Holder] = x
		}
	}
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// wellOf are the custom resources of the same kind that nothing is known against, and that their controller has seen.
func wellOf(s *snapshot.Snapshot, c *unstructured.Unstructured, ill map[incident.Object]bool) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, x := range s.CustomsOf(c.GroupVersionKind().GroupKind()) {
		if len(out) < mostWell && x.Object["status"] != nil && x.GetDeletionTimestamp() == nil && !ill[snapshot.CustomObject(x)] {
			out = append(out, x)
		}
	}
	return out
}

// wordsOf are what was seen of a finding, in small letters.
func wordsOf(f *finding.Finding) string {
	words := []string{f.Title}
	for _, e := range f.Seen {
		words = append(words, e.Excerpt)
	}
	return strings.ToLower(strings.Join(words, "\n"))
}

// namesObject says whether words name an object by its kind, written as one word or as several, and by its name.
func namesObject(words string, o incident.Object) bool {
	plain := strings.NewReplacer(" ", "", "-", "", "_", "").Replace
	return slices.ContainsFunc(strings.Split(words, "\n"), func(line string) bool {
		return strings.Contains(plain(line), strings.ToLower(o.Kind)) && hasName(line, o.Name)
	})
}
