package ingress

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// claimant is a resource that asks for hosts: an Ingress, or a custom resource whose spec names some.
type claimant struct {
	object incident.Object
	hosts  []string          // in small letters
	field  string            // that names the first of them
	made   time.Time         // when it was made
	above  []incident.Object // what it belongs to, the nearest first
	status map[string]any    // of a custom resource
	served bool              // it has an address of its controller
	serves bool              // it asks for hosts to serve them, rather than to have them certified
}

// Bounds on what is read of one resource.
const (
	mostHosts   = 24
	hostDepth   = 6
	statusDepth = 5
	mostAbove   = 5
)

// hostKeys are the keys of a spec under which a resource names the hosts that it asks for.
var hostKeys = []string{"host", "hosts", "hostname", "hostnames", "fqdn", "fqdns", "domain", "domains", "virtualhost", "virtualhosts",
	"servername", "servernames", "dnsname"}

var (
	// hostName is a name of several parts, perhaps with a star for the first.
	hostName = regexp.MustCompile(`^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$`)
	// hostRule is how Traefik's rules name hosts.
	hostRule = regexp.MustCompile(`Host(?:SNI)?\(([^)]*)\)`)
	ticked   = regexp.MustCompile("[`\"']([^`\"']+)[`\"']")
)

// kin says whether one belongs to the other, or both to the same.
func (c *claimant) kin(other *claimant) bool {
	return slices.Contains(c.above, other.object) || slices.Contains(other.above, c.object) ||
		len(c.above) > 0 && len(other.above) > 0 && c.above[0] == other.above[0]
}

func (c *claimant) add(field, host string) {
	if host = strings.ToLower(strings.TrimSuffix(host, ".")); !hostName.MatchString(host) || len(c.hosts) == mostHosts ||
		slices.Contains(c.hosts, host) {
		return
	}
	if len(c.hosts) == 0 {
		c.field = field
	}
	c.hosts = append(c.hosts, host)
}

// claimantsIn are the resources that ask for hosts.
func claimantsIn(s *snapshot.Snapshot) []claimant {
	var out []claimant
	for i := range s.Ingresses {
		g := &s.Ingresses[i]
		c := claimant{object: ingressObject(g), made: g.CreationTimestamp.Time, above: aboveOf(s, g),
			served: len(g.Status.LoadBalancer.Ingress) > 0, serves: true}
		for j, x := range g.Spec.Rules {
			c.add(fmt.Sprintf("spec.rules[%d].host", j), x.Host)
		}
		if len(c.hosts) > 0 && g.DeletionTimestamp == nil {
			out = append(out, c)
		}
	}
	for i := range s.Customs {
		o := &s.Customs[i]
		spec, _ := o.Object["spec"].(map[string]any)
		if spec == nil || o.GetDeletionTimestamp() != nil {
			continue
		}
		c := claimant{object: snapshot.CustomObject(o), made: o.GetCreationTimestamp().Time,
			serves: !strings.Contains(o.GroupVersionKind().Group, "cert")}
		c.read("spec", spec, 0)
		if low := strings.ToLower(o.GetKind()); strings.Contains(low, "domain") || strings.Contains(low, "host") {
			c.add("metadata.name", o.GetName())
		}
		if len(c.hosts) > 0 {
			c.above = aboveOf(s, o)
			c.status, _ = o.Object["status"].(map[string]any)
			out = append(out, c)
		}
	}
	return out
}

// aboveOf are the controllers of an object, up to the topmost, as far as they are there.
func aboveOf(s *snapshot.Snapshot, o metav1.Object) []incident.Object {
	var out []incident.Object
	for range mostAbove {
		owner := metav1.GetControllerOfNoCopy(o)
		if owner == nil {
			break
		}
		x := snapshot.ObjectOf(owner.Kind, o.GetNamespace(), owner.Name)
		u := s.Custom(x)
		if u == nil {
			break
		}
		out, o = append(out, x), u
	}
	return out
}

// read finds the hosts under a part of a spec.
func (c *claimant) read(path string, value any, depth int) {
	if depth > hostDepth || len(c.hosts) == mostHosts {
		return
	}
	switch of := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(of)) {
			c.readKey(path+"."+key, key, of[key], depth)
		}
	case []any:
		for i, x := range of {
			c.read(fmt.Sprintf("%s[%d]", path, i), x, depth+1)
		}
	}
}

func (c *claimant) readKey(path, key string, value any, depth int) {
	isHost := slices.Contains(hostKeys, strings.ToLower(key))
	switch v := value.(type) {
	case string:
		if isHost {
			c.add(path, v)
		}
		for _, rule := range hostRule.FindAllStringSubmatch(v, -1) {
			for _, h := range ticked.FindAllStringSubmatch(rule[1], -1) {
				c.add(path, h[1])
			}
		}
	case []any:
		for _, x := range v {
			if h, ok := x.(string); ok && isHost {
				c.add(path, h)
			}
		}
		c.read(path, v, depth+1)
	default:
		c.read(path, v, depth+1)
	}
}

// refusedIn finds the refusal that a part of a status tells: by a condition that is not as it should be, or by a message beside a state.
func refusedIn(c *claimant, path string, value any, depth int) (refusal, bool) {
	if depth > statusDepth {
		return refusal{}, false
	}
	switch of := value.(type) {
	case map[string]any:
		reason, kind, status := kube.StringAt(of, "reason"), kube.StringAt(of, "type"), kube.StringAt(of, "status")
		conflict := takenReason.MatchString(kind) || strings.Contains(strings.ToLower(kind), "conflict")
		for _, key := range []string{"message", "description", "reason"} {
			words := kube.StringAt(of, key)
			if words == "" || !saysTaken(reason, words, c.hosts) || status == "True" && !conflict && goodType(kind) ||
				status == "False" && conflict {
				continue
			}
			since, _ := time.Parse(time.RFC3339, kube.StringAt(of, "lastTransitionTime"))
			return refusal{words, since, finding.SeenAPI(c.object, path, since, strings.TrimPrefix(reason+": "+words, ": ")), false}, true
		}
		for _, key := range slices.Sorted(maps.Keys(of)) {
			if x, ok := refusedIn(c, path+"."+key, of[key], depth+1); ok {
				return x, true
			}
		}
	case []any:
		for i, v := range of {
			if x, ok := refusedIn(c, fmt.Sprintf("%s[%d]", path, i), v, depth+1); ok {
				return x, true
			}
		}
	}
	return refusal{}, false
}

// goodType says whether a condition's type is one that is well when it is True.
func goodType(kind string) bool {
	low := strings.ToLower(kind)
	return !strings.Contains(low, "error") && !strings.Contains(low, "fail") && !strings.Contains(low, "invalid") &&
		!strings.Contains(low, "warning")
}
