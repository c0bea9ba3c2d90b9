package hosts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/hostlog"
	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// forwarding speaks of hosts that have a pod network; Cilium switches forwarding on for each of its interfaces instead.
func forwarding(h hostlog.Host) {
	const name = "net.ipv4.ip_forward"
	if h.Sysctls[name] != "0" || len(h.CNIFiles) == 0 || cilium(h) {
		return
	}
	f := h.Find(HostForwardingOff, fmt.Sprintf("Node %s does not forward packets (%s is 0): its pods are cut off", h.Node, name))
	f.Cite(hostlog.Seen(h.Host, sysctl(name), time.Time{}, "0"))
	h.Cite(f, "ip_forward", "sysctl")
}

func cilium(h hostlog.Host) bool {
	return slices.ContainsFunc(h.CNIFiles, func(c snapshot.HostFile) bool { return slices.Contains(c.Plugins, "cilium-cni") })
}

// bridged are the CNI plugins that join pods by a bridge: only their packets need br_netfilter.
var bridged = []string{"bridge", "flannel"}

func bridge(h hostlog.Host) {
	i := slices.IndexFunc(h.CNIFiles, func(c snapshot.HostFile) bool {
		return slices.ContainsFunc(c.Plugins, func(p string) bool { return slices.Contains(bridged, p) })
	})
	if i < 0 {
		return
	}
	const name = "net.bridge.bridge-nf-call-iptables"
	value, set := h.Sysctls[name]
	_, loaded := h.Modules["br_netfilter"]
	var f *finding.Finding
	switch {
	case value == "0":
		f = h.Find(HostBridgeOff, fmt.Sprintf("%s is 0 on node %s: Services fail between pods on it", name, h.Node))
		f.Cite(hostlog.Seen(h.Host, sysctl(name), time.Time{}, "0"))
	case !set && h.Modules != nil && !loaded:
		f = h.Find(HostBridgeOff, fmt.Sprintf("Node %s has not loaded br_netfilter: Services fail between pods on it", h.Node))
		f.Cite(hostlog.Seen(h.Host, "/proc/modules", time.Time{}, "br_netfilter is not among the modules, and "+sysctl(name)+" is absent"))
	default:
		return
	}
	f.Cite(hostlog.Seen(h.Host, h.CNIDir+"/"+h.CNIFiles[i].Name, time.Time{}, "plugins: "+strings.Join(h.CNIFiles[i].Plugins, ", ")))
	h.Cite(f, "br_netfilter", "modprobe", "rmmod", "sysctl")
}

// flushes are commands that empty the packet filter.
var flushes = []string{"iptables -F", "iptables --flush", "iptables -X", "-t nat -F", "-t filter -F", "-t nat --flush", "nft flush ruleset",
	"ip6tables -F", "firewalld", "ufw"}

// rules tells an emptied packet filter by its own book-keeping: each rule that rewrites or marks holds its module, and kube-proxy
// always has one of both, whether by iptables or by IPVS. Modules that nothing uses were loaded for rules that are gone. A kube-proxy
// that uses nftables or is replaced, as Cilium does, needs neither.
func rules(h hostlog.Host) {
	if cilium(h) {
		return
	}
	rewrite, was := h.Modules["xt_MASQUERADE"]
	mark, marked := h.Modules["xt_mark"]
	if !was || !marked || rewrite != 0 || mark != 0 || proxyMode(h.S) == "nftables" {
		return
	}
	f := h.Find(HostRulesFlushed, fmt.Sprintf("The packet filter of node %s was emptied: Services and pods on it are not reached", h.Node))
	f.Cite(hostlog.Seen(h.Host, "/proc/modules", time.Time{}, "xt_MASQUERADE and xt_mark are loaded, and no rule uses them"))
	before := len(f.Seen)
	h.Cite(f, flushes...)
	if len(f.Seen) > before {
		f.Severity = incident.Critical // somebody was seen to do it
		f.Since = f.Seen[before].Time
	}
}

