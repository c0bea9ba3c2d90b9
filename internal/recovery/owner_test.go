package recovery_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	kustomization = `
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: dns, namespace: flux-system, uid: k1}
spec: {interval: 10m, path: ./cluster/dns, sourceRef: {kind: GitRepository, name: cluster}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: cluster, namespace: flux-system, uid: g1}
spec: {url: "https://git.example/cluster", ref: {branch: main}}
`
	application = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: dns, namespace: argocd, uid: a1}
spec: {source: {repoURL: "https://git.example/cluster", path: dns, targetRevision: v1}, syncPolicy: {automated: {selfHeal: HEALS, prune: true}}}
`
)

// What somebody else writes is said with what holds; who undoes it at once is suspended first, and nobody else.
func TestWhoElseWritesTheTargetIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		marks, others, owner, instead, first, ends string
	}{
		"nobody": {first: "Set Corefile"},
		"Flux": {marks: `labels: {kustomize.toolkit.fluxcd.io/name: dns, kustomize.toolkit.fluxcd.io/namespace: flux-system}`,
			others: kustomization, owner: "Kustomization flux-system/dns applies it again every 10m",
			instead: "Pull request against https://git.example/cluster, revision main, folder ./cluster/dns: change ConfigMap kube-system/coredns",
			first:   "Suspend Kustomization flux-system/dns", ends: "flux resume kustomization dns -n flux-system"},
		"Flux, whose objects cannot be read": {
			marks: `labels: {kustomize.toolkit.fluxcd.io/name: dns, kustomize.toolkit.fluxcd.io/namespace: flux-system}`,
			owner: "Kustomization flux-system/dns applies it again", instead: "Change it in the source of Kustomization", first: "Set Corefile"},
		"Argo CD that heals": {marks: `annotations: {argocd.argoproj.io/tracking-id: "dns:/ConfigMap:kube-system/coredns"}`,
			others: strings.Replace(application, "HEALS", "true", 1), owner: "Application argocd/dns heals itself",
			instead: "https://git.example/cluster, revision v1, folder dns", first: "Suspend the automatic sync of Application argocd/dns",
			ends: "argocd app set dns --sync-policy automated --self-heal --auto-prune"},
		"Argo CD that waits for the next commit": {marks: `annotations: {argocd.argoproj.io/tracking-id: "dns:/ConfigMap:kube-system/coredns"}`,
			others: strings.Replace(application, "HEALS", "false", 1), owner: "sets it back with its next sync", instead: "Pull request",
			first: "Set Corefile"},
		"Helm": {marks: `annotations: {meta.helm.sh/release-name: dns, meta.helm.sh/release-namespace: kube-system}`,
			owner: "Helm's release dns in kube-system", instead: "helm rollback dns 0 -n kube-system", first: "Set Corefile"},
		"an operator": {marks: `ownerReferences: [{apiVersion: operator.example.com/v1, kind: DNS, name: default, uid: o1, controller: true}]`,
			owner: "The operator of DNS kube-system/default made it", instead: "kubectl edit dns.operator.example.com default", first: "Set Corefile"},
		"a field manager": {marks: `managedFields: [{manager: helm, operation: Update}]`, owner: "Helm wrote it", instead: "Change it in the source",
			first: "Set Corefile"},
	} {
		t.Run(name, func(t *testing.T) {
			world := strings.Replace(founding, "{name: coredns, namespace: kube-system, uid: c1}", "{name: coredns, namespace: kube-system, uid: c1, "+
				orNone(c.marks)+"}", 1)
			x := stage(t, world+"---\n"+c.others, copyOfCorefile)
			d := *ill
			d.Causes = []incident.Cause{loop}
			p, reason, err := x.r.Propose(t.Context(), &d, x.snap)
			if err != nil || p == nil {
				t.Fatal(reason, err)
			}
			if !strings.HasPrefix(p.Steps[0].Title, c.first) || !strings.Contains(p.Steps[0].Instead, c.ends) {
				t.Errorf("first: %s, ends: %s", p.Steps[0].Title, p.Steps[0].Instead)
			}
			i := slices.IndexFunc(p.Steps, func(s incident.Step) bool { return s.Target.Object.Kind == "ConfigMap" })
			s := p.Steps[i]
			if !strings.Contains(s.Owner, c.owner) || !strings.Contains(s.Instead, c.instead) || (s.Owner == "") != (c.owner == "") {
				t.Errorf("owner %q, instead %q", s.Owner, s.Instead)
			}
			if p.Hash != p.ComputeHash() {
				t.Error("not hashed")
			}
			altered := *p
			altered.Steps = slices.Clone(p.Steps)
			altered.Steps[i].Instead += "!"
			if altered.ComputeHash() == p.Hash {
				t.Error("what is said of the owner is not part of the hash")
			}
			if ok, why, err := x.r.Recheck(t.Context(), p, nil); !ok || err != nil {
				t.Errorf("made again it is another: %s, %v", why, err)
			}
		})
	}
}

func orNone(marks string) string {
	if marks == "" {
		return "labels: {a: b}"
	}
	return marks
}
