package write

import (
	"context"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
)

// TestOnARealCluster runs the steps' conformance suite on the cluster of $PARAMEDIC_LAB, a kubeconfig whose user may do everything. It
// works in a namespace of its own, and makes rights for two users that do not exist.
func TestOnARealCluster(t *testing.T) {
	kubeconfig := os.Getenv("PARAMEDIC_LAB")
	if kubeconfig == "" {
		t.Skip("set PARAMEDIC_LAB to a lab cluster's kubeconfig")
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	l := newLab(t, config)
	steptest.Run(t, l.world)
	l.uncordon()
	t.Run("healthy once it serves", func(t *testing.T) { l.healthy(t) })
}

const labNamespace = "recovery-test"

type lab struct {
	client  *Client
	stage   *Stage
	reader  *Reader
	core    *kubernetes.Clientset
	node    string
	may, no incident.Identity
}

func newLab(t *testing.T, config *rest.Config) *lab {
	t.Helper()
	l := &lab{may: incident.Identity{User: "recovery-ada", Groups: []string{"recovery-operators"}},
		no: incident.Identity{User: "recovery-ben"}}
	var err error
	if l.client, err = New(config); err != nil {
		t.Fatal(err)
	}
	if l.stage, err = l.client.Stage(); err != nil {
		t.Fatal(err)
	}
	if l.reader, err = l.client.Reader(); err != nil {
		t.Fatal(err)
	}
	if l.core, err = kubernetes.NewForConfig(config); err != nil {
		t.Fatal(err)
	}
	nodes, err := l.core.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil || len(nodes.Items) == 0 {
		t.Fatalf("no nodes: %v", err)
	}
	l.node = nodes.Items[0].Name
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: labNamespace}}
	if _, err := l.core.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatalf("%v; is another run under way, or did one leave its namespace behind?", err)
	}
	t.Cleanup(func() {
		_ = l.core.CoreV1().Namespaces().Delete(context.Background(), labNamespace, metav1.DeleteOptions{})
		for _, o := range []incident.Object{{Kind: "Service", Namespace: labNamespace, Name: "it"}, {Kind: "StorageClass", Name: labNamespace}, {Kind: "StorageClass", Name: labNamespace + "-it"},
			{Kind: "PersistentVolume", Name: labNamespace + "-it"}, {Kind: "PersistentVolume", Name: labNamespace}, {Kind: "ValidatingWebhookConfiguration", Name: labNamespace + "-it"},
			{Kind: "Namespace", Name: labNamespace + "-it"}, {Kind: "APIService", Name: "v1.recovery-test.example.com"},
			{Kind: "Node", Name: steptest.DrainedNode}} {
			l.remove(o)
		}
		l.uncordon()
		_ = l.core.RbacV1().ClusterRoles().Delete(context.Background(), labNamespace, metav1.DeleteOptions{})
		_ = l.core.RbacV1().ClusterRoleBindings().Delete(context.Background(), labNamespace, metav1.DeleteOptions{})
	})
	l.grant(t)
	return l
}

// grant gives the group what the steps need; that the group is impersonated too shows by it.
func (l *lab) grant(t *testing.T) {
	t.Helper()
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: labNamespace}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"create", "delete", "patch", "escalate", "bind"}},
	}}
	binding := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: labNamespace},
		RoleRef:  rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: labNamespace},
		Subjects: []rbacv1.Subject{{Kind: "Group", APIGroup: rbacv1.GroupName, Name: l.may.Groups[0]}}}
	if _, err := l.core.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.core.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	w, err := l.client.WriterFor(l.may)
	if err != nil {
		t.Fatal(err)
	}
	l.wait(t, "the rights", func() bool { // the authorizer learns of roles by a watch
		ok, _, err := w.Can(t.Context(), incident.Right{Verb: "patch", Resource: "configmaps", Namespace: labNamespace})
		return err == nil && ok
	})
}

