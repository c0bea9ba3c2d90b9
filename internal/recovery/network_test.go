package recovery_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/dns"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/ingress"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/netpol"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/podnetwork"
	"github.com/paramedic-bot/paramedic/diagnosis/checks/services"
	"github.com/paramedic-bot/paramedic/diagnosis/eval"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
)

var writeNetwork = flag.Bool("write-network", false, "write the plans for the network's causes into the fixture")

// networkCase is a case of diagnosis/eval, the code of the cause that is to be treated, and what is otherwise than in the case.
type networkCase struct {
	name, code string
	otherwise  string   // in words; "" for the case as it is
	edits      []string // texts of its manifests and what stands there instead, in turn
	add        string   // manifests besides
	copies     []recovery.Copy
}

const (
	webAsIs    = `{name: main, image: "shop/web:3"}`
	scaledDown = `apiVersion: v1
kind: Event
metadata: {name: scaled, namespace: %s}
involvedObject: {kind: Deployment, namespace: %s, name: %s}
reason: ScalingReplicaSet
type: Normal
message: "Scaled down replica set %s-5d from %d to 0"
lastTimestamp: "2026-01-02T09:30:00Z"
`
	goodSecret = `apiVersion: paramedic
kind: Secret
namespace: shop
name: %s
type: kubernetes.io/tls
keys: [tls.crt, tls.key]
certificate: {subject: "CN=x", issuer: "CN=R11", names: [%s], notBefore: "2025-11-01T00:00:00Z", notAfter: "2026-11-01T00:00:00Z", keyMatches: true}
`
)

// blueTemplate is of the case that has two releases.
const blueTemplate = `uid: d-blue-web, generation: 1, creationTimestamp: "2026-05-01T00:00:00Z", annotations: {meta.helm.sh/release-name: blue, meta.helm.sh/release-namespace: shop}}
spec:
  replicas: 1
  selector: {matchLabels: {"app": "web"}}
  template: {metadata: {labels: {"app": "web"}}, spec: {containers: [{"name": "main", "image": "registry.example.com/x:7", "ports": [{"containerPort": 8080}]}]}}`

func webWith(name, value string) []string {
	return []string{webAsIs, fmt.Sprintf(`{name: main, image: "shop/web:3", env: [{name: %s, value: "%s"}]}`, name, value)}
}

var corefileOfBefore = []recovery.Copy{{Key: recovery.ConfigMapKey("kube-system", "coredns", "Corefile"), Content: []byte("forward . 10.9.9.10\n")}}

