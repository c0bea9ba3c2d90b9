package checks

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// corefile is as much of CoreDNS' configuration as the checks need. See https://coredns.io/manual/configuration.
type corefile struct {
	forwards []forward
	denials  []denial
	err      string // what is wrong with its structure; empty if nothing is
	errLine  int
}

// forward is one "forward FROM TO..." (or its predecessor "proxy").
type forward struct {
	zone    string   // of the server block, such as ".:53"
	port    string   // that the server block listens on
	from    string   // the base domain forwarded, such as "."
	targets []string // as written
	line    int      // 1 is the first
	text    string   // the line as written, trimmed
}

// denial is a template that answers, in place of the plugins after it, that names do not exist.
type denial struct {
	zones []string // that it answers for; none: those of its server block
	line  int
	text  string
}

// parseCorefile reads server blocks and their forwards. It bounds nothing itself: a ConfigMap holds at most 1 MiB.
func parseCorefile(text string) corefile {
	var c corefile
	depth, zone := 0, ""
	var within *denial // the template whose block is read
	for n, line := range strings.Split(text, "\n") {
		words := corefileWords(line)
		for i, w := range words {
			switch {
			case w == "{":
				depth++
			case w == "}":
				depth--
				within = nil
			case depth == 0:
				zone = strings.TrimSpace(strings.Join(slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "{" }), " "))
			case depth == 1 && i == 0 && (w == "forward" || w == "proxy"):
				c.forwards = append(c.forwards, newForward(zone, words, n+1, line))
			case depth == 1 && i == 0 && w == "template":
				within = &denial{zones: templateZones(words), line: n + 1, text: strings.TrimSpace(line)}
			case depth == 2 && i == 0 && w == "rcode" && len(words) > 1 && strings.EqualFold(words[1], "NXDOMAIN") && within != nil:
				c.denials = append(c.denials, *within)
			}
			if depth < 0 && c.err == "" {
				c.err, c.errLine = "a closing brace without an opening one", n+1
			}
		}
	}
	if depth > 0 && c.err == "" {
		c.err, c.errLine = fmt.Sprintf("%d brace(s) never closed", depth), strings.Count(strings.TrimRight(text, "\n"), "\n")+1
	}
	return c
}

// templateZones are the zones of "template CLASS TYPE [ZONE...] {".
func templateZones(words []string) []string {
	var zones []string
	for _, w := range words[min(3, len(words)):] {
		if w == "{" {
			break
		}
		zones = append(zones, strings.ToLower(strings.TrimSuffix(w, ".")))
	}
	return zones
}

// covers says whether the template names a zone that the host is in.
func (d denial) covers(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return slices.ContainsFunc(d.zones, func(zone string) bool { return zone != "" && (host == zone || strings.HasSuffix(host, "."+zone)) })
}

// corefileWords splits a line; a word that begins with # ends it. Braces are words of their own only where white space sets them apart.
func corefileWords(line string) []string {
	words := strings.Fields(line)
	for i, w := range words {
		if strings.HasPrefix(w, "#") {
			return words[:i]
		}
	}
	return words
}

func newForward(zone string, words []string, line int, text string) forward {
	f := forward{zone: zone, port: "53", line: line, text: strings.TrimSpace(text)}
	first, _, _ := strings.Cut(zone, " ")
	if i := strings.LastIndexByte(first, ':'); i >= 0 && i < len(first)-1 {
		f.port = first[i+1:]
	}
	if len(words) > 1 {
		f.from = words[1]
	}
	for _, w := range words[min(2, len(words)):] {
		if w == "{" {
			break
		}
		f.targets = append(f.targets, w)
	}
	return f
}

// resolvConf is the target that stands for the name servers of the pod's own /etc/resolv.conf.
const resolvConf = "/etc/resolv.conf"

// loopsTo says why a target leads back to the server itself, or "" if it does not: a loopback address on the port that it listens
// on, or the Service address that stands for it. hostNetwork is whether the pods share their node's loopback, where another resolver
// may well listen.
func (f forward) loopsTo(target string, serviceIPs []string, hostNetwork bool) string {
	addr, port := targetAddress(target)
	switch {
	case !addr.IsValid() || port != f.port:
		return ""
	case slices.Contains(serviceIPs, addr.String()):
		return addr.String() + " is the cluster's DNS itself"
	case addr.IsLoopback() && !hostNetwork:
		return addr.String() + " is CoreDNS' own address"
	}
	return ""
}

// targetAddress reads "1.1.1.1", "dns://[::1]:53" and the like; invalid for names, files and other protocols.
func targetAddress(target string) (netip.Addr, string) {
	target = strings.TrimPrefix(target, "dns://")
	if strings.Contains(target, "://") {
		return netip.Addr{}, ""
	}
	if ap, err := netip.ParseAddrPort(target); err == nil {
		return ap.Addr(), fmt.Sprint(ap.Port())
	}
	addr, err := netip.ParseAddr(strings.Trim(target, "[]"))
	if err != nil {
		return netip.Addr{}, ""
	}
	return addr, "53"
}

// loopbackServers are the name servers of a resolv.conf that are loopback addresses.
func loopbackServers(resolv string) []string {
	var out []string
	for line := range strings.Lines(resolv) {
		if w := strings.Fields(line); len(w) >= 2 && w[0] == "nameserver" {
			if a, err := netip.ParseAddr(w[1]); err == nil && a.IsLoopback() {
				out = append(out, w[1])
			}
		}
	}
	return out
}
