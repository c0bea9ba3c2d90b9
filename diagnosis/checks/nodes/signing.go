package nodes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CertificateNotSigned is the code of a certificate that somebody asks the cluster for and does not get.
const CertificateNotSigned = "CertificateNotSigned"

var signingCodes = []finding.Code{
	{Code: CertificateNotSigned, Severity: incident.Warning, Root: true, Detail: Unsigned{},
		Meaning: "A kubelet or a program has asked the cluster for a certificate, and its newest request was denied, has failed, or waits for " +
			"somebody to approve it. It may still have an older one: by itself it proves nothing.",
		Next: "Read the request (kubectl describe csr) and the log of who approves or signs it; mend what it objects to, or approve the next " +
			"one (kubectl certificate approve) if it is what it says.",
		Example: "CertificateSigningRequest csr-lrhjc of node lab-3 for kubernetes.io/kubelet-serving was denied: the SAN DNS Name could not " +
			"be resolved"},
}

// Unsigned is the detail of CertificateNotSigned.
type Unsigned struct {
	Names   []string        // of the requests, and of the node that asks: its name and its addresses
	Account incident.Object // the ServiceAccount that asks; the zero value: it is none
}

// signingKind is the kind of requests for certificates.
var signingKind = schema.GroupKind{Group: "certificates.k8s.io", Kind: "CertificateSigningRequest"}

const (
	nodeUser    = "system:node:"
	accountUser = "system:serviceaccount:"
)

// request is a request for a certificate, as far as it is told.
type request struct {
	*unstructured.Unstructured
	user, signer string
	verdict      string // "was denied", "has failed", "is approved by nobody", "was approved, and not signed"; "": it was signed
	field, words string
	final        bool // it was refused: no time mends that
}

// checkSigning looks at the newest request of each who asks, of each signer: those before are told by it.
func checkSigning(s *snapshot.Snapshot, r *finding.Report) {
	type asker struct{ user, signer string }
	all := s.CustomsOf(signingKind)
	last := map[asker]*request{}
	open := map[asker][]incident.Object{}
	var order []asker
	byAge := slices.Clone(all)
	slices.SortStableFunc(byAge, func(a, b *unstructured.Unstructured) int {
		return cmp.Or(b.GetCreationTimestamp().Compare(a.GetCreationTimestamp().Time), cmp.Compare(a.GetName(), b.GetName()))
	})
	for _, o := range byAge {
		x := readRequest(o)
		k := asker{x.user, x.signer}
		if last[k] == nil {
			last[k], order = &x, append(order, k)
		}
		if x.verdict != "" && len(open[k]) < finding.MaxAlike {
			open[k] = append(open[k], snapshot.CustomObject(o))
		}
	}
	for _, k := range order {
		if x := last[k]; x.verdict != "" && k.user != "" {
			x.report(s, r, open[k])
		}
	}
}

func readRequest(o *unstructured.Unstructured) request {
	x := request{Unstructured: o, user: kube.StringAt(o.Object, "spec", "username"), signer: kube.StringAt(o.Object, "spec", "signerName")}
	if kube.StringAt(o.Object, "status", "certificate") != "" {
		return x
	}
	x.verdict, x.field, x.words = "is approved by nobody", "status", "no condition, and no certificate"
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range list {
		m, _ := c.(map[string]any)
		kind := kube.StringAt(m, "type")
		verdict := map[string]string{"Denied": "was denied", "Failed": "has failed", "Approved": "was approved, and not signed"}[kind]
		if verdict == "" || kube.StringAt(m, "status") == "False" || x.final {
			continue
		}
		x.verdict, x.field, x.final = verdict, "status.conditions["+kind+"]", kind != "Approved"
		x.words = strings.Trim(kube.StringAt(m, "reason")+": "+kube.StringAt(m, "message"), ": ")
	}
	return x
}

// report tells of a request as a suspicion: who asks may have an older certificate.
func (x *request) report(s *snapshot.Snapshot, r *finding.Report, open []incident.Object) {
	o := snapshot.CustomObject(x.Unstructured)
	who, fault, d := x.asks(s)
	title := fmt.Sprintf("%s of %s for %s %s", finding.Short(o), who, x.signer, x.verdict)
	if n := len(open); n > 1 {
		title += fmt.Sprintf(", as %d before", n-1)
	}
	if x.final && x.words != "" {
		title += ": " + finding.ShortMessage(x.words)
	}
	f := r.Find(CertificateNotSigned, o, title)
	f.Since, f.AtMost = x.GetCreationTimestamp().Time, incident.Likely
	f.Fault = finding.Union(open, fault)
	for _, o := range open {
		d.Names = append(d.Names, o.Name)
	}
	f.Detail = d
	f.Cite(finding.SeenAPI(o, x.field, f.Since, x.words))
	if f.Suspected(); !x.final {
		f.NotYet(finding.SlowIssuer, f.Since, s.At)
	}
}

// asks is who asks for the certificate: a node, a ServiceAccount, or a user.
func (x *request) asks(s *snapshot.Snapshot) (who string, fault []incident.Object, d Unsigned) {
	if name, ok := strings.CutPrefix(x.user, nodeUser); ok {
		d.Names = []string{name}
		n := s.Node(name)
		if n == nil {
			return "node " + name, nil, d
		}
		for _, a := range n.Status.Addresses {
			if !slices.Contains(d.Names, a.Address) {
				d.Names = append(d.Names, a.Address)
			}
		}
		return "node " + name, []incident.Object{kube.NodeObject(n)}, d
	}
	if rest, ok := strings.CutPrefix(x.user, accountUser); ok {
		namespace, name, _ := strings.Cut(rest, ":")
		d.Account = snapshot.ObjectOf("ServiceAccount", namespace, name)
		return "ServiceAccount " + namespace + "/" + name, nil, d
	}
	return "user " + x.user, nil, d
}
