package logs

import (
	"net/netip"
	"regexp"
	"strings"
)

var (
	// what a resolver was asked for, in Go's words: other lookups than of names fail as well
	lookedUp = regexp.MustCompile(`(?i)\blookup ([a-z0-9_.-]+)(?: on [^ ]+:53\b|: (?:no such|i/o |server |temporary|device|context))`)
	hostPort = regexp.MustCompile(`(?i)([a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*)\.?:([0-9]{1,5})\b`)
	hostName = regexp.MustCompile(`(?i)\b([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+)\b`)
	// a host without dots or port, where the words around it say that it is one
	namedHost = regexp.MustCompile(`(?i)(?:resolve(?: host)?:?|host name|bad address|enotfound|eai_again|unknownhostexception:|find) ['"]?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)`)
	// Python's requests and urllib3; fields of a client's own (PDO's, a structured log's); libpq; and URLs without a port
	keyedHost  = regexp.MustCompile(`\bhost='([^']+)'(?:, port=([0-9]+))?`)
	fieldsHost = regexp.MustCompile(`(?i)\bhost(?:name)?(?:: ?|=)["']?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)["']?[,;]? port(?:: ?|=)["']?([0-9]{1,5})\b`)
	serverHost = regexp.MustCompile(`(?i)\bconnection to server at "([^"]+)"(?: \([^)]*\))?, port ([0-9]+)`)
	urlHost    = regexp.MustCompile(`(?i)\b(?:[a-z][a-z0-9+.-]{1,20})://(?:[^\s/@"']{0,100}@)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::([0-9]{1,5}))?`)
	resetPeer  = regexp.MustCompile(`->([^\s:]+):([0-9]{1,5})`)
	// dotted words that are no hosts: source files, and the names of exceptions
	sourceExt = regexp.MustCompile(`(?i)\.(go|py|js|mjs|cjs|ts|tsx|java|kt|rb|rs|c|cc|cpp|h|php|cs|ex|exs|scala|json|yaml|yml|conf|log|sh|so)$|(exception|error)$`)
)

// hostIn finds the host that a line complains about. Names win over addresses: next to a name, an address is its resolver's or its own.
func hostIn(line string, kind Kind) (host, port string) {
	for _, re := range []*regexp.Regexp{keyedHost, fieldsHost, serverHost} {
		if m := re.FindStringSubmatch(line); m != nil && isHost(m[1]) {
			return m[1], m[2]
		}
	}
	if kind == NameUnresolved {
		for _, re := range []*regexp.Regexp{lookedUp, namedHost} {
			if m := re.FindStringSubmatch(line); m != nil && isHost(m[1]) && !isAddress(m[1]) {
				return strings.TrimRight(m[1], "."), ""
			}
		}
	}
	if m := resetPeer.FindStringSubmatch(line); m != nil && kind != NameUnresolved && isHost(m[1]) {
		return m[1], m[2]
	}
	var address []string
	for _, at := range hostPort.FindAllStringSubmatchIndex(line, 8) {
		m := []string{line[at[0]:at[1]], line[at[2]:at[3]], line[at[4]:at[5]]}
		switch {
		case column.MatchString(line[at[1]:]) || !isHost(m[1]) || len(strings.Trim(m[1], "0123456789")) == 0:
		case isAddress(m[1]):
			address = m
		default:
			return m[1], m[2]
		}
	}
	if address != nil && kind != NameUnresolved {
		return address[1], address[2]
	}
	if m := urlHost.FindStringSubmatch(line); m != nil && isHost(m[1]) {
		return m[1], m[2]
	}
	for _, m := range hostName.FindAllStringSubmatch(line, 8) {
		if isHost(m[1]) && !isAddress(m[1]) && (kind == NameUnresolved || strings.Contains(m[1], ".svc")) {
			return m[1], ""
		}
	}
	if m := nodeAddress.FindStringSubmatch(line); m != nil && kind != NameUnresolved {
		return m[1], ""
	}
	return "", ""
}

// column follows a line's number where a place in a program is named, which looks like a host with its port (node:internal/timers:529:7).
var column = regexp.MustCompile(`^:\d+\b`)

// nodeAddress is Node's "connect EHOSTUNREACH 10.0.0.1" and the like: an address without its port.
var nodeAddress = regexp.MustCompile(`\bconnect E[A-Z]+ (\d+\.\d+\.\d+\.\d+)`)

func isAddress(host string) bool { _, err := netip.ParseAddr(host); return err == nil }

func isHost(host string) bool {
	return len(host) <= 253 && !sourceExt.MatchString(host) && !moment.MatchString(host)
}

// moment is the first part of a time stamp, whose minutes look like a port.
var moment = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt_]\d\d$`)
