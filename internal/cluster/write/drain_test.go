package write

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func podOf(name, kind string, change func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Spec: corev1.PodSpec{NodeName: "n1"}}
	if kind != "" {
		yes := true
		p.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: "w", Controller: &yes}}
	}
	if change != nil {
		change(p)
	}
	return p
}

func TestWhatADrainEvicts(t *testing.T) {
	client := fake.NewClientset(&appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "w"}},
		podOf("web", "ReplicaSet", nil),
		podOf("agent", "DaemonSet", nil),
		podOf("mirror", "Node", func(p *corev1.Pod) { p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"} }),
		podOf("alone", "", nil),
		podOf("ended", "", func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded }),
		podOf("cache", "ReplicaSet", func(p *corev1.Pod) {
			p.Spec.Volumes = []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
		}))
	for _, c := range []struct {
		alone, data bool
		leave       string
		refused     []string
	}{
		{false, false, "ended web", []string{"shop/alone", "shop/cache"}},
		{true, false, "alone ended web", []string{"shop/cache"}},
		{false, true, "cache ended web", []string{"shop/alone"}},
		{true, true, "alone cache ended web", nil},
	} {
		pods, refused, err := judge(t.Context(), client, "n1", c.alone, c.data)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for i := range pods {
			names = append(names, pods[i].Name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != c.leave {
			t.Errorf("alone %v, data %v: %q go, want %q", c.alone, c.data, got, c.leave)
		}
		words := fmt.Sprint(refused)
		if len(refused) != len(c.refused) || slices.ContainsFunc(c.refused, func(p string) bool { return !strings.Contains(words, p) }) {
			t.Errorf("alone %v, data %v: refused %s, want %v", c.alone, c.data, words, c.refused)
		}
	}
}
