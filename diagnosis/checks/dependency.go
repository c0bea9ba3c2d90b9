package checks

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Why a dependency could not be reached.
type Why string

// The reasons that logs give.
const (
	WhyName    Why = "name"    // its name did not resolve
	WhyRefused Why = "refused" // it, or what stands in for it, refused the connection
	WhyTimeout Why = "timeout" // nothing answered
)

// Dependency is what a log says that a program could not reach.
type Dependency struct {
	Host string // as the log has it: a name, or an address
	Port string // empty where the log names none
	Why  Why
	Line string // the line that says so
}

// String is "cannot resolve x" and the like, for titles.
func (d Dependency) String() string {
	host := d.Host
	if d.Port != "" {
		host += ":" + d.Port
	}
	switch d.Why {
	case WhyName:
		return "cannot resolve " + d.Host
	case WhyRefused:
		return host + " refuses connections"
	}
	return host + " does not answer"
}

// complaints are what programs say when they can't reach another, in lower case; the first that a line holds decides. Resolver
// complaints come before time-outs, for a lookup can time out as well.
var complaints = []struct {
	words string
	why   Why
}{
	{"enotfound", WhyName},
	{"eai_again", WhyName},
	{"no such host", WhyName},
	{"server misbehaving", WhyName},
	{"nxdomain", WhyName},
	{"servfail", WhyName},
	{"name or service not known", WhyName},
	{"temporary failure in name resolution", WhyName},
	{"could not resolve host", WhyName},
	{"could not translate host name", WhyName},
	{"nodename nor servname provided", WhyName},
	{"unknownhostexception", WhyName},
	{"can't resolve", WhyName},
	{"bad address", WhyName},
	{"name does not resolve", WhyName},
	{"connection refused", WhyRefused},
	{"econnrefused", WhyRefused},
	{"i/o timeout", WhyTimeout},
	{"connection timed out", WhyTimeout},
	{"etimedout", WhyTimeout},
	{"no route to host", WhyTimeout},
}

var (
	lookedUp = regexp.MustCompile(`(?i)\blookup ([a-z0-9_.-]+)`)
	hostPort = regexp.MustCompile(`(?i)([a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*)\.?:([0-9]{1,5})\b`)
	hostName = regexp.MustCompile(`(?i)\b([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+)\b`)
	// a host without dots or port, where the words around it say that it is one
	namedHost = regexp.MustCompile(`(?i)(?:resolve(?: host)?:?|host name|bad address|enotfound|eai_again|unknownhostexception:|find) ['"]?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)`)
	// Python's requests and urllib3
	keyedHost = regexp.MustCompile(`\bhost='([^']+)'(?:, port=([0-9]+))?`)
	// dotted words that are no hosts: source files, and the names of exceptions
	sourceExt = regexp.MustCompile(`(?i)\.(go|py|js|mjs|cjs|ts|tsx|java|kt|rb|rs|c|cc|cpp|h|php|cs|ex|scala|json|yaml|yml|conf|log|sh|so)$|(exception|error)$`)
)

const (
	maxLogLines = 60 // of a tail that are looked at
	maxLine     = 300
	maxNeeds    = 4 // different dependencies taken from one log
)

// Dependencies finds in a log's tail what the program could not reach, newest first, each once. Where a complaint names no host, the
// two lines above it are looked at: many programs say whom they called on one line and why it failed on the next.
func Dependencies(text string) []Dependency {
	lines := tail(text)
	var found []Dependency
	for i := len(lines) - 1; i >= 0 && len(found) < maxNeeds; i-- {
		why, ok := complaint(lines[i])
		if !ok {
			continue
		}
		for j := i; j >= 0 && j >= i-2; j-- {
			host, port := hostIn(lines[j], why)
			if host == "" {
				if _, other := complaint(lines[j]); other && j != i {
					break
				}
				continue
			}
			d := Dependency{Host: host, Port: port, Why: why, Line: lines[j]}
			if j != i {
				d.Line += "\n" + lines[i]
			}
			same := func(e Dependency) bool { return e.Host == d.Host && e.Port == d.Port && e.Why == d.Why }
			if !slices.ContainsFunc(found, same) {
				found = append(found, d)
			}
			break
		}
	}
	return found
}

