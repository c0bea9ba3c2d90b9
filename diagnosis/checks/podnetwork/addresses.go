package podnetwork

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// exhausted are the plugins' words for a range without a free address: host-local's, Calico's, Cilium's and the clouds'.
var exhausted = regexp.MustCompile(`(?i)no IP addresses available in (?:range set|network)[: ]*(\S*)|no more free affine blocks|no more IPs available|no IPs available in pools|all CIDR ranges are exhausted|` +
	`failed to assign an IP address to container|InsufficientFreeAddressesInSubnet|range is full|IPAM pool exhausted|no available IP addresses`)

// short are words by which anybody says that addresses have run out, and not merely that none was given.
var short = regexp.MustCompile(`(?i)\b(?:no|not (?:have )?enough|insufficient|out of)\b[^:]*\b(?:addresses|address|ips?|prefix(?:es)?|(?:cidr )?blocks?|pools?|ranges?)\b|` +
	`n't\b[^:.]*\benough (?:free )?(?:addresses|ips?|prefixes|blocks)\b|\bInsufficient\w*(?:Address|Cidr|Subnet)|\b(?:exhausted|full)\b`)

// checkAddresses reports nodes whose network plugin has no address left.
func checkAddresses(s *snapshot.Snapshot, r *finding.Report) {
	failed := sandboxFailures(s)
	for _, node := range slices.Sorted(maps.Keys(failed.events)) {
		e := failed.events[node]
		m := exhausted.FindStringSubmatch(e.Message)
		if m == nil {
			continue
		}
		o := snapshot.ObjectOf("Node", "", node)
		taken := 0
		for _, p := range s.PodsOn(node) {
			if !p.Spec.HostNetwork && p.Status.PodIP != "" && p.Status.Phase == corev1.PodRunning {
				taken++
			}
		}
		where := strings.TrimRight(m[1], ".,;\"'")
		n := s.Node(node)
		if n != nil && n.Spec.PodCIDR != "" {
			where = n.Spec.PodCIDR
		}
		title := fmt.Sprintf("Node %s has no pod address left", node)
		vague := !short.MatchString(e.Message)
		if where != "" {
			title += ": " + where + " is used up"
		}
		if taken > 0 {
			title += fmt.Sprintf(", and %d of its pods have one", taken)
		}
		f := r.Find(NodeIPsExhausted, o, title).Cite(finding.SeenEvent(e))
		f.Nodes, f.Pods, f.Since = []string{node}, failed.pods[node], kube.BeganAt(e)
		f.MayPassWithin(failed.normal[node])
		if vague {
			f.AtMost = incident.Likely // until the plugin says why
		}
		if n != nil {
			goesBy(s, f, n)
			f.Cite(finding.SeenAPI(o, "spec.podCIDR", time.Time{}, n.Spec.PodCIDR))
		}
	}
}

// goesBy names the custom resources that a node takes its addresses by: those that a label or an annotation of its names by their kind
// ("k8s.amazonaws.com/eniConfig: zone-b"), and those whose range the words of the failure name.
func goesBy(s *snapshot.Snapshot, f *finding.Finding, n *corev1.Node) {
	for i := range s.Customs {
		o := &s.Customs[i]
		for _, m := range []map[string]string{n.Labels, n.Annotations} {
			for key, value := range m {
				if value == o.GetName() && strings.EqualFold(key[strings.LastIndexByte(key, '/')+1:], o.GetKind()) {
					blame(f, snapshot.CustomObject(o), finding.SeenAPI(f.Object, "metadata["+key+"]", time.Time{}, key+": "+value))
				}
			}
		}
	}
	for _, e := range f.Seen {
		rangesIn(s, f, e.Excerpt)
	}
}

// ofRange are the fields by which a custom resource names a range of addresses.
var ofRange = regexp.MustCompile(`(?i)cidr|subnet|range|pool`)

// rangesIn names the custom resources of whose ranges words tell.
func rangesIn(s *snapshot.Snapshot, f *finding.Finding, words string) {
	const shortest = 8 // bytes: less may stand in any words
	for i := range s.Customs {
		o := &s.Customs[i]
		spec, _ := o.Object["spec"].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(spec)) {
			if value, ok := spec[key].(string); ok && len(value) >= shortest && ofRange.MatchString(key) && strings.Contains(words, value) {
				obj := snapshot.CustomObject(o)
				blame(f, obj, finding.SeenAPI(obj, "spec."+key, time.Time{}, value))
			}
		}
	}
}

// blame puts a custom resource before the node.
func blame(f *finding.Finding, o incident.Object, seen incident.Evidence) {
	if f.Fault = slices.Clone(f.AtFault()); !slices.Contains(f.Fault, o) && len(f.Fault) < finding.MaxAlike {
		f.Fault = slices.Insert(f.Fault, len(f.Fault)-1, o)
		f.Cite(seen)
	}
}

// HearAddresses adds to the finding that a node has no address left what its network plugin says of it in its log.
func HearAddresses(s *snapshot.Snapshot, f *finding.Finding, plugin incident.Object, said string) {
	if f.Code != NodeIPsExhausted {
		return
	}
	f.Refs = finding.Union(f.Refs, []incident.Object{plugin})
	rangesIn(s, f, said)
	if short.MatchString(said) {
		f.AtMost = ""
	} else if f.AtMost != "" {
		f.Retitle(fmt.Sprintf("Node %s gets no address for its pods", f.Object.Name))
	}
	f.Retitle(f.Title + "; " + finding.Short(plugin) + " says: " + finding.ShortMessage(said))
}
