package beside

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/sisters"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CustomRivals is the code of a custom resource that writes what another one of its kind writes as well.
const CustomRivals = "CustomRivals"

var rivalCodes = []finding.Code{
	{Code: CustomRivals, Severity: incident.Warning, Root: true, Detail: Shares{},
		Meaning: "Two custom resources of a kind write into one object: what one has written the other replaces. The words of the one that " +
			"is not well tell of what only the other goes by.",
		Next: "Give the newer one a target of its own, and let the older one write its own anew.",
		Example: "Certificate shop/second writes into Secret first-tls (spec.secretName), as Certificate shop/first does, which finds there " +
			"what ClusterIssuer other has made"},
}

// Shares is the detail of CustomRivals.
type Shares struct {
	Target string            // the name of what both write
	Rivals []incident.Object // both
}

// written are the ends of fields by which a custom resource names what it writes.
var written = []string{"spec.secretname", "spec.target.name", "spec.targetname", "spec.secrettemplate.name", "spec.outputsecret",
	"spec.writeconnectionsecrettoref.name", "spec.destination.name", "spec.configmapname", "spec.targetsecret", "spec.secret.name"}

// leastTold is the length of a name that words tell apart from prose.
const leastTold = 6

// checkRivals looks, for each custom resource that is not well, for another of its kind that writes the same object.
func checkRivals(s *snapshot.Snapshot, all []*finding.Finding, r *finding.Report) {
	done := map[[2]incident.Object]bool{}
	for _, f := range all {
		if !f.Alarms() {
			continue
		}
		for _, o := range f.AtFault() {
			ill := s.Custom(o)
			if ill == nil {
				continue
			}
			for _, t := range targetsOf(ill) {
				for _, other := range writersOf(s, ill.GroupVersionKind().GroupKind())[t] {
					pair := [2]incident.Object{o, snapshot.CustomObject(other)}
					if other == ill || done[pair] {
						continue
					}
					if told := toldOfOther(wordsOf(f), ill, other); told != "" {
						done[pair], done[[2]incident.Object{pair[1], pair[0]}] = true, true
						reportRivals(r, f, ill, other, t, told)
					}
				}
			}
		}
	}
}

// reportRivals blames the newer one: the older one had the object before.
func reportRivals(r *finding.Report, f *finding.Finding, ill, other *unstructured.Unstructured, t target, told string) {
	newer, older := other, ill
	if ill.GetCreationTimestamp().After(other.GetCreationTimestamp().Time) {
		newer, older = ill, other
	}
	o, than := snapshot.CustomObject(newer), snapshot.CustomObject(older)
	x := r.Find(CustomRivals, o, fmt.Sprintf("%s writes into %s (%s), as %s does, and what one writes the other replaces", finding.Short(o),
		t.name, t.path, finding.Short(than)))
	x.Because = fmt.Sprintf("%s; %s tells of %s, which only %s goes by", x.Title, finding.Short(snapshot.CustomObject(ill)), told,
		finding.Short(snapshot.CustomObject(other)))
	x.AtMost, x.Since, x.Refs = incident.Likely, newer.GetCreationTimestamp().Time, []incident.Object{than}
	x.Detail = Shares{Target: t.name, Rivals: []incident.Object{o, than}}
	x.Cite(finding.SeenAPI(o, t.path, x.Since, t.name), finding.SeenAPI(than, t.path, older.GetCreationTimestamp().Time,
		t.name)).Cite(f.Seen...)
}

// target is what a custom resource writes: in its namespace, by the field that names it.
type target struct{ namespace, path, name string }

func targetsOf(c *unstructured.Unstructured) []target {
	var out []target
	for _, f := range sisters.Fields(c) {
		if v, ok := f.Value.(string); ok && v != "" && slices.Contains(written, strings.ToLower(f.Path)) {
			out = append(out, target{c.GetNamespace(), f.Path, v})
		}
	}
	return out
}

// writersOf are the custom resources of a kind by what they write.
func writersOf(s *snapshot.Snapshot, kind schema.GroupKind) map[target][]*unstructured.Unstructured {
	type key struct{ kind schema.GroupKind }
	return snapshot.Once(s, key{kind}, func() map[target][]*unstructured.Unstructured {
		out := map[target][]*unstructured.Unstructured{}
		for _, c := range s.CustomsOf(kind) {
			for _, t := range targetsOf(c) {
				if len(out[t]) < finding.MaxAlike {
					out[t] = append(out[t], c)
				}
			}
		}
		return out
	})
}

// toldOfOther is a name that the words say, that the other one's settings have and the ill one's have not: the other one itself, or whom it
// goes by.
func toldOfOther(words string, ill, other *unstructured.Unstructured) string {
	own := map[string]bool{ill.GetName(): true}
	for _, f := range sisters.Fields(ill) {
		if v, ok := f.Value.(string); ok {
			own[v] = true
		}
	}
	names := []string{other.GetName()}
	for _, f := range sisters.Fields(other) {
		if v, ok := f.Value.(string); ok && strings.HasSuffix(strings.ToLower(f.Path), "name") {
			names = append(names, v)
		}
	}
	for _, name := range names {
		if len(name) >= leastTold && !own[name] && hasName(words, strings.ToLower(name)) {
			return name
		}
	}
	return ""
}

// Belongs says whether an object is one of the rivals, or was made for one, however far down.
func (d Shares) Belongs(s *snapshot.Snapshot, o incident.Object) bool {
	const most = 4 // a Certificate has a CertificateRequest, which has an Order, which has a Challenge
	for range most {
		if slices.Contains(d.Rivals, o) {
			return true
		}
		if o = kube.OwnersOf(s)[o]; o.IsZero() {
			return false
		}
	}
	return false
}
