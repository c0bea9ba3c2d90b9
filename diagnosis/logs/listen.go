package logs

import (
	"regexp"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
)

// Listener is where a program says that it listens.
type Listener struct {
	Host string // the address, where it names one; empty: all
	Port string
	Line string // that says so, bounded
}

// Alone says whether only the program's own pod can reach it there.
func (l Listener) Alone() bool {
	return strings.HasPrefix(l.Host, "127.") || l.Host == "localhost" || l.Host == "::1" || l.Host == "[::1]"
}

// listenWords mark the lines that may say where the program listens.
var listenWords = []string{"listen", "running on", "running at", "serving on", "serving at", "serving securely", "started on", "started at",
	"on port", "port(s)", "port: ", "bound to", "ready on", "accessible at", "available at", "starting server", "starting http",
	"server at http", "local:"}

var (
	// listening are the words before an address or a port, as servers of many languages write them.
	listening = regexp.MustCompile(`(?i)(?:\blisten(?:ing|er)?s?\b(?: now)?|\b(?:running|serving(?: securely)?|started|ready|available|accessible|bound)\b[^:]{0,40}?\b(?:on|at|to)\b|` +
		`\bport(?:\(s\)|s)?\b|\bstart(?:ing|ed)\b.{0,24}\bserver\b|\bserver\b.{0,16}\b(?:at|on)\b|\blocal:)`)
	listenAt = regexp.MustCompile(`(?i)(?:(?:tcp|udp|https?|grpc|ws)://)?(\[[0-9a-f:.%]*\]|[a-z0-9_*](?:[a-z0-9_.-]*[a-z0-9_*])?|)?:([1-9]\d{1,4})\b`)
	onPort   = regexp.MustCompile(`(?i)\b(?:port(?:\(s\)|s)?|listening on|listening at)["'=:\s]{1,4}([1-9]\d{1,4})\b`)
	// a program that fails to listen, calls another, or tells of a listener that it has closed
	notListening = regexp.MustCompile(`(?i)\b(?:failed|denied|refused|cannot|can't|could not|unable|error|in use|stop(?:ped|ping)?|clos(?:ed|ing)|not listening|connect(?:ed|ing)? to|upstream|forward(?:ing)?|` +
		`no longer|already|attempt|trying|request|waiting for)\b`)
)

// listeners are where the log says that its program listens.
func (d *document) listeners() []Listener {
	var out []Listener
	for _, i := range slices.Backward(d.listens) {
		r := parse(d.lines[i])
		text := clip.Bytes(r.text, maxRecord)
		if strings.Contains(d.lines[i], "=") || strings.HasPrefix(d.lines[i], "{") { // the address is often in a field beside the message
			text = clip.Bytes(d.lines[i], maxRecord)
		}
		loc := listening.FindStringIndex(text)
		if r.level >= failure || loc == nil || notListening.MatchString(text) {
			continue
		}
		for _, l := range addresses(text[loc[0]:]) {
			l.Line = clip.Middle(strings.TrimSpace(d.lines[i]), maxLine)
			same := func(o Listener) bool { return o.Host == l.Host && o.Port == l.Port }
			if !slices.ContainsFunc(out, same) && len(out) < maxListens {
				out = append(out, l)
			}
		}
	}
	return out
}

// addresses are the addresses and ports in what follows the words that a program listens.
func addresses(text string) []Listener {
	var out []Listener
	for _, at := range listenAt.FindAllStringSubmatchIndex(text, 8) {
		host, port := strings.Trim(text[at[2]:at[3]], "*"), text[at[4]:at[5]]
		switch {
		case host == "" && at[0] > 0 && isWord(text[at[0]-1]), host != "" && strings.Trim(host, "0123456789") == "", !isHost(host):
			continue // a time of day
		case unspecified(host):
			host = ""
		}
		out = append(out, Listener{Host: host, Port: port})
	}
	if len(out) == 0 {
		for _, m := range onPort.FindAllStringSubmatch(text, 4) {
			out = append(out, Listener{Port: m[1]})
		}
	}
	return out
}

// unspecified says whether an address stands for all of the program's.
func unspecified(host string) bool {
	return host == "0.0.0.0" || host == "[::]" || host == "::" || host == "_"
}
