package diagnosis

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/checks"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// sought is a place where a cause could lie. It is ruled out if its check ran to its end, all that the check judges by was seen, and no
// finding of severity warning or above is about it.
type sought struct {
	what  string
	check string   // by its name
	kinds []string // of objects that findings about it are about
	codes []string // or the findings that are about it
	// in is the namespace that it lies in. Without one it is cluster-scoped, or, if spread, lies in all of them: what of it is in the
	// namespace that is asked about can then be ruled out by itself.
	in     string
	spread bool
	// well says why it is well in a namespace, or everywhere, going by what was seen; "": nothing that would show it was seen.
	well func(s *snapshot.Snapshot, namespace string) string
	// proved says why it is well whatever else was not seen; "" where that was not seen. May be nil.
	proved func(*snapshot.Snapshot) string
}

var places = []sought{
	{what: "the nodes", check: "nodes", kinds: []string{"Node"}, well: func(s *snapshot.Snapshot, _ string) string {
		return counted(len(s.Nodes), "the node is ready and not under pressure", "all %d are ready, and none is under pressure")
	}},
	{what: "the cluster's DNS", check: "dns", codes: codesOf("dns"), in: metav1.NamespaceSystem,
		well: func(s *snapshot.Snapshot, _ string) string {
			if resolvers.Ready(s) {
				return "its pods are ready"
			}
			return ""
		}, proved: namesAnswered},
	{what: "the Services", check: "services", kinds: []string{"Service"}, spread: true,
		well: func(s *snapshot.Snapshot, namespace string) string {
			return counted(inNamespace(s.Services, namespace), "it has an endpoint or needs none", "each of %d has an endpoint or needs none")
		}},
	{what: "storage", check: "claims", kinds: []string{"PersistentVolumeClaim", "PersistentVolume", "StorageClass"}, spread: true,
		well: func(s *snapshot.Snapshot, namespace string) string {
			return counted(inNamespace(s.PersistentVolumeClaims, namespace), "the claim has its volume", "all %d claims have their volumes")
		}},
	{what: "ConfigMaps that pods refer to", check: "references", kinds: []string{"ConfigMap"}, spread: true,
		well: func(s *snapshot.Snapshot, namespace string) string {
			return counted(inNamespace(s.ConfigMaps, namespace), "it exists, with its keys", "they exist, with their keys")
		}},
	{what: "the API server", check: "apiserver", codes: codesOf("apiserver"), well: func(s *snapshot.Snapshot, _ string) string {
		if len(s.Health) == 0 || slices.ContainsFunc(s.Health, func(h snapshot.Health) bool { return !h.OK }) {
			return ""
		}
		return "its own health checks pass"
	}},
}

// inNamespace counts the objects of a namespace, or all of them where it is empty.
func inNamespace[T any, P interface {
	*T
	metav1.Object
}](list []T, namespace string) int {
	if namespace == "" {
		return len(list)
	}
	n := 0
	for i := range list {
		if P(&list[i]).GetNamespace() == namespace {
			n++
		}
	}
	return n
}

func counted(n int, one, many string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return one
	}
	if !slices.Contains([]rune(many), '%') {
		return many
	}
	return fmt.Sprintf(many, n)
}

func codesOf(check string) []string {
	var codes []string
	for _, c := range checks.All {
		if c.Name == check {
			for _, code := range c.Codes {
				codes = append(codes, code.Code)
			}
		}
	}
	return codes
}

func namesAnswered(s *snapshot.Snapshot) string {
	for _, l := range s.Lookups {
		if l.Error == "" && len(l.Addrs) > 0 {
			return fmt.Sprintf("it answered a query for %s", l.Name)
		}
	}
	return ""
}

// ruledOut lists where the cause need not be sought, and the checks whose places are among them. Asked is the namespace that the diagnosis
// is for; empty: all.
func ruledOut(s *snapshot.Snapshot, asked string, r checks.Result, found []*finding.Finding) (out []incident.RuledOut, by []string) {
	for _, p := range places {
		what, where, why := p.what, p.in, ""
		reads, ran := r.Judged[p.check]
		switch {
		case !ran:
			continue
		case p.proved != nil && p.proved(s) != "":
			why = p.proved(s)
		case s.SeenWhole(where, reads...):
			why = p.well(s, "")
		case p.spread:
			where = cmp.Or(asked, s.Namespace)
			if where == corev1.NamespaceAll || !s.SeenWhole(where, reads...) {
				continue
			}
			what, why = p.what+" in namespace "+where, p.well(s, where)
		}
		if why != "" && !slices.ContainsFunc(found, p.about) {
			out, by = append(out, incident.RuledOut{What: what, Why: why}), append(by, p.check)
		}
	}
	return out, by
}

// about says whether something is wrong there, in whatever namespace.
func (p sought) about(f *finding.Finding) bool {
	return f.Alarms() && (slices.Contains(p.kinds, f.Object.Kind) || slices.Contains(p.codes, f.Code))
}