var networkCases = []networkCase{
	{name: "network/selector-near-miss", code: "ServiceNoEndpoints"},
	{name: "network/dependency-selector-by-address", code: "ServiceNoEndpoints"},
	{name: "network/selector-near-miss", code: "ServiceNoEndpoints", otherwise: "two workloads have the labels", add: `apiVersion: apps/v1
kind: Deployment
metadata: {name: front-canary, namespace: shop}
spec: {selector: {matchLabels: {app: frontend}}, template: {metadata: {labels: {app: frontend}}, spec: {containers: [{name: main}]}}}
`},
	{name: "network/slice-absent", code: "ServiceNoEndpoints"},
	{name: "network/port-name", code: "ServicePortMismatch"},
	{name: "network/port-number", code: "ServicePortMismatch"},
	{name: "network/port-protocol", code: "ServicePortMismatch"},
	{name: "network/slice-port-name", code: "ServicePortMismatch"},
	{name: "network/port-number", code: "ServicePortMismatch", otherwise: "the pods have two ports",
		edits: []string{"containerPort: 8080, protocol: TCP}", "containerPort: 8080, protocol: TCP}, {name: admin, containerPort: 9000, protocol: TCP}"}},
	{name: "network/port-undeclared", code: "ServicePortUndeclared"},

	{name: "network/dependency-name", code: "ServiceMissing"},
	{name: "network/dependency-name", code: "ServiceMissing", otherwise: "a URL names it, and a database of the same name",
		edits: webWith("DATABASE_URL", "postgres://databse:5432/databse")},
	{name: "scenarios/service-in-other-namespace", code: "ServiceMissing"},
	{name: "scenarios/vague-log-wrong-host", code: "ServiceMissing"},
	{name: "scenarios/service-deleted", code: "ServiceMissing"},
	{name: "network/dependency-port", code: "ServicePortMissing"},
	{name: "network/dependency-port", code: "ServicePortMissing", otherwise: "a URL names it", edits: webWith("API_URL", "http://api:8081/v1")},
	{name: "network/headless-port", code: "ServicePortMissing"},
	{name: "network/headless-port", code: "ServicePortMissing", otherwise: "the port is told alone", edits: webWith("API_PORT", "80")},
	{name: "scenarios/configmap-wrong-port", code: "ServicePortMissing"},
	{name: "network/stateful-service-name", code: "ServiceNameMismatch"},
	{name: "network/stateful-service-name", code: "ServiceNameMismatch", otherwise: "a variable names it",
		edits: webWith("DB_HOST", "db-0.db-headless")},
	{name: "network/headless-hides", code: "ServiceHidesPods"},
	{name: "scenarios/traffic-stays-on-node", code: "ServiceNotOnNode"},
	{name: "network/external-name-near-miss", code: "ExternalNameNotFound"},
	{name: "network/external-name-unknown", code: "ExternalNameNotFound"},
	{name: "heldout/service-selects-two-workloads", code: "ServiceSelectsOthers"},
	{name: "network/strangers-behind-service", code: "ServiceMayReachOthers"},
	{name: "network/releases-mixed", code: "ServiceMixesReleases"},
	{name: "network/releases-mixed", code: "ServiceMixesReleases", otherwise: "a label names the release",
		edits: []string{`uid: p-blue-web, creationTimestamp: "2026-05-11T09:00:00Z", labels: {`,
			`uid: p-blue-web, creationTimestamp: "2026-05-11T09:00:00Z", labels: {"release": "blue", `, blueTemplate,
			strings.Replace(blueTemplate, `{"app": "web"}}, spec`, `{"app": "web", "release": "blue"}}, spec`, 1)}},
	{name: "scenarios/hosts-entry-stale", code: "PodHostsEntry"},
	{name: "scenarios/hosts-entry-stale", code: "PodHostsEntry", otherwise: "the entry has another name as well",
		edits: []string{"hostnames: [payments,", "hostnames: [pay.example.com, payments,"}},

	{name: "network/dependency-idle", code: "ServiceIdle"},
	{name: "network/dependency-idle", code: "ServiceIdle", otherwise: "an event tells", add: fmt.Sprintf(scaledDown, "shop", "shop", "db", "db", 2)},
	{name: "network/dependency-idle", code: "ServiceIdle", otherwise: "an autoscaler tells", add: `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: db, namespace: shop}
spec: {minReplicas: 3, maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: db}}
`},
	{name: "network/dns-off", code: "DNSScaledToZero"},
	{name: "network/dns-off", code: "DNSScaledToZero", otherwise: "an event tells",
		add: fmt.Sprintf(scaledDown, "kube-system", "kube-system", "coredns", "coredns", 2)},
	{name: "network/ingress-controller-off", code: "IngressNoController"},
	{name: "network/ingress-controller-off", code: "IngressNoController", otherwise: "an event tells",
		add: fmt.Sprintf(scaledDown, "ingress-nginx", "ingress-nginx", "ingress-nginx-controller", "ingress-nginx-controller", 1)},

	{name: "network/ingress-backend", code: "IngressBackendMissing"},
	{name: "network/ingress-port", code: "IngressPortMissing"},
	{name: "network/ingress-port-name", code: "IngressPortMissing"},
	{name: "network/ingress-class", code: "IngressClassMissing"},
	{name: "network/ingress-class-unnamed", code: "IngressClassMissing"},
	{name: "network/ingress-no-class-at-all", code: "IngressClassMissing"},
	{name: "network/ingress-class-ambiguous", code: "IngressClassAmbiguous"},
	{name: "network/ingress-secret", code: "IngressSecretMissing"},
	{name: "network/ingress-wrong-name", code: "IngressCertificate"},
	{name: "network/ingress-wrong-name", code: "IngressCertificate", otherwise: "another Secret is for the host",
		add: fmt.Sprintf(goodSecret, "web-org-tls", "shop.example.org")},
	{name: "network/ingress-expired", code: "TLSSecretExpired"},
	{name: "network/ingress-expired", code: "TLSSecretExpired", otherwise: "another Secret is for the host",
		add: fmt.Sprintf(goodSecret, "web-tls-2026", "shop.example.com")},
	{name: "storage/tls-key-mismatch", code: "TLSSecretInvalid", otherwise: "another Secret is for the host",
		add: fmt.Sprintf(goodSecret, "web-tls-2026", "web.example.com")},

	{name: "network/policy-dns", code: "PolicyBlocksDNS"},
	{name: "heldout/policy-without-the-node-local-dns", code: "PolicyBlocksDNS"},
	{name: "network/policy-label", code: "PolicyBlocksFlow"},
	{name: "network/policy-namespace", code: "PolicyBlocksFlow"},
	{name: "network/policy-everything", code: "PolicyBlocksFlow"},
	{name: "network/policy-everything", code: "PolicyBlocksFlow", otherwise: "nothing is let out either",
		edits: []string{"egress: [{to: [{podSelector: {}}]}]", "egress: []"}},
	{name: "network/policy-outside", code: "PolicyBlocksFlow"},
	{name: "scenarios/policy-cuts-off-api", code: "PolicyBlocksFlow"},
	{name: "network/policy-shuts-out", code: "PolicyShutsOut"},
	{name: "network/policy-admits-nobody", code: "PolicyAdmitsNobody"},
	{name: "network/policy-admits-nobody", code: "PolicyAdmitsNobody", otherwise: "a program names the Service",
		edits: []string{`"image": "registry.example.com/x:7",`, `"image": "registry.example.com/x:7", "env": [{"name": "DB_HOST", "value": "db"}],`}},
	{name: "network/policy-selects-nothing", code: "PolicySelectsNothing"},

	{name: "network/dns-selector", code: "DNSDown"},
	{name: "network/dns-was-down", code: "DNSWasDown"},
	{name: "scenarios/dns-answers-for-another", code: "DNSNamesDenied"},
	{name: "scenarios/dns-answers-for-another", code: "DNSNamesDenied", otherwise: "a copy was kept", copies: corefileOfBefore},
	{name: "network/dns-upstream", code: "DNSUpstreamUnreachable", otherwise: "a copy was kept", copies: corefileOfBefore},
	{name: "network/dns-no-nameserver", code: "DNSNoNameserver", otherwise: "a copy was kept", copies: corefileOfBefore},
	{name: "network/pod-dns-default", code: "PodDNSConfig"},
	{name: "network/pod-dns-hostnetwork", code: "PodDNSConfig"},
	{name: "network/pod-dns-search", code: "PodDNSConfig"},
	{name: "network/pod-dns-silent", code: "PodDNSConfig"},
	{name: "network/pod-dns-silent", code: "PodDNSConfig", otherwise: "the cluster's DNS is asked as well",
		edits: []string{"dnsPolicy: None", "dnsPolicy: ClusterFirst"}},
	{name: "network/dns-service-gone", code: "DNSServiceMissing"},
	{name: "network/dns-address", code: "DNSAddressMismatch"},

	{name: "network/plugin-missing", code: "NetworkPluginMissing"},
	{name: "network/proxy-missing", code: "NodeProxyMissing"},
	{name: "network/proxy-missing", code: "NodeProxyMissing", otherwise: "the other node has the label",
		edits: []string{"{name: n1, creation", "{name: n1, labels: {pool: old}, creation"}},
	{name: "network/proxy-missing", code: "NodeProxyMissing", otherwise: "the other node has the label and this one none",
		edits: []string{"{name: n1, creation", "{name: n1, labels: {pool: old}, creation", ", pool: new", ""}},
	{name: "network/proxy-missing", code: "NodeProxyMissing", otherwise: "the revision before had no selector", add: `apiVersion: apps/v1
kind: ControllerRevision
metadata: {name: kube-proxy-1, namespace: kube-system, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: kube-proxy, uid: u-kube-proxy, controller: true}]}
revision: 1
data: {spec: {template: {spec: {containers: [{name: main}]}}}}
`},
	{name: "heldout/systemd-update-flushes-routing-rules", code: "NodeNetworkCut"},
}