func (l *lab) world(t *testing.T) steptest.World {
	m := &steptest.Memory{}
	return steptest.World{Without: steptest.OfOthers,
		Namespace: labNamespace, Node: l.node, May: l.may, MayNot: l.no, Put: l.put, Delete: l.delete,
		Options: recovery.Options{Reader: l.reader, Blobs: m, LastGood: m, Now: time.Now,
			WriterFor: func(as incident.Identity) (recovery.Writer, error) { return l.client.WriterFor(as) }},
	}
}

// put applies as kubectl apply --server-side --force-conflicts would, the status as well; what is given a deletionTimestamp is then deleted.
func (l *lab) put(t *testing.T, o incident.Object, object map[string]any) {
	t.Helper()
	u := &unstructured.Unstructured{Object: object}
	u.SetKind(o.Kind)
	u.SetName(o.Name)
	u.SetNamespace(o.Namespace)
	deleted := u.GetDeletionTimestamp() != nil
	u.SetDeletionTimestamp(nil)
	status := object["status"]
	delete(object, "status")
	if err := l.stage.Apply(t.Context(), u, ""); err != nil {
		t.Fatal(err)
	}
	if status != nil {
		object["status"] = status
		if err := l.stage.Apply(t.Context(), u, "status"); err != nil {
			t.Fatal(err)
		}
	}
	if deleted {
		u.SetFinalizers(nil) // which would be taken away first
		if err := l.stage.Delete(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
}

func (l *lab) delete(t *testing.T, o incident.Object) {
	t.Helper()
	b, err := l.reader.Get(t.Context(), o)
	if apierrors.IsNotFound(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(b); err != nil {
		t.Fatal(err)
	}
	if err := l.stage.Delete(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	l.wait(t, "the end of "+o.String(), func() bool {
		_, err := l.reader.Get(t.Context(), o)
		return apierrors.IsNotFound(err)
	})
}

// uncordon puts the node back as it was.
func (l *lab) uncordon() {
	_, _ = l.core.CoreV1().Nodes().Patch(context.Background(), l.node, types.MergePatchType,
		[]byte(`{"spec":{"unschedulable":null,"taints":null},"metadata":{"labels":{"recovery-test":null}}}`), metav1.PatchOptions{})
}

// remove deletes what a test left behind.
func (l *lab) remove(o incident.Object) {
	b, err := l.reader.Get(context.Background(), o)
	u := &unstructured.Unstructured{}
	if err == nil && u.UnmarshalJSON(b) == nil {
		_ = l.stage.Delete(context.Background(), u)
	}
}

// healthy: a workload whose image cannot be pulled is not well, and is once its image is one that the node has.
func (l *lab) healthy(t *testing.T) {
	o := incident.Object{Kind: "Deployment", Namespace: labNamespace, Name: "sleeper"}
	r, err := recovery.New(l.world(t).Options)
	if err != nil {
		t.Fatal(err)
	}
	well := func() (bool, string) {
		ok, detail, err := r.Healthy(t.Context(), incident.Step{Target: incident.Target{Object: o}})
		if err != nil {
			t.Fatal(err)
		}
		return ok, detail
	}
	l.put(t, o, sleeper("absent:1"))
	if ok, detail := well(); ok || detail == "" {
		t.Errorf("well without a pod: %q", detail)
	}
	l.put(t, o, sleeper("busybox:1.36"))
	l.wait(t, "a pod that serves", func() bool { ok, _ := well(); return ok })
}

func sleeper(image string) map[string]any {
	labels := map[string]any{"app": "sleeper"}
	return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "spec": map[string]any{
		"replicas": 1, "selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{"terminationGracePeriodSeconds": 0,
			"containers": []any{map[string]any{"name": "sleeper", "image": image, "imagePullPolicy": "IfNotPresent",
				"command": []any{"sleep", "600"}}}}},
	}}
}

func (l *lab) wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 300 {
		if done() {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}
