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

// A headless Service gives the address of any of its pods to who asks for its own name, and of one to who asks for that pod's.
func TestServicesNamedByThemselves(t *testing.T) {
	s, err := snapshot.FromManifests(time.Unix(0, 0), []byte(`
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: None, selector: {app: db}}
---
apiVersion: v1
kind: Service
metadata: {name: search, namespace: shop}
spec: {clusterIP: None, selector: {app: search}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
  - name: web
    env:
    - {name: DATABASE_URL, value: "postgres://u:p@db.shop.svc:5432/x"}
    - {name: SEED_HOSTS, value: "search-0.search.shop.svc:9300,search-1.search:9300"}
`))
	if err != nil {
		t.Fatal(err)
	}
	p := s.Pod("shop", "web")
	if o := snapshot.ObjectOf("Service", "shop", "db"); !ByItself(s, p, o) {
		t.Errorf("%s is not named by its own name", o)
	}
	o := snapshot.ObjectOf("Service", "shop", "search")
	if ByItself(s, p, o) {
		t.Errorf("%s is named by its own name, not by those of its pods", o)
	}
	if !slices.Contains(Configured(s, p), o) {
		t.Errorf("%s is not named at all", o)
	}
}
