package demo

import (
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// remedies are what mends the cluster, as far as it is seen to be done, by whomever.
type remedies struct {
	CNI     bool // the node has a CNI configuration
	DNS     bool // CoreDNS is configured to ask somebody else than itself
	Restart bool // CoreDNS was started anew since the cluster broke
}

// seen looks for the remedies. The caller holds w.mu.
func (w *World) seen() (remedies, error) {
	files, err := w.node.cni()
	if err != nil {
		return remedies{}, err
	}
	r := remedies{CNI: len(files) > 0}
	if m := w.API.Get(configMapsGVR, dnsNamespace, dnsName); m != nil {
		corefile, _, _ := unstructured.NestedString(m.Object, "data", "Corefile")
		r.DNS = forwards(corefile) && !loops(corefile)
	}
	w.replaced = w.replaced || w.podsGone()
	r.Restart = w.replaced || restartedAt(w.API.Get(deploymentsGVR, dnsNamespace, dnsName)) != w.restarted
	return r, nil
}

// podsGone says whether somebody has deleted the pods of DNS that crash, which a Deployment answers with new ones.
func (w *World) podsGone() bool {
	for _, p := range failing(w.scenes.broken) {
		if isDNS(p) && w.API.Get(podsGVR, p.GetNamespace(), p.GetName()) != nil {
			return false
		}
	}
	return true
}

// upstreams are where a Corefile forwards to.
func upstreams(corefile string) []string {
	var out []string
	for line := range strings.Lines(corefile) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "forward" {
			continue
		}
		for _, to := range words[2:] {
			if to == "{" {
				break
			}
			out = append(out, strings.TrimPrefix(to, "dns://"))
		}
	}
	return out
}

func forwards(corefile string) bool { return len(upstreams(corefile)) > 0 }

// loops says whether a CoreDNS with this Corefile would ask itself.
func loops(corefile string) bool {
	for _, to := range upstreams(corefile) {
		if with, err := netip.ParseAddrPort(to); err == nil {
			to = with.Addr().String()
		}
		if addr, err := netip.ParseAddr(to); err == nil && addr.IsLoopback() {
			return true
		}
	}
	return false
}

// restartedAt is when a Deployment was last restarted, as "kubectl rollout restart" notes it; empty if never.
func restartedAt(deployment *unstructured.Unstructured) string {
	if deployment == nil {
		return ""
	}
	at, _, _ := unstructured.NestedString(deployment.Object, "spec", "template", "metadata", "annotations",
		"kubectl.kubernetes.io/restartedAt")
	return at
}