// TestEveryCodeOfTheNetworkIsAnswered wants for each code of these checks a runbook or the reason why there is none, and not both, and a case
// with a plan for each that has a runbook of its own.
func TestEveryCodeOfTheNetworkIsAnswered(t *testing.T) {
	fixture, err := txtar.ParseFile("testdata/network.txtar")
	if err != nil {
		t.Fatal(err)
	}
	treated := 0
	for _, check := range slices.Concat(services.Checks, ingress.Checks, netpol.Checks, dns.Checks, podnetwork.Checks) {
		for _, code := range check.Codes {
			i := slices.IndexFunc(recovery.Runbooks, func(b recovery.Runbook) bool { return slices.Contains(b.Codes, code.Code) })
			switch why := recovery.ByHand[code.Code]; {
			case i < 0 && why == "":
				t.Errorf("%s has no runbook, and nothing says why", code.Code)
			case i >= 0 && why != "":
				t.Errorf("%s has runbook %s, and is said to have none: %s", code.Code, recovery.Runbooks[i].Name, why)
			case i >= 0 && !strings.HasPrefix(recovery.Runbooks[i].Name, "restore-dns"):
				treated++
				if !slices.ContainsFunc(fixture.Files, func(f txtar.File) bool {
					return strings.HasPrefix(f.Name, code.Code+" ") && !strings.HasPrefix(string(f.Data), "No remedy")
				}) {
					t.Errorf("no case shows the plan for %s", code.Code)
				}
			}
		}
	}
	if treated < 40 {
		t.Errorf("only %d codes have a runbook", treated)
	}
}

func (c networkCase) title() string {
	title := c.code + " in " + c.name
	if c.otherwise != "" {
		title += ", but " + c.otherwise
	}
	return title
}

