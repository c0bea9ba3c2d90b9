package dns

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/resolvers"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// TestSearched holds that a search domain is told only by a name that was searched for in the cluster, was answered there twice, and was never
// asked for as it stands.
func TestSearched(t *testing.T) {
	query := func(name, answer string) string {
		return `[INFO] 10.42.1.5:41709 - 1399 "A IN ` + name + `. udp 78 false 512" ` + answer + " qr,rd,ra 94 0.006s\n"
	}
	inCluster := query("acme.example.org.svc.cluster.local", "NXDOMAIN")
	below := query("acme.example.org.home.example", "NOERROR")
	for name, c := range map[string]struct {
		log  string
		want []string
	}{
		"answered below it":                 {inCluster + below + inCluster + below, []string{"home.example"}},
		"answered once":                     {inCluster + below, nil},
		"asked for as it stands":            {inCluster + below + below + query("acme.example.org", "NOERROR"), nil},
		"never searched for in the cluster": {below + below, nil},
		"denied below it":                   {inCluster + query("acme.example.org.home.example", "NXDOMAIN"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "coredns"},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "coredns"}}}}
			s := &snapshot.Snapshot{Pods: []corev1.Pod{p}, Logs: []snapshot.Log{{Namespace: "kube-system", Pod: "coredns", Container: "coredns",
				Text: c.log}}}
			s.Index()
			var got []string
			for _, a := range searched(resolvers.Resolver{Pods: []*corev1.Pod{&s.Pods[0]}}, s) {
				got = append(got, a.domain)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
