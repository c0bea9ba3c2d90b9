package netpol

import (
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// policyCluster has two namespaces, a caller, and a database that names its port.
const policyCluster = `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: a}}
---
apiVersion: v1
kind: Namespace
metadata: {name: data, labels: {team: b}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
status: {podIP: 10.42.0.5}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop, labels: {app: web}}
spec: {hostNetwork: true, containers: []}
status: {podIP: 192.168.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: data, labels: {app: db}}
spec: {containers: [{name: main, image: x, ports: [{name: pg, containerPort: 5432}]}]}
status: {podIP: 10.42.0.6}
`

// TestPolicies: what the API says of NetworkPolicies, case by case. The flow is from shop/web to data/db:5432 by TCP unless the case says
// otherwise; a policy is given by its namespace and spec.
func TestPolicies(t *testing.T) {
	for _, c := range []struct {
		name, namespace, spec string
		from                  string
		to                    string // an address outside; empty: data/db
		protocol              corev1.Protocol
		cut                   bool
	}{
		{name: "no rule at all", namespace: "shop", spec: "{podSelector: {}, policyTypes: [Egress]}", cut: true},
		{name: "of another namespace", namespace: "default", spec: "{podSelector: {}, policyTypes: [Ingress, Egress]}"},
		{name: "selects others", namespace: "shop", spec: "{podSelector: {matchLabels: {app: api}}, policyTypes: [Egress]}"},
		{name: "types default to ingress alone", namespace: "shop", spec: "{podSelector: {}}"},
		{name: "types default to egress where it has rules", namespace: "shop", spec: "{podSelector: {}, egress: [{ports: [{port: 53}]}]}",
			cut: true},
		{name: "ingress denies by default", namespace: "data", spec: "{podSelector: {}}", cut: true},
		{name: "an empty rule allows all", namespace: "data", spec: "{podSelector: {}, ingress: [{}]}"},
		{name: "the port by number", namespace: "data", spec: "{podSelector: {}, ingress: [{ports: [{port: 5432}]}]}"},
		{name: "the port by its name", namespace: "data", spec: "{podSelector: {}, ingress: [{ports: [{port: pg}]}]}"},
		{name: "a name that the pod does not have", namespace: "data", spec: "{podSelector: {}, ingress: [{ports: [{port: postgres}]}]}",
			cut: true},
		{name: "a range", namespace: "data", spec: "{podSelector: {}, ingress: [{ports: [{port: 5000, endPort: 5432}]}]}"},
		{name: "beyond a range", namespace: "data", spec: "{podSelector: {}, ingress: [{ports: [{port: 5000, endPort: 5431}]}]}", cut: true},
		{name: "another protocol", namespace: "data", spec: "{podSelector: {}, ingress: [{ports: [{port: 5432, protocol: UDP}]}]}", cut: true},
		{name: "by that protocol", namespace: "data", spec: "{podSelector: {}, ingress: [{ports: [{protocol: UDP}]}]}",
			protocol: corev1.ProtocolUDP},
		{name: "pods of the policy's own namespace", namespace: "data",
			spec: "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}", cut: true},
		{name: "a namespace", namespace: "data", spec: "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: a}}}]}]}"},
		{name: "a namespace by its name", namespace: "data",
			spec: "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]}]}"},
		{name: "pods within a namespace", namespace: "data",
			spec: "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: a}}, podSelector: {matchLabels: {app: api}}}]}]}",
			cut:  true},
		{name: "either of two peers", namespace: "data",
			spec: "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: api}}}, {namespaceSelector: {}}]}]}"},
		{name: "peer and port in different rules", namespace: "data",
			spec: "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 80}]}, {from: [{podSelector: {}}], ports: " +
				"[{port: 5432}]}]}", cut: true},
		{name: "out to an address", namespace: "shop",
			spec: "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 203.0.113.0/24}}]}]}", to: "203.0.113.9"},
		{name: "out to an address that is excepted", namespace: "shop",
			spec: "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [203.0.113.0/24]}}]}]}",
			to:   "203.0.113.9", cut: true},
		{name: "pods do not stand for an address outside", namespace: "shop",
			spec: "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}", to: "203.0.113.9", cut: true},
		{name: "the host network is not isolated", namespace: "shop", spec: "{podSelector: {}, policyTypes: [Egress]}", from: "agent"},
		{name: "the host network as a peer is the plugin's choice", namespace: "data",
			spec: "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: none}}}]}]}", from: "agent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
			s, err := snapshot.FromManifests(at, []byte(policyCluster+
				"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: "+c.namespace+"}\nspec: "+c.spec+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			if c.from == "" {
				c.from = "web"
			}
			f := flow{from: podSide(s.Pod("shop", c.from)), to: podSide(s.Pod("data", "db")), ports: []intstr.IntOrString{intstr.FromInt32(5432)},
				protocol: c.protocol}
			if c.to != "" {
				f.to = side{addrs: []netip.Addr{netip.MustParseAddr(c.to)}}
			}
			m := newPolicies(s)
			if got := len(m.cut(f, true)) > 0 || len(m.cut(f, false)) > 0; got != c.cut {
				t.Errorf("cut: %v, want %v", got, c.cut)
			}
		})
	}
}
