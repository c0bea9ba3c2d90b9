package eval

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"
)

// DefaultWithin is how long a live case may take unless it says otherwise.
const DefaultWithin = 90 * time.Second

// maxNamespace is the longest name that a namespace may have.
const maxNamespace = 63

// Namespace is the one that a live run of the case has for itself.
func (c Case) Namespace() string {
	name := "case-" + strings.ToLower(path.Base(c.Name))
	return strings.TrimRight(name[:min(len(name), maxNamespace)], "-")
}

// Staged is the case as it runs live: every $NS, in what is expected as in the manifests and the shell lines, is its namespace.
// Manifests keep their moments, see [Moments].
func (c Case) Staged() Case {
	set := func(s string) string { return strings.ReplaceAll(s, "$NS", c.Namespace()) }
	list := func(in []string) []string {
		out := make([]string, len(in))
		for i, s := range in {
			out[i] = set(s)
		}
		return out
	}
	roots := make([]Root, len(c.Root))
	for i, r := range c.Root {
		roots[i] = Root{Object: set(r.Object), Or: list(r.Or), Codes: r.Codes, Says: list(r.Says)}
	}
	c.Root, c.Quiet, c.Also = roots, list(c.Quiet), list(c.Also)
	c.Live = bytes.ReplaceAll(c.Live, []byte("$NS"), []byte(c.Namespace()))
	c.Setup, c.Teardown = set(c.Setup), set(c.Teardown)
	if c.Within.Duration == 0 {
		c.Within.Duration = DefaultWithin
	}
	return c
}

var moment = regexp.MustCompile(`\$\{(ago|in):([0-9a-z.]+)\}|\$\{now\}`)

// Moments replaces ${ago:10m} and ${in:1h} by times around the run's beginning, and ${now} by the present, as the API writes them.
func Moments(manifests []byte, began, now time.Time) ([]byte, error) {
	var wrong error
	out := moment.ReplaceAllFunc(manifests, func(m []byte) []byte {
		at := now
		if parts := moment.FindSubmatch(m); len(parts[1]) > 0 {
			d, err := time.ParseDuration(string(parts[2]))
			if err != nil {
				wrong = fmt.Errorf("%s: %w", m, err)
			}
			if string(parts[1]) == "ago" {
				d = -d
			}
			at = began.Add(d)
		}
		return []byte(at.UTC().Format(time.RFC3339))
	})
	return out, wrong
}
