package calls

import (
	"slices"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func TestConfiguredServices(t *testing.T) {
	s, err := snapshot.FromManifests(time.Unix(0, 0), []byte(`
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: pay}
---
apiVersion: v1
kind: Service
metadata: {name: queue, namespace: shop}
---
apiVersion: v1
kind: Service
metadata: {name: cache, namespace: shop}
---
apiVersion: v1
kind: Service
metadata: {name: info, namespace: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: shop}
data: {app.yaml: "cache: cache:6379\nlevel: info\n"}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  volumes: [{name: c, configMap: {name: web}}]
  containers:
  - name: web
    args: ["--pay=http://api.pay.svc:8080/v1", "--log=info"]
    env:
    - {name: DATABASE_URL, value: "postgres://u:p@db:5432/x"}
    - {name: QUEUE_HOST, value: queue}
    - {name: LEVEL, value: info}
    - {name: OUTSIDE, value: "https://example.com"}
`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range Configured(s, s.Pod("shop", "web")) {
		got = append(got, o.Namespace+"/"+o.Name)
	}
	if want := []string{"pay/api", "shop/cache", "shop/db", "shop/queue"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
