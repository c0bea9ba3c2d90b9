// Package commandstest helps to test what people see: the founding incident as a diagnosis and a plan, and a Keeper that keeps
// incidents in memory, a small real one that folds their logs.
package commandstest

import (
	"fmt"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Start is when the founding incident began.
var Start = time.Date(2025, 10, 3, 2, 15, 0, 0, time.UTC)

// Ada may approve, Bob may not.
var (
	Ada = incident.Person{Team: "T0ACME", ID: "U0ADA", Name: "Ada Lovelace"}
	Bob = incident.Person{Team: "T0ACME", ID: "U0BOB", Name: "Bob"}
)

// crashed are the services of the founding incident that could not find each other by name, with their restarts.
var crashed = []struct {
	kind, namespace, name string
	restarts              int
}{
	{"Deployment", "convocanvas", "convocanvas", 3681}, {"Deployment", "ollama", "ollama", 1756},
	{"StatefulSet", "chromadb", "chromadb", 1612},
	{"Deployment", "monitoring", "grafana", 1515}, {"StatefulSet", "monitoring", "prometheus-server", 1248},
	{"Deployment", "librechat", "librechat", 0},
}

// Founding is the founding incident's diagnosis: two roots, of which the second blocks the first's remedy.
func Founding() *incident.Diagnosis {
	coredns := incident.Object{Kind: "Deployment", Namespace: "kube-system", Name: "coredns"}
	node := incident.Object{Kind: "Node", Name: "leveling-pc"}
	d := &incident.Diagnosis{
		At: Start.Add(55 * time.Hour), Cluster: "leveling-pc", Looked: []string{"23 pods", "1 node"},
		Evidence: []incident.Evidence{
			{ID: "E1", Source: incident.SourceLog, Object: coredns, Time: Start.Add(40 * time.Second),
				Excerpt: `[FATAL] plugin/loop: Loop (127.0.0.1:53 -> :53) detected for zone "."`},
			{ID: "E2", Source: incident.SourceAPI, Object: incident.Object{Kind: "ConfigMap", Namespace: "kube-system", Name: "coredns"},
				Field: "data.Corefile", Excerpt: "forward . 127.0.0.1"},
			{ID: "E3", Source: incident.SourceAPI, Object: node, Field: "status.conditions[Ready]", Time: Start.Add(-15 * time.Second),
				Excerpt: "False: container runtime network not ready: cni plugin not initialized"},
			{ID: "E4", Source: incident.SourceHost, Object: node, Field: "/var/lib/rancher/k3s/agent/etc/cni/net.d",
				Excerpt: "the directory is empty"},
		},
		Findings: []incident.Finding{
			{ID: "F1", Code: "DNSLoop", Severity: incident.Critical, Object: coredns, Title: "CoreDNS forwards queries to itself and stops",
				Evidence: []string{"E1", "E2"}, Since: Start},
			{ID: "F2", Code: "NodeCNIMissing", Severity: incident.Critical, Object: node, Title: "Node leveling-pc has no CNI configuration",
				Evidence: []string{"E3", "E4"}, Since: Start.Add(-15 * time.Second)},
		},
		NotSeen: []incident.NotSeen{{What: "Secrets", Why: "not allowed to read them"}},
	}
	explains := []string{"F1"}
	for i, c := range crashed {
		id := fmt.Sprintf("F%d", i+3)
		explains = append(explains, id)
		d.Findings = append(d.Findings, incident.Finding{ID: id, Code: "PodCrashLoop", Severity: incident.Critical,
			Object: incident.Object{Kind: c.kind, Namespace: c.namespace, Name: c.name}, Title: c.kind + " " + c.name + " crash-loops",
			Evidence: []string{"E1"}, Since: Start})
		d.Restarts = append(d.Restarts, incident.Restarts{Workload: incident.Object{Kind: c.kind, Namespace: c.namespace, Name: c.name},
			Pods: 1, Count: c.restarts, Onset: Start.Add(time.Duration(i) * time.Minute), Last: d.At})
	}
	d.Causes = []incident.Cause{
		{ID: "C1", Code: "DNSLoop", Title: "CoreDNS forwards to itself", Confidence: incident.Certain, Objects: []incident.Object{coredns},
			Explains: explains,
			Evidence: []string{"E1", "E2"}, Reason: "its log names the loop, and names stopped resolving for everyone who needs them", Since: Start,
			Next: "restore the Corefile that worked, and restart CoreDNS"},
		{ID: "C2", Code: "NodeCNIMissing", Title: "Node leveling-pc lost its CNI configuration", Confidence: incident.Certain,
			Objects:  []incident.Object{node},
			Explains: []string{"F2"}, Evidence: []string{"E3", "E4"}, Reason: "the kubelet says so, and the directory is empty",
			Since:  Start.Add(-15 * time.Second),
			Blocks: []incident.Block{{Cause: "C1", Reason: "no new CoreDNS pod can start on a node without a network"}}},
	}
	return d
}

// Story tells Founding.
func Story() *incident.Story {
	return &incident.Story{Cause: "C1", By: "smollm2:135m", Sentences: []incident.Sentence{
		{Text: "CoreDNS sends every query back to itself and stops.", Cites: []string{"E1", "E2"}},
		{Text: "The node has no CNI configuration, so a new CoreDNS can't start.", Cites: []string{"E3", "E4"}},
	}}
}

// Seen is what the knowledge holds that is like Founding.
func Seen() []incident.Similar {
	return []incident.Similar{{ID: "2025-10-05-k3s-resurrection", Title: "The K3s resurrection", Date: "2025-10-05", Score: 0.8,
		Shared: []string{"DNSLoop", "NodeCNIMissing"}, Outcome: "resolved",
		Worked: []string{"restoring the CNI directory", "restoring the Corefile"}}}
}

// Plan mends Founding.
func Plan() incident.Plan {
	corefile := incident.Object{Kind: "ConfigMap", Namespace: "kube-system", Name: "coredns"}
	p := incident.Plan{Runbook: "restore-dns", Title: "Restore the network configuration, then DNS",
		Why:  "The second cause blocks the remedy of the first, so it is treated first.",
		Risk: incident.Disruptive, Causes: []string{"C2", "C1"}, Steps: []incident.Step{
			{ID: "s1", Kind: "RestoreHostFiles", Title: "Restore the CNI directory of leveling-pc",
				Target: incident.Target{Object: incident.Object{Kind: "Node", Name: "leveling-pc"}},
				Diff:   "+ 10-flannel.conflist (292 bytes)"},
			{ID: "s2", Kind: "SetConfigMapKey", Title: "Restore the Corefile", Target: incident.Target{Object: corefile, UID: "u1", SpecHash: "h1"},
				Diff: "--- Corefile\n+++ Corefile\n@@ -3 +3 @@\n-    forward . 127.0.0.1\n+    forward . /etc/resolv.conf\n"},
			{ID: "s3", Kind: "RestartWorkload", Title: "Restart CoreDNS", Target: incident.Target{Object: incident.Object{Kind: "Deployment",
				Namespace: "kube-system", Name: "coredns"}}},
			{ID: "s4", Kind: "RestartWorkload", Title: "Restart convocanvas", Unless: 6 * time.Minute,
				Target: incident.Target{Object: incident.Object{Kind: "Deployment", Namespace: "convocanvas", Name: "convocanvas"}}},
		}}
	p.Hash = p.ComputeHash()
	return p
}

// Reviewed are the checks of a review that went well.
func Reviewed() []incident.Check {
	return []incident.Check{{Name: "may patch ConfigMap/kube-system/coredns", OK: true},
		{Name: "dry-run of step 2", OK: true, Detail: "as shown"}}
}

// Unexplained is a diagnosis that knows no root: a crash nothing explains, what changed before it, and an old fault beside it.
func Unexplained() *incident.Diagnosis {
	api := incident.Object{Kind: "Deployment", Namespace: "shop", Name: "api"}
	mail := incident.Object{Kind: "Deployment", Namespace: "crm", Name: "mail"}
	return &incident.Diagnosis{
		At: Start.Add(time.Hour), Cluster: "shop", Looked: []string{"40 pods", "3 nodes"},
		Evidence: []incident.Evidence{
			{ID: "E1", Source: incident.SourceAPI, Object: api, Field: "change", Time: Start,
				Excerpt: "revision 4 was rolled out: image api:3 → api:4 (helm)"},
			{ID: "E2", Source: incident.SourceAPI, Object: api, Field: "status.containerStatuses[main]",
				Excerpt: "waiting: CrashLoopBackOff; 9 restarts; last exit code 3 (the program's own code)"},
			{ID: "E3", Source: incident.SourceEvent, Object: mail, Field: "Failed", Excerpt: "mail:9: not found"},
		},
		Findings: []incident.Finding{
			{ID: "F1", Code: "PodCrashLoop", Severity: incident.Critical, Object: api,
				Title: "The pod of Deployment api keeps crashing: exit code 3", Evidence: []string{"E1", "E2"}, Since: Start.Add(time.Minute)},
			{ID: "F2", Code: "DeploymentUnavailable", Severity: incident.Critical, Object: api, Title: "Deployment api: 0 of 1 pods are available",
				Evidence: []string{"E2"}, Since: Start.Add(time.Minute)},
			{ID: "F3", Code: "PodImagePull", Severity: incident.Critical, Object: mail,
				Title: "The pod of Deployment mail cannot get its image mail:9: no such tag", Evidence: []string{"E3"},
				Since: Start.Add(-72 * time.Hour)},
		},
		Causes: []incident.Cause{
			{ID: "C1", Code: "PodCrashLoop", Title: "The pod of Deployment api keeps crashing: exit code 3", Confidence: incident.Possible,
				Objects:  []incident.Object{api},
				Explains: []string{"F1", "F2"}, Links: []incident.Link{{From: "F1", To: "F2", Rule: "pods-of-workload", Reason: "these are its pods"}},
				Evidence: []string{"E2", "E1"}, Changes: []string{"T7"},
				Reason: "The pod of Deployment api keeps crashing: exit code 3. Nothing that was seen explains it.", Since: Start.Add(time.Minute)},
			{ID: "C2", Code: "PodImagePull", Title: "The pod of Deployment mail cannot get its image mail:9: no such tag",
				Confidence: incident.Certain, Objects: []incident.Object{mail},
				Explains: []string{"F3"}, Evidence: []string{"E3"}, Before: true,
				Reason: "The pod of Deployment mail cannot get its image mail:9: no such tag.", Since: Start.Add(-72 * time.Hour)},
		},
		Changes: []incident.Change{
			{ID: "T7", At: Start, Source: incident.SourceAPI, Object: api, What: "revision 4 was rolled out: image api:3 → api:4", By: "helm"},
			{ID: "T8", At: Start.Add(30 * time.Minute), Source: incident.SourceAPI, Object: incident.Object{Kind: "Node", Name: "n9"},
				What: "joined the cluster"},
		},
		RuledOut: []incident.RuledOut{{What: "the nodes", Why: "all 3 are ready, and none is under pressure"},
			{What: "the cluster's DNS", Why: "its pods are ready"}},
		NotSeen: []incident.NotSeen{{What: "Secrets", Why: "not allowed to read them"}},
		Trace: []string{"F1 critical PodCrashLoop Deployment/shop/api: The pod of Deployment api keeps crashing: exit code 3",
			"pods-of-workload: PodCrashLoop Deployment/shop/api -> DeploymentUnavailable Deployment/shop/api: these are its pods"},
	}
}
