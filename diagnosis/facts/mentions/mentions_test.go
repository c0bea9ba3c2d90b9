package mentions

import (
	"slices"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

const cluster = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: office, namespace: back}
spec: {rules: [{host: office.example.com}]}
---
apiVersion: v1
kind: Service
metadata: {name: moderation, namespace: dev2}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web, namespace: shop}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: grafana-datasource, namespace: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: other}
data: {"nginx.conf": ""}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: proxy, namespace: shop}
data: {"nginx.conf": ""}
---
apiVersion: apisix.apache.org/v2
kind: ApisixRoute
metadata: {name: moderation, namespace: dev2}
---
apiVersion: kueue.x-k8s.io/v1
kind: Topology
metadata: {name: oci-rdma}
---
apiVersion: v1
kind: Pod
metadata: {name: grafana, namespace: shop}
spec:
  volumes: [{name: c, configMap: {name: grafana-datasource}}, {name: s, secret: {secretName: key}}, {name: d, emptyDir: {}}]
  containers:
  - name: grafana
    volumeMounts: [{name: c, mountPath: /etc/grafana/datasources}, {name: s, mountPath: /etc/key/}, {name: d, mountPath: /etc/grafana}]
`

func parsed(t *testing.T) *snapshot.Snapshot {
	t.Helper()
	s, err := snapshot.FromManifests(time.Unix(0, 0), []byte(cluster))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestIn(t *testing.T) {
	for text, want := range map[string][]string{
		`no role for service account web (namespace: shop)`:                {"ServiceAccount/shop/web"},
		`config map settings in namespace other is missing`:                {"ConfigMap/other/settings"},
		`failed to get Service dev2/moderation: no endpoints`:              {"Service/dev2/moderation"},
		`sync failed for dev2/moderation`:                                  {"Service/dev2/moderation", "ApisixRoute/dev2/moderation"},
		`service "web" not found`:                                          {"Service/shop/web"},
		`the web is large and moderation is a virtue`:                      nil,
		`cannot parse grafana-datasource`:                                  {"ConfigMap/shop/grafana-datasource"},
		`topology "oci-rdma" has a level that no node carries`:             {"Topology/oci-rdma"},
		`configmap settings is missing`:                                    nil, // of another namespace
		`configmap settings in namespace other is missing`:                 {"ConfigMap/other/settings"},
		`"ApisixRoute": {"name": "moderation", "namespace": "dev2"} error`: {"ApisixRoute/dev2/moderation"},
		`null at service "dev2_moderation_0-0"`:                            {"Service/dev2/moderation"},
		`too big header, host: "office.example.com", upstream: x`:          {"Ingress/back/office"},
		`nginx.conf: unknown directive`:                                    {"ConfigMap/shop/proxy"},
		``:                                                                 nil,
	} {
		var got []string
		for _, o := range In(parsed(t), "shop", text) {
			got = append(got, o.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestMounted(t *testing.T) {
	p := parsed(t).Pod("shop", "grafana")
	for text, want := range map[string]string{
		"open /etc/grafana/datasources/loki.yaml: bad": "ConfigMap/shop/grafana-datasource",
		"open /etc/key/tls.crt":                        "Secret/shop/key",
		"open /etc/grafana/other.ini":                  "", // in the emptyDir
		"open /etc/keys/x":                             "",
		"nothing":                                      "",
	} {
		got := ""
		for _, o := range Mounted(p, "", text) {
			got += o.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