// TestTheNetworkIsMended compares, for each case, the plan's title, its reason, its steps and what they change with the fixture; or why
// there is no plan. See -write-network.
func TestTheNetworkIsMended(t *testing.T) {
	const fixture = "testdata/network.txtar"
	all, err := eval.Load("../../diagnosis/eval/cases")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	if a, err := txtar.ParseFile(fixture); err == nil {
		for _, f := range a.Files {
			want[f.Name] = string(f.Data)
		}
	} else if !*writeNetwork {
		t.Fatal(err)
	}
	got := &txtar.Archive{}
	for _, c := range networkCases {
		t.Run(c.title(), func(t *testing.T) {
			i := slices.IndexFunc(all, func(e eval.Case) bool { return e.Name == c.name })
			if i < 0 {
				t.Fatal("there is no such case")
			}
			text := planInWords(proposedForNetwork(t, c, all[i]))
			got.Files = append(got.Files, txtar.File{Name: c.title(), Data: []byte(text)})
			if d := cmp.Diff(want[c.title()], text); d != "" && !*writeNetwork {
				t.Error(d)
			}
		})
	}
	if *writeNetwork {
		if err := os.WriteFile(fixture, txtar.Format(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// planInWords is a plan as a person reads it, with of its diffs what changes; or why there is none.
func planInWords(p *incident.Plan, reason string) string {
	if p == nil {
		return reason + "\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s, %s)\n%s\n", p.Title, p.Runbook, p.Risk, p.Why)
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "%s. %s\n   from: %s\n", s.ID, s.Title, s.Source)
		for line := range strings.Lines(s.Diff) {
			if (line[0] == '+' || line[0] == '-') && !strings.HasPrefix(line, "+++") && !strings.HasPrefix(line, "---") {
				b.WriteString("   " + line)
			}
		}
	}
	return b.String()
}

// proposedForNetwork is the plan for the cause of the code alone, or the reason why there is none. What is only suspected is taken for a
// cause. The manifests are the cluster; each step's dry-run must have the effect that is shown.
func proposedForNetwork(t *testing.T, x networkCase, c eval.Case) (*incident.Plan, string) {
	t.Helper()
	for i := 0; i+1 < len(x.edits); i += 2 {
		if !strings.Contains(string(c.Manifests), x.edits[i]) {
			t.Fatalf("the case has no %q", x.edits[i])
		}
		c.Manifests = []byte(strings.ReplaceAll(string(c.Manifests), x.edits[i], x.edits[i+1]))
	}
	if x.add != "" {
		c.Manifests = []byte(strings.TrimRight(string(c.Manifests), "\n") + "\n---\n" + x.add)
	}
	s, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	cluster, memory := clusterOfManifests(t, c.Manifests), &steptest.Memory{}
	memory.Keep(x.copies, s.At.Add(-time.Hour))
	r := newRecovery(t, recovery.Options{Reader: cluster, WriterFor: cluster.WriterFor, Blobs: memory, LastGood: memory})
	scope := diagnosis.Resolve(s, c.Asked.Question())
	scope.Onset = c.Onset
	d := diagnosis.Examine(s).Diagnose(scope)
	var causes []incident.Cause
	for _, cause := range d.Causes {
		if cause.Code == x.code {
			causes = append(causes, cause)
		}
	}
	for i, o := range d.Suspicions {
		if o.Code == x.code {
			causes = append(causes, incident.Cause{ID: fmt.Sprint("S", i), Code: x.code, Title: o.Title, Objects: o.Objects})
		}
	}
	if len(causes) == 0 {
		t.Fatalf("nothing of code %s is found", x.code)
	}
	d.Causes = causes[:1]
	p, reason, err := r.Propose(t.Context(), d, s)
	if err != nil {
		t.Fatal(err)
	}
	if p == nil {
		return nil, reason
	}
	for _, check := range r.Review(t.Context(), p, incident.Identity{User: "ada"}) {
		if !check.OK {
			t.Errorf("%s: %s", check.Name, check.Detail)
		}
	}
	return p, reason
}

func clusterOfManifests(t *testing.T, manifests []byte) *steptest.Cluster {
	t.Helper()
	cluster := steptest.NewCluster()
	for _, doc := range strings.Split("\n"+string(manifests), "\n---\n") {
		var o map[string]any
		if err := sigsyaml.Unmarshal([]byte(doc+"\n"), &o); err != nil {
			t.Fatal(err)
		}
		if meta, ok := o["metadata"].(map[string]any); ok {
			ns, _ := meta["namespace"].(string)
			cluster.Put(incident.Object{Kind: o["kind"].(string), Namespace: ns, Name: meta["name"].(string)}, o)
		}
	}
	return cluster
}
