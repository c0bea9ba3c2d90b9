package commands

import (
	"fmt"
	"strings"
	"testing"
)

// What the usual senders write, as they write it, and what is tried of it, the most exact first.
func TestNamesInTheMessagesOfOthers(t *testing.T) {
	for sender, c := range map[string]struct{ text, alert, first string }{
		"Alertmanager's default": {`[FIRING:1] KubePodCrashLooping (shop web-5d8f7c9b44-x2x8q prometheus/k8s critical)
http://alertmanager.example/#/alerts?receiver=slack&filter=%7Balertname%3D%22KubePodCrashLooping%22%2Cnamespace%3D%22shop%22%2Cpod%3D%22web-5d8f7c9b44-x2x8q%22%7D`,
			"KubePodCrashLooping", "shop pod web-5d8f7c9b44-x2x8q"},
		"Alertmanager's usual template": {"*Alert:* Pod is crash looping - `critical`\n*Details:*\n • *alertname:* `KubePodCrashLooping`\n" +
			" • *container:* `web`\n • *namespace:* `shop`\n • *pod:* `web-0`\n • *job:* `kube-state-metrics`\n", "KubePodCrashLooping", "shop pod web-0"},
		"Prometheus' link": {"KubeDeploymentReplicasMismatch <http://prometheus.example/graph?g0.expr=kube_deployment_spec_replicas%7B" +
			"namespace%3D%22shop%22%2C+deployment%3D%22web%22%7D|Graph>", "", "shop deployment web"},
		"Grafana": {"*Firing*\n\nValue: A=12, C=1\nLabels:\n - alertname = HighMemory\n - namespace = shop\n - statefulset = db\nAnnotations:\n" +
			"Silence: https://grafana.example/alerting/silence/new?alertmanager=grafana&matcher=alertname%3DHighMemory", "HighMemory",
			"shop statefulset db"},
		"Grafana's dashboard": {"https://grafana.example/d/x/pods?var-namespace=shop&var-pod=web-0&from=now-1h", "", "shop pod web-0"},
		"Robusta":             {"🔴 Pod web-5d8f7c9b44-x2x8q in namespace shop is crash-looping", "", "shop pod web-5d8f7c9b44-x2x8q"},
		"Robusta's report":    {"*Crashing pod web-0 in namespace shop*\n📄 *Source:* `prod`", "", "shop pod web-0"},
		"Botkube":             {"*Kind*\nPod\n*Name*\nweb-0\n*Namespace*\nshop\n*Type*\nWarning\n*Reason*\nBackOff", "", "shop pod web-0"},
		"Botkube's lines":     {"*Kind:* Deployment\n*Name:* web\n*Namespace:* shop\n*Cluster:* prod", "", "shop deployment web"},
		"Botkube's sentence":  {"Pod *shop/web-0* has been updated in *prod* cluster", "", "shop pod web-0"},
		"kubectl":             {"look at deployment/web -n shop, namespace shop", "", "shop deployment web"},
		"a person":            {"the web deployment is slow today, namespace shop I think", "", "shop"},
		"a node":              {"node: worker-3 is not ready, namespace = kube-system", "", "kube-system node worker-3"},
		"nothing":             {"lunch at noon?", "", ""},
	} {
		n := namesIn(c.text)
		got := ""
		if asks := n.asks(); len(asks) > 0 {
			got = strings.TrimSpace(asks[0].Namespace + " " + strings.Join(asks[0].Words, " "))
		}
		if n.alert != c.alert || got != c.first {
			t.Errorf("%s: alert %q, first %q, want %q, %q; all: %v", sender, n.alert, got, c.alert, c.first, n)
		}
	}
}

// Whatever it is, little is taken of it, and names alone.
func FuzzNamesInAMessage(f *testing.F) {
	f.Add("namespace=\"shop\" pod: `web-0`\n*Kind*\nPod\nhttps://x/%7Bnamespace%3D%22a%22%7D")
	f.Add(strings.Repeat("namespace: shop-"+strings.Repeat("x", 300)+" pod a/b\n", 3000))
	f.Fuzz(func(t *testing.T, text string) {
		n := namesIn(text)
		asks := n.asks()
		if len(asks) > mostScopes || len(n.alert) > 100 {
			t.Fatalf("%d scopes, alert %q", len(asks), n.alert)
		}
		for _, a := range asks {
			for _, w := range append([]string{a.Namespace}, a.Words...) {
				if strings.ContainsFunc(w, func(r rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789.-", r) }) ||
					len(w) > 253 || strings.HasPrefix(w, "-") {
					t.Fatalf("%q is no name, of %s", w, fmt.Sprint(a))
				}
			}
		}
	})
}
