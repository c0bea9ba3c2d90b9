package podnetwork

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// calicoGroups hold Calico's objects: as stored, and as its own API server shows them.
var calicoGroups = []string{"crd.projectcalico.org", "projectcalico.org"}

func calicoObjects(s *snapshot.Snapshot, kind string) []*unstructured.Unstructured {
	for _, g := range calicoGroups {
		if found := s.CustomsOf(schema.GroupKind{Group: g, Kind: kind}); len(found) > 0 {
			return found
		}
	}
	return nil
}

// checkPeers reports Calico's BGPPeers if none of them has two ends, while the mesh between nodes is off. A peer given by its address is
// a router that the cluster does not show.
func checkPeers(s *snapshot.Snapshot, r *finding.Report) {
	if len(s.Nodes) < 2 || finding.NotSeen(s, "nodes", "") || !meshOff(s) || overlay(s) {
		return
	}
	type idle struct {
		peer            *unstructured.Unstructured
		field, selector string
	}
	var idles []idle
	for _, p := range calicoObjects(s, "BGPPeer") {
		spec, _ := p.Object["spec"].(map[string]any)
		field, selector, known := fitsNone(s, spec)
		if !known || field == "" {
			return // it has a peer, or one that cannot be judged
		}
		idles = append(idles, idle{p, field, selector})
	}
	if len(idles) == 0 {
		return
	}
	made := time.Time{}
	for _, x := range idles {
		made = kube.Latest(made, x.peer.GetCreationTimestamp().Time)
	}
	defer r.NotYet(finding.Lasts(finding.Settling, made), s.At)()
	first, what := idles[0], "peers"
	if first.field == "nodeSelector" {
		what = "nodes"
	}
	f := r.Find(BGPPeersMissing, snapshot.CustomObject(first.peer),
		fmt.Sprintf("BGPPeer %s selects its %s by %s, which no node fits, and the mesh between nodes is off: nodes learn no routes to one "+
			"another's pods",
			first.peer.GetName(), what, finding.OneLine(first.selector, 80)))
	f.Cite(finding.SeenAPI(snapshot.ObjectOf("BGPConfiguration", "", "default"), "spec.nodeToNodeMeshEnabled", time.Time{}, "false"))
	for _, x := range idles {
		o := snapshot.CustomObject(x.peer)
		f.Fault = append(f.Fault, o)
		f.Cite(finding.SeenAPI(o, "spec."+x.field, time.Time{}, x.selector))
		f.Since = kube.Latest(f.Since, x.peer.GetCreationTimestamp().Time)
		if why := gone(x.selector); why != "" {
			f.Next = fmt.Sprintf("Let the BGPPeer name a label that the route reflectors have: %s. calicoctl node status shows the sessions.", why)
		}
	}
	for i := range s.Nodes {
		f.Since = kube.Latest(f.Since, labelled(&s.Nodes[i]))
	}
}

// overlay says whether Calico carries all of a pool's traffic in VXLAN, for which it learns no routes by BGP.
func overlay(s *snapshot.Snapshot) bool {
	return slices.ContainsFunc(calicoObjects(s, "IPPool"), func(p *unstructured.Unstructured) bool {
		mode, _, _ := unstructured.NestedString(p.Object, "spec", "vxlanMode")
		return mode == "Always"
	})
}

func meshOff(s *snapshot.Snapshot) bool {
	return slices.ContainsFunc(calicoObjects(s, "BGPConfiguration"), func(c *unstructured.Unstructured) bool {
		on, ok, _ := unstructured.NestedBool(c.Object, "spec", "nodeToNodeMeshEnabled")
		return c.GetName() == "default" && ok && !on
	})
}

// fitsNone is the selector of a BGPPeer that no node fits, and its field; known is false where a selector is beyond what is read here.
func fitsNone(s *snapshot.Snapshot, spec map[string]any) (field, selector string, known bool) {
	for _, field := range []string{"nodeSelector", "peerSelector"} {
		selector, _ := spec[field].(string)
		if selector == "" {
			continue
		}
		fits, ok := calicoSelector(selector)
		if !ok {
			return "", "", false
		}
		if !slices.ContainsFunc(s.Nodes, func(n corev1.Node) bool { return fits(n.Labels) }) {
			return field, selector, true
		}
	}
	return "", "", true
}

var (
	calicoHas = regexp.MustCompile(`^(!?)\s*has\(([^()\s]+)\)$`)
	calicoIs  = regexp.MustCompile(`^([^\s=!]+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)")$`)
)

// calicoSelector reads Calico's label expressions as far as clusters commonly use them: all(), has(), == and !=, joined by &&.
func calicoSelector(text string) (fits func(map[string]string) bool, ok bool) {
	var terms []func(map[string]string) bool
	for term := range strings.SplitSeq(text, "&&") {
		term = strings.TrimSpace(term)
		if key := calicoHas.FindStringSubmatch(term); key != nil {
			terms = append(terms, func(l map[string]string) bool { _, ok := l[key[2]]; return ok == (key[1] == "") })
		} else if is := calicoIs.FindStringSubmatch(term); is != nil {
			terms = append(terms, func(l map[string]string) bool {
				have, ok := l[is[1]]
				return (ok && have == is[3]+is[4]) == (is[2] == "==")
			})
		} else if term != "all()" {
			return nil, false
		}
	}
	return func(l map[string]string) bool {
		return !slices.ContainsFunc(terms, func(t func(map[string]string) bool) bool { return !t(l) })
	}, true
}

// labelsGone are node labels that Kubernetes took away, with the release and what stands for them now (KEP 2067).
var labelsGone = map[string]string{
	"node-role.kubernetes.io/master": "kubeadm takes that label away from 1.24 on; there is node-role.kubernetes.io/control-plane",
}

// gone says what became of a label that a selector names, where Kubernetes took it away; "" if it did not.
func gone(selector string) string {
	for _, label := range slices.Sorted(maps.Keys(labelsGone)) {
		if strings.Contains(selector, label) {
			return labelsGone[label]
		}
	}
	return ""
}

// labelled is when a node's labels may last have changed: when somebody other than the kubelet wrote the node itself.
func labelled(n *corev1.Node) time.Time {
	var at time.Time
	for _, m := range n.ManagedFields {
		if m.Time != nil && m.Subresource == "" && m.Manager != "kubelet" && m.Manager != "kube-controller-manager" {
			at = kube.Latest(at, m.Time.Time)
		}
	}
	return at
}
