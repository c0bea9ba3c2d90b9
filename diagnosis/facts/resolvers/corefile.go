package resolvers

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Corefile is as much of CoreDNS' configuration as the checks need. See https://coredns.io/manual/configuration.
type Corefile struct {
	Forwards []Forward
	Denials  []Denial
	Serves   []Served // in the order of their lines
	Err      string   // what is wrong with its structure; empty if nothing is
	ErrLine  int
}

// Served is a zone that a server block answers for.
type Served struct {
	Address string // as CoreDNS calls it: "dns://.:53"
	Line    int    // 1 is the first
}

// servedAs is the address of a server block's key, as CoreDNS calls it.
func servedAs(key string) string {
	scheme, zone, ok := strings.Cut(key, "://")
	if !ok {
		scheme, zone = "dns", key
	}
	zone, port, ok := strings.Cut(zone, ":")
	if !ok {
		port = map[string]string{"dns": "53", "tls": "853", "https": "443", "grpc": "443"}[scheme]
	}
	return scheme + "://" + strings.ToLower(strings.TrimSuffix(zone, ".")) + ".:" + port
}

// Forward is one "forward FROM TO..." (or its predecessor "proxy").
type Forward struct {
	ports   []string // at which the server block answers plain DNS
	From    string   // the base domain forwarded, such as "."
	Targets []string // as written
	Line    int      // 1 is the first
	Text    string   // the line as written, trimmed
	Zones   []string // of its server block, such as "." and "cluster.local"
	TCP     bool     // it is told to ask over TCP alone (force_tcp)
}

// Denial is a template that answers, in place of the plugins after it, that names do not exist.
type Denial struct {
	zones []string // that it answers for; none: those of its server block
	Line  int
	Text  string
}

// ParseCorefile reads server blocks and their forwards, with the snippets that they import. It bounds nothing itself: a ConfigMap holds at
// most 1 MiB.
func ParseCorefile(text string) Corefile {
	words, lines := corefileWords(text), strings.Split(text, "\n")
	var c Corefile
	switch open, line := unmatched(words); {
	case open < 0:
		c.Err, c.ErrLine = "a closing brace without an opening one", line
	case open > 0:
		c.Err, c.ErrLine = fmt.Sprintf("%d brace(s) never closed", open), strings.Count(strings.TrimRight(text, "\n"), "\n")+1
	}
	rest, snippets := snippetsOf(words)
	words = imported(rest, snippets, 0, nil)
	var block serverBlock
	for i, w := range words {
		args := argumentsOf(words[i:])
		line := strings.TrimSpace(lines[w.line-1])
		switch {
		case w.text == "{":
			block.depth, block.begun = block.depth+1, true
		case w.text == "}":
			block.depth = max(block.depth-1, 0)
			block.template = nil
		case block.names(w):
			key := strings.TrimSuffix(w.text, ",")
			block.keys, c.Serves = append(block.keys, key), append(c.Serves, Served{servedAs(key), w.line})
			block.more = strings.HasSuffix(w.text, ",")
		case !w.first:
		case block.depth == 1 && (w.text == "forward" || w.text == "proxy"):
			c.Forwards = append(c.Forwards, newForward(block.keys, args, w.line, line))
		case block.depth == 2 && w.text == "force_tcp" && len(c.Forwards) > 0 && block.template == nil:
			c.Forwards[len(c.Forwards)-1].TCP = true
		case block.depth == 1 && w.text == "template":
			block.template = &Denial{zones: templateZones(args), Line: w.line, Text: line}
		case block.depth == 2 && w.text == "rcode" && len(args) > 0 && strings.EqualFold(args[0], "NXDOMAIN") && block.template != nil:
			c.Denials = append(c.Denials, *block.template)
		}
	}
	return c
}

// serverBlock is where in a server block the reader is.
type serverBlock struct {
	keys     []string // what it answers for, such as ".:53"
	more     bool     // another key follows the comma
	begun    bool     // its brace was read, or it needs none
	depth    int      // of braces
	template *Denial  // whose block is read
}

