package story

import (
	"fmt"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

var at = time.Date(2025, 10, 5, 9, 0, 0, 0, time.UTC)

func object(kind, ns, name string) incident.Object {
	return incident.Object{Kind: kind, Namespace: ns, Name: name}
}

// founding is the founding incident's diagnosis, condensed: two roots, the second of which blocks the remedy of the first.
func founding() *incident.Diagnosis {
	onset := time.Date(2025, 10, 3, 2, 15, 0, 0, time.UTC)
	d := &incident.Diagnosis{
		At: at, Cluster: "leveling",
		Looked: []string{"23 pods", "1 node"},
		Evidence: []incident.Evidence{
			{ID: "E1", Source: incident.SourceAPI, Object: object("ConfigMap", "kube-system", "coredns"), Field: "data.Corefile",
				Excerpt: "forward . 127.0.0.1:53"},
			{ID: "E2", Source: incident.SourceLog, Object: object("Pod", "kube-system", "coredns-7b98449c4-abcde"), Time: onset,
				Excerpt: `[FATAL] plugin/loop: Loop (127.0.0.1:53 -> :53) detected for zone "."`},
			{ID: "E3", Source: incident.SourceAPI, Object: object("Node", "", "leveling-pc"), Field: "status.conditions[Ready]", Time: onset,
				Excerpt: "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: " +
					"cni plugin not initialized"},
			{ID: "E4", Source: incident.SourceHost, Object: object("Node", "", "leveling-pc"), Field: "/var/log/k3s.log",
				Time:    onset.Add(-15 * time.Second),
				Excerpt: `level=error msg="Failed to apply CNI configuration"`},
		},
		Findings: []incident.Finding{
			{ID: "F1", Code: "DNSLoop", Severity: incident.Critical, Object: object("ConfigMap", "kube-system", "coredns"),
				Evidence: []string{"E1", "E2"},
				Title:    "CoreDNS forwards to itself (127.0.0.1:53), so that no name resolves"},
			{ID: "F2", Code: "NodeCNIMissing", Severity: incident.Critical, Object: object("Node", "", "leveling-pc"),
				Evidence: []string{"E3", "E4"},
				Title:    "Node leveling-pc has lost its CNI configuration: no new pod can start on it"},
		},
		Causes: []incident.Cause{
			{ID: "C1", Code: "DNSLoop", Confidence: incident.Certain, Objects: []incident.Object{object("ConfigMap", "kube-system", "coredns")},
				Title: "CoreDNS forwards to itself (127.0.0.1:53), so that no name resolves", Reason: "The Corefile forwards to 127.0.0.1:53",
				Explains: []string{"F1"}, Evidence: []string{"E1", "E2"}, Next: "Restore the last good Corefile.", Since: onset},
			{ID: "C2", Code: "NodeCNIMissing", Confidence: incident.Certain, Objects: []incident.Object{object("Node", "", "leveling-pc")},
				Title:    "Node leveling-pc has lost its CNI configuration: no new pod can start on it",
				Reason:   "The kubelet says that no CNI plugin is initialized",
				Explains: []string{"F2"}, Evidence: []string{"E3", "E4"}, Next: "Restore the CNI configuration on the node.", Since: onset,
				Blocks: []incident.Block{{Cause: "C1", Reason: "Nothing can start on leveling-pc until it has a CNI configuration, CoreDNS included"}}},
		},
		NotSeen: []incident.NotSeen{{What: "Secrets", Why: "not read by default"}},
	}
	for i, name := range []string{"convocanvas", "convocanvas-worker", "librechat", "rag-api", "open-webui", "grafana"} {
		e, f := fmt.Sprint("E", 5+i), fmt.Sprint("F", 3+i)
		d.Evidence = append(d.Evidence, incident.Evidence{ID: e, Source: incident.SourceLog,
			Object:  object("Pod", "convocanvas", name+"-5c9b7d6f8-k2m4p"),
			Excerpt: "getaddrinfo ENOTFOUND chromadb.chromadb.svc.cluster.local"})
		d.Findings = append(d.Findings, incident.Finding{ID: f, Code: "PodCrashLoop", Severity: incident.Critical,
			Object:   object("Deployment", "convocanvas", name),
			Evidence: []string{e}, Title: "2 pods of Deployment " + name + " keep crashing: cannot resolve chromadb.chromadb.svc.cluster.local"})
		d.Causes[0].Explains = append(d.Causes[0].Explains, f)
		d.Restarts = append(d.Restarts, incident.Restarts{Workload: object("Deployment", "convocanvas", name), Pods: 2, Count: 1842 - i,
			Onset: onset})
	}
	return d
}

var seenBefore = []incident.Similar{{ID: "x", Title: "DNS loop after an update", Date: "2025-08-01", Score: 0.8, Outcome: "resolved",
	Worked: []string{"Restoring the Corefile"}}}