func complaint(line string) (Why, bool) {
	low := strings.ToLower(line)
	for _, c := range complaints {
		if strings.Contains(low, c.words) {
			if c.why == WhyTimeout && lookedUp.MatchString(line) {
				return WhyName, true
			}
			return c.why, true
		}
	}
	return "", false
}

// hostIn finds the host that a line complains about. Names win over addresses: next to a name, an address is its resolver's or its own.
func hostIn(line string, why Why) (host, port string) {
	if m := keyedHost.FindStringSubmatch(line); m != nil && isHost(m[1]) {
		return m[1], m[2]
	}
	if why == WhyName {
		for _, re := range []*regexp.Regexp{lookedUp, namedHost} {
			if m := re.FindStringSubmatch(line); m != nil && isHost(m[1]) && !isAddress(m[1]) {
				return strings.TrimRight(m[1], "."), ""
			}
		}
	}
	var address []string
	for _, m := range hostPort.FindAllStringSubmatch(line, 8) {
		switch {
		case !isHost(m[1]) || len(strings.Trim(m[1], "0123456789")) == 0:
		case isAddress(m[1]):
			address = m
		default:
			return m[1], m[2]
		}
	}
	if address != nil && why != WhyName {
		return address[1], address[2]
	}
	for _, m := range hostName.FindAllStringSubmatch(line, 8) {
		if isHost(m[1]) && !isAddress(m[1]) && (why == WhyName || strings.Contains(m[1], ".svc")) {
			return m[1], ""
		}
	}
	return "", ""
}

func isAddress(host string) bool { _, err := netip.ParseAddr(host); return err == nil }

func isHost(host string) bool { return len(host) <= 253 && !sourceExt.MatchString(host) }

// tail returns a log's last lines, each bounded, without empty ones.
func tail(text string) []string {
	var lines []string
	for len(text) > 0 && len(lines) < maxLogLines {
		i := strings.LastIndexByte(text, '\n')
		if line := strings.TrimSpace(text[i+1:]); line != "" {
			lines = append(lines, oneLine(line, maxLine))
		}
		text = text[:max(i, 0)]
	}
	slices.Reverse(lines)
	return lines
}

// telling are words that mark the lines worth showing.
var telling = regexp.MustCompile(`(?i)\b(error|fatal|panic|exception|traceback|failed|failure|cannot|can't|could not|denied|refused|no such|not found|invalid|missing|unable|unknown|killed)\b|\[(ERROR|FATAL)\]|level=(error|fatal)|enotfound|econnrefused`)

// TellingLines picks from a log's tail the lines that say what went wrong, at most n, in order; the last ones if none stands out.
func TellingLines(text string, n int) []string {
	lines := tail(text)
	var out []string
	for i := len(lines) - 1; i >= 0 && len(out) < n; i-- {
		if telling.MatchString(lines[i]) {
			out = append(out, lines[i])
		}
	}
	if len(out) == 0 {
		return lines[max(0, len(lines)-n):]
	}
	slices.Reverse(out)
	return out
}

// ServiceOf says which Service a host means to a pod of the namespace: "svc.ns.svc.cluster.local" and its shorter forms, or a cluster IP.
// ok is false for a host outside the cluster. The Service need not exist if the name's form says that it is one's.
func ServiceOf(s *snapshot.Snapshot, host, namespace string) (service incident.Object, ok bool) {
	host = strings.ToLower(strings.TrimRight(host, "."))
	name, _, isService := strings.Cut(host+".", ".svc.")
	parts := strings.Split(name, ".")
	switch {
	case isService && len(parts) >= 2: // a pod of a headless Service has one label more in front
		return snapshot.ObjectOf("Service", parts[len(parts)-1], parts[len(parts)-2]), true
	case isService:
		return incident.Object{}, false
	}
	parts = strings.Split(host, ".")
	if len(parts) == 1 && s.Service(namespace, host) != nil {
		return snapshot.ObjectOf("Service", namespace, host), true
	}
	if len(parts) == 2 && s.Service(parts[1], parts[0]) != nil {
		return snapshot.ObjectOf("Service", parts[1], parts[0]), true
	}
	return incident.Object{}, false
}

// needsOf is for titles: the first dependency, and how many more.
func needsOf(needs []Dependency) string {
	if len(needs) == 1 {
		return needs[0].String()
	}
	return fmt.Sprintf("%s, and %d more", needs[0], len(needs)-1)
}