// names says whether a word is one of the block's keys. Those of the only block of a Corefile may do without braces: what follows their
// line is in the block.
func (b *serverBlock) names(w corefileWord) bool {
	switch {
	case b.depth > 0:
		return false
	case !w.first || b.more:
		return true
	case len(b.keys) > 0 && !b.begun:
		b.depth, b.begun = 1, true
		return false
	}
	b.keys, b.begun = nil, w.text == "import" // of a file, beside the blocks
	return true
}

// argumentsOf are the words that follow the first on its line, up to a brace.
func argumentsOf(words []corefileWord) []string {
	var args []string
	for _, w := range words[1:] {
		if w.first || w.text == "{" {
			break
		}
		args = append(args, w.text)
	}
	return args
}

// templateZones are the zones of "template CLASS TYPE [ZONE...] {", without the first word.
func templateZones(args []string) []string {
	var zones []string
	for _, w := range args[min(2, len(args)):] {
		zones = append(zones, strings.ToLower(strings.TrimSuffix(w, ".")))
	}
	return zones
}

// Covers says whether the template names a zone that the host is in.
func (d Denial) Covers(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return slices.ContainsFunc(d.zones, func(zone string) bool { return zone != "" && (host == zone || strings.HasSuffix(host, "."+zone)) })
}

// newForward reads what follows the word in a server block of those keys.
func newForward(keys, args []string, line int, text string) Forward {
	f := Forward{Line: line, Text: text}
	for _, key := range keys {
		if port := portOfKey(key); port != "" {
			f.ports = append(f.ports, port)
		}
		f.Zones = append(f.Zones, zoneOfKey(key))
	}
	if len(args) > 0 {
		f.From, f.Targets = args[0], args[1:]
	}
	return f
}

// portOfKey is the port at which a server block answers plain DNS for a key: 53 of "." and of "dns://.", 5353 of "example.org:5353"; ""
// where it answers something else, as for "tls://.".
func portOfKey(key string) string {
	key = strings.TrimPrefix(key, "dns://")
	if strings.Contains(key, "://") {
		return ""
	}
	if i := strings.LastIndexByte(key, ':'); i >= 0 && i < len(key)-1 {
		return key[i+1:]
	}
	return "53"
}

// zoneOfKey is the zone of a server block's key: "." of ".:53", "cluster.local" of "dns://cluster.local.:53".
func zoneOfKey(key string) string {
	if _, after, ok := strings.Cut(key, "://"); ok {
		key = after
	}
	if i := strings.LastIndexByte(key, ':'); i >= 0 {
		key = key[:i]
	}
	if zone := strings.ToLower(strings.TrimSuffix(key, ".")); zone != "" {
		return zone
	}
	return "."
}

// Outside says whether the forward is for every name that no other block answers.
func (f Forward) Outside() bool {
	return f.From == "." && (len(f.Zones) == 0 || slices.Contains(f.Zones, "."))
}

// ResolvConf is the target that stands for the name servers of the pod's own /etc/resolv.conf.
const ResolvConf = "/etc/resolv.conf"

// LoopsTo says why a target leads back to the server itself, or "" if it does not: a loopback address on the port that it listens
// on, or the Service address that stands for it. hostNetwork is whether the pods share their node's loopback, where another resolver
// may well listen.
func (f Forward) LoopsTo(target string, serviceIPs []string, hostNetwork bool) string {
	addr, port := targetAddress(target)
	switch {
	case !addr.IsValid() || !slices.Contains(f.ports, port):
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

// Nameservers are the name servers of a resolv.conf.
func Nameservers(resolv string) []string {
	var out []string
	for line := range strings.Lines(resolv) {
		if w := strings.Fields(line); len(w) >= 2 && w[0] == "nameserver" {
			out = append(out, w[1])
		}
	}
	return out
}

// LoopbackServers are the name servers of a resolv.conf that are loopback addresses.
func LoopbackServers(resolv string) []string {
	return slices.DeleteFunc(Nameservers(resolv), func(server string) bool {
		a, err := netip.ParseAddr(server)
		return err != nil || !a.IsLoopback()
	})
}