// proxyMode is the mode that kube-proxy's ConfigMap names; empty: not known, or the default.
func proxyMode(s *snapshot.Snapshot) string {
	c := s.ConfigMap("kube-system", "kube-proxy")
	if c == nil {
		return ""
	}
	for line := range strings.Lines(c.Data["config.conf"]) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "mode:"); ok {
			return strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return ""
}

// resolv wants the whole chain: a CoreDNS pod on the node that is handed the node's file (dnsPolicy Default), a Corefile that forwards to
// it, a loopback address in it, and CoreDNS' own word of a loop. K3s and kubeadm pass over such a file by themselves.
func resolv(h hostlog.Host) {
	servers := resolvers.LoopbackServers(h.Resolv)
	if len(servers) == 0 {
		return
	}
	d, ok := resolvers.Find(h.S)
	if !ok || d.Config == nil || !slices.ContainsFunc(resolvers.ParseCorefile(d.Config.Data["Corefile"]).Forwards,
		func(f resolvers.Forward) bool { return slices.Contains(f.Targets, resolvers.ResolvConf) }) {
		return
	}
	log, p := d.Fatal(h.S)
	if p == nil || p.Spec.NodeName != h.Node || p.Spec.DNSPolicy != corev1.DNSDefault || kube.IsReady(p) ||
		!resolvers.LoopLine.MatchString(log.Excerpt) {
		return
	}
	f := h.Find(HostResolvLoopback, fmt.Sprintf("%s of node %s names %s, and CoreDNS, which is handed it, asks itself", resolvers.ResolvConf,
		h.Node, strings.Join(servers, ", ")))
	f.Cite(hostlog.Seen(h.Host, resolvers.ResolvConf, time.Time{}, "nameserver "+strings.Join(servers, ", ")))
	if upstream := resolvers.Nameservers(h.Upstream); len(upstream) > 0 {
		f.Cite(hostlog.Seen(h.Host, "/run/systemd/resolve/resolv.conf", time.Time{}, "the servers behind it: "+
			strings.Join(upstream, ", ")))
	}
	f.Cite(log)
}

const (
	conntrackFull    = 95 // hundredths
	conntrackFilling = 85
)

func conntrack(h hostlog.Host) {
	count, most := number(h.Sysctls["net.netfilter.nf_conntrack_count"]), number(h.Sysctls["net.netfilter.nf_conntrack_max"])
	said := h.LastLine(func(l snapshot.HostLine) bool {
		return strings.Contains(l.Text, "nf_conntrack: table full") && h.S.At.Sub(l.At) < finding.StillTold.For
	})
	if said == nil && (most == 0 || count*100 < most*conntrackFilling) {
		return
	}
	f := h.Find(HostConntrackFull, fmt.Sprintf("Node %s tracks %d of at most %d connections: new ones are dropped", h.Node, count, most))
	switch {
	case said != nil && (most == 0 || count*100 < most*conntrackFilling):
		f.Retitle(fmt.Sprintf("The connection table of node %s was full at %s: new connections were dropped", h.Node, finding.Clock(said.At)))
		f.Told = []time.Time{said.At}
	case said == nil && count*100 < most*conntrackFull:
		f.Retitle(fmt.Sprintf("Node %s tracks %d of at most %d connections: beyond that new ones are dropped", h.Node, count, most))
		f.Severity = incident.Warning
	}
	if most > 0 {
		f.Cite(hostlog.Seen(h.Host, sysctl("net.netfilter.nf_conntrack_count"), time.Time{},
			fmt.Sprintf("%d; nf_conntrack_max is %d", count, most)))
	}
	h.SeeLine(f, said)
}

// number reads a setting; 0 for what is none.
func number(v string) uint64 {
	n, err := strconv.ParseUint(v, 10, 63)
	if err != nil || n > 1<<48 { // larger ones are no limit, and must not overflow below
		return 0
	}
	return n
}
