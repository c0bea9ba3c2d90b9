package bundle_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// TestCaptureOfARealCluster captures the cluster of $PARAMEDIC_LAB, a kubeconfig, and captures it again from the bundle served: what a
// real API server says must survive both. It only reads.
func TestCaptureOfARealCluster(t *testing.T) {
	kubeconfig := os.Getenv("PARAMEDIC_LAB")
	if kubeconfig == "" {
		t.Skip("set PARAMEDIC_LAB to a lab cluster's kubeconfig")
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	capture := func(c *rest.Config, at time.Time) *bundle.Bundle {
		t.Helper()
		start := time.Now()
		b, err := bundle.Capture(t.Context(), c, bundle.Options{ClusterName: "lab", Version: "test", Redact: asIs,
			Now: func() time.Time { return at }})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%v: %d objects, %d logs, not seen: %+v", time.Since(start).Round(time.Millisecond), b.Info().Objects, len(b.Logs),
			b.Manifest.NotSeen)
		return b
	}
	real := capture(config, time.Now())
	path := filepath.Join(t.TempDir(), "lab.tar.zst")
	if _, err := real.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	read, err := bundle.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err == nil {
		t.Logf("%d bytes, %d uncompressed", st.Size(), read.Info().UncompressedBytes)
	}
	_, served := serve(t, read, asCaptured)
	again := capture(served(""), real.Manifest.CapturedAt)
	if diff := cmp.Diff(real.Objects, again.Objects); diff != "" {
		t.Error("-real +served:\n" + diff)
	}
	if diff := cmp.Diff(real.Logs, again.Logs); diff != "" {
		t.Error("-real +served:\n" + diff)
	}
	if !bytes.Equal(written(t, real), written(t, read)) {
		t.Error("written again, the bytes differ")
	}

	// Typed, in protobuf, both servers say the same of what stands still.
	typed := func(c *rest.Config) *corev1.ServiceList {
		c = rest.CopyConfig(c)
		c.AcceptContentTypes = "application/vnd.kubernetes.protobuf"
		list, err := clientFor(t, c).CoreV1().Services("").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range list.Items {
			for j := range list.Items[i].ManagedFields { // a bundle does not keep them
				list.Items[i].ManagedFields[j].FieldsV1, list.Items[i].ManagedFields[j].FieldsType = nil, ""
			}
			list.Items[i].TypeMeta = metav1.TypeMeta{}
			delete(list.Items[i].Annotations, "kubectl.kubernetes.io/last-applied-configuration")
			if len(list.Items[i].Annotations) == 0 {
				list.Items[i].Annotations = nil
			}
		}
		return list
	}
	if diff := cmp.Diff(typed(config).Items, typed(served("")).Items); diff != "" {
		t.Error("services, -real +served:\n" + diff)
	}
}
