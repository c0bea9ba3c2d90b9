package commands

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// What is taken out of a message that somebody else wrote: bounds, for it may be anything.
const (
	maxMessage      = 32 << 10 // bytes that are read of it
	mostNamedSpaces = 3
	mostNames       = 6  // objects
	mostScopes      = 24 // scopes that are tried
)

// named is what a message names: names alone, of the shapes that Kubernetes and Prometheus allow.
type named struct {
	alert      string
	namespaces []string
	objects    []namedObject
}

// namedObject is a name with its kind, as it may be typed, and its namespace; either may be missing.
type namedObject struct{ kind, namespace, name string }

// nameShape is what Kubernetes calls objects: RFC 1123's subdomains.
const nameShape = `([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)`

// decor is what templates put around words: Slack's marks, quotes, blanks.
const decor = "[*_`~\"'“”‘’ \\t]*"

// keyedName are the labels by which alerts name things, as Alertmanager's, Grafana's, Robusta's and Botkube's messages write them:
// namespace="shop", "namespace = shop", "• *namespace:* `shop`", "*Namespace*" above "shop", and in links var-namespace=shop.
var keyedName = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])(?:var-|exported_|kubernetes_)?(namespace|pod|pod_name|deployment|statefulset|daemonset|job_name|` +
	`cronjob|node|workload|persistentvolumeclaim|pvc|horizontalpodautoscaler|ingress|kind|resource|name)` + decor + `(?:[:=]|=~|:=|\n+)` + decor + nameShape +
	`(?:$|[^a-z0-9_-])`)

// spokenName are names in a sentence: "pod web-1 in namespace shop", "Pod shop/web-1", "deployment/web".
var spokenName = regexp.MustCompile(`(?i)\b(namespace|pod|deployment|statefulset|daemonset|job|cronjob|node|service)(?:\.apps|\.batch)?(?:/|` + decor + `\s` +
	decor + `)` + nameShape + `(?:/` + nameShape + `)?`)

// podNames are names that only pods of a Deployment have, wherever they stand.
var podNames = regexp.MustCompile(`\b([a-z0-9](?:[a-z0-9-]{0,200}[a-z0-9])?)-[a-f0-9]{7,10}-[a-z0-9]{5}\b`)

// alertNames are an alert's name, by its label or in the title that Alertmanager and Grafana give.
var alertNames = regexp.MustCompile(`(?i)(?:alertname` + decor + `[:=]` + decor + `|\[(?:FIRING|RESOLVED|Alerting)(?::\d+)?\]` + decor +
	`)([A-Za-z_][A-Za-z0-9_]{2,99})`)

// linked are the links in a message.
var linked = regexp.MustCompile(`https?://[^\s<>|"]+`)

// namesIn takes out of a message's text what it names. It takes names alone, and executes nothing.
func namesIn(text string) named {
	text = unlinked(clip.Bytes(text, maxMessage))
	var n named
	if m := alertNames.FindStringSubmatch(text); m != nil {
		n.alert = m[1]
	}
	kind := ""
	for _, m := range keyedName.FindAllStringSubmatch(doubled(text), -1) {
		key, value := strings.ToLower(m[1]), strings.ToLower(m[2])
		switch key {
		case "namespace":
			n.namespace(value)
		case "kind", "resource":
			kind = value
		case "name":
			if kind != "" { // Botkube's: a kind, and then a name
				n.object(kind, "", value)
			}
		default:
			n.object(labelKind(key), "", value)
		}
	}
	for _, m := range spokenName.FindAllStringSubmatch(text, -1) {
		key, said, below := strings.ToLower(m[1]), strings.ToLower(m[2]), strings.ToLower(m[3])
		switch {
		case key == "namespace":
			n.namespace(said)
		case below != "":
			n.object(key, said, below)
		default:
			n.object(key, "", said)
		}
	}
	for _, m := range podNames.FindAllStringSubmatch(text, -1) {
		n.object("pod", "", m[0])
		n.object("deployment", "", m[1]) // the pod may be gone
	}
	return n
}

// unlinked is a text with its links readable: what they escape is no name.
func unlinked(text string) string {
	return linked.ReplaceAllStringFunc(text, func(link string) string {
		if plain, err := url.QueryUnescape(link); err == nil {
			return plain
		}
		return link
	})
}

// doubled has what separates two labels twice, for a match takes it away from the next one.
func doubled(text string) string {
	return strings.NewReplacer(",", ",,", "\n", "\n\n", "&", "&&", " ", "  ").Replace(strings.ReplaceAll(text, "\r", ""))
}

// labelKind is the kind that a label names; "workload" may be of any.
func labelKind(key string) string {
	switch key {
	case "pod_name":
		return "pod"
	case "job_name":
		return "job"
	case "pvc":
		return "persistentvolumeclaim"
	case "workload":
		return ""
	}
	return key
}

func (n *named) namespace(name string) {
	if len(n.namespaces) < mostNamedSpaces && len(name) <= 63 && !slices.Contains(n.namespaces, name) {
		n.namespaces = append(n.namespaces, name)
	}
}

func (n *named) object(kind, namespace, name string) {
	o := namedObject{kind, namespace, name}
	if len(n.objects) < mostNames && !slices.Contains(n.objects, o) && !slices.Contains(noNames, name) {
		n.objects = append(n.objects, o)
	}
}

// noNames are words that stand behind a kind in sentences.
var noNames = []string{"is", "in", "has", "was", "are", "and", "or", "of", "the", "a", "to", "on", "with", "not", "for", "name",
	"status", "restarts", "crash", "crashing", "failed", "running", "pending"}

// asks are the scopes that a message may be about, the most exact first.
func (n named) asks() []incident.Asked {
	var out []incident.Asked
	add := func(namespace string, words ...string) {
		words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
		same := func(a incident.Asked) bool { return a.Namespace == namespace && slices.Equal(a.Words, words) }
		if len(out) < mostScopes && !slices.ContainsFunc(out, same) {
			out = append(out, incident.Asked{Namespace: namespace, Words: words, Hurts: true})
		}
	}
	for _, o := range n.objects {
		if o.namespace != "" {
			add(o.namespace, o.kind, o.name)
			continue
		}
		for _, namespace := range n.namespaces {
			add(namespace, o.kind, o.name)
		}
	}
	for _, o := range n.objects {
		if o.kind != "" && o.namespace == "" && (len(n.namespaces) == 0 || o.kind == "node") {
			add("", o.kind, o.name)
		}
	}
	for _, namespace := range n.namespaces {
		add(namespace)
	}
	return out
}
