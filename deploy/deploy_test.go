package deploy

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/host"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// objects decodes every object of the files that match, strictly: a misspelt field is an error.
func objects(t *testing.T, patterns ...string) []metav1.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, rbacv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	var out []metav1.Object
	for _, file := range glob(t, patterns...) {
		docs := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(read(t, file))))
		for {
			doc, err := docs.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			var meta metav1.TypeMeta
			if err == nil {
				err = yaml.Unmarshal(doc, &meta)
			}
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			o, err := scheme.New(meta.GroupVersionKind())
			if err == nil {
				err = yaml.UnmarshalStrict(doc, o)
			}
			if err != nil {
				t.Fatalf("%s: %s: %v", file, meta.Kind, err)
			}
			out = append(out, o.(metav1.Object))
		}
	}
	return out
}

// only returns the one object of the type with the name.
func only[T metav1.Object](t *testing.T, all []metav1.Object, name string) T {
	t.Helper()
	var found []T
	for _, o := range all {
		if typed, ok := o.(T); ok && o.GetName() == name {
			found = append(found, typed)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d objects %T named %s, want 1", len(found), *new(T), name)
	}
	return found[0]
}

func manifests(t *testing.T) []metav1.Object {
	return objects(t, "kubernetes/*.yaml", "kubernetes/*.yaml.example", "systemd/token.yaml")
}

func TestEveryObjectOfTheClusterBelongsToParamedic(t *testing.T) {
	all := manifests(t)
	if len(all) < 11 {
		t.Errorf("%d objects; are all files read?", len(all))
	}
	for _, o := range all {
		if o.GetLabels()["app.kubernetes.io/name"] != "paramedic" {
			t.Errorf("%T %s has no label app.kubernetes.io/name", o, o.GetName())
		}
		switch o.(type) {
		case *corev1.Namespace, *rbacv1.ClusterRole, *rbacv1.ClusterRoleBinding:
		default:
			if o.GetNamespace() != "paramedic" {
				t.Errorf("%T %s is in namespace %q", o, o.GetName(), o.GetNamespace())
			}
		}
	}
}

// Reading Secrets is opt-in: the role is in a file of its own that applying the folder leaves out, and lists them alone.
func TestSecretsAreReadOnlyWhereThatIsApplied(t *testing.T) {
	for _, o := range objects(t, "kubernetes/*.yaml") {
		if role, ok := o.(*rbacv1.ClusterRole); ok && slices.ContainsFunc(rights(t, role), func(r string) bool {
			return strings.HasSuffix(r,
				" /secrets")
		}) {
			t.Errorf("%s may read Secrets", role.Name)
		}
	}
	if diff := cmp.Diff([]string{"list /secrets"}, rights(t, only[*rbacv1.ClusterRole](t, manifests(t),
		"paramedic-read-secrets"))); diff != "" {
		t.Errorf("paramedic-read-secrets (-want +got):\n%s", diff)
	}
}

// "kubectl apply -f kubernetes/" must not overwrite the true Secret with the example's.
func TestApplyingTheFolderLeavesTheSecretAlone(t *testing.T) {
	for _, o := range objects(t, "kubernetes/*.yaml") {
		if s, ok := o.(*corev1.Secret); ok {
			t.Errorf("Secret %s would be applied", s.Name)
		}
	}
}

// rights lists a role's rules as "verb group/resource" or "verb /path", each once.
func rights(t *testing.T, role *rbacv1.ClusterRole) []string {
	t.Helper()
	have := map[string]bool{}
	for _, rule := range role.Rules {
		for _, path := range rule.NonResourceURLs {
			for _, v := range rule.Verbs {
				have[v+" "+path] = true
			}
		}
		for _, g := range rule.APIGroups {
			for _, r := range rule.Resources {
				for _, v := range rule.Verbs {
					have[v+" "+g+"/"+r] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(have))
}

func TestTheBotMayReadWhatASnapshotHoldsAndNothingElse(t *testing.T) {
	want := []string{"get /pods/log", "get /apis", "get /readyz", "get /version", "create authorization.k8s.io/subjectaccessreviews"}
	for _, custom := range []string{"apiregistration.k8s.io/apiservices", "certificates.k8s.io/certificatesigningrequests",
		"gateway.networking.k8s.io/*"} {
		want = append(want, "get "+custom, "list "+custom, "watch "+custom)
	}
	for _, k := range snapshot.Kinds {
		for _, verb := range []string{"get", "list", "watch"} {
			want = append(want, verb+" "+k.Group+"/"+k.Resource)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, rights(t, only[*rbacv1.ClusterRole](t, manifests(t), "paramedic-read"))); diff != "" {
		t.Errorf("paramedic-read is not what snapshot.Kinds needs (-want +got):\n%s", diff)
	}
}

func TestTheBotMayImpersonateAnAllowListAndNothingElse(t *testing.T) {
	all := manifests(t)
	role := only[*rbacv1.ClusterRole](t, all, "paramedic-impersonate")
	if diff := cmp.Diff([]string{"impersonate /groups", "impersonate /users"}, rights(t, role)); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
	for _, rule := range role.Rules {
		if len(rule.ResourceNames) == 0 {
			t.Errorf("%v: no resourceNames, so that anybody can be impersonated", rule.Resources)
		}
		if slices.Contains(rule.ResourceNames, "system:masters") {
			t.Errorf("%v: system:masters bypasses every check", rule.Resources)
		}
	}
	bound := map[string]bool{}
	for _, o := range all {
		b, ok := o.(*rbacv1.ClusterRoleBinding)
		if !ok {
			continue
		}
		for _, s := range b.Subjects {
			if s.Kind == "ServiceAccount" {
				bound[b.RoleRef.Name] = true
			}
		}
	}
	if diff := cmp.Diff(map[string]bool{"paramedic-read": true, "paramedic-read-custom": true, "paramedic-read-secrets": true,
		"paramedic-impersonate": true}, bound); diff != "" {
		t.Errorf("roles bound to service accounts (-want +got):\n%s", diff)
	}
}

func TestOperatorsMayDoEveryKindOfStepAndNothingElse(t *testing.T) {
	var want []string
	for _, k := range recovery.StepKinds() {
		for _, r := range k.Needs {
			want = append(want, r.Verb+" "+r.Group+"/"+r.Resource)
		}
	}
	slices.Sort(want)
	role := only[*rbacv1.ClusterRole](t, manifests(t), "paramedic-operator")
	if diff := cmp.Diff(slices.Compact(want), rights(t, role)); diff != "" {
		t.Errorf("paramedic-operator (-want +got):\n%s", diff)
	}
}

func TestTheBotOutlivesTheClustersNetwork(t *testing.T) {
	d := only[*appsv1.Deployment](t, manifests(t), "paramedic")
	pod := d.Spec.Template.Spec
	if d.Spec.Replicas == nil || *d.Spec.Replicas != 1 || d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
		t.Error("two bots would fight for one state: want 1 replica and the strategy Recreate")
	}
	if !pod.HostNetwork || pod.DNSPolicy != corev1.DNSDefault {
		t.Errorf("hostNetwork %v, dnsPolicy %s: it would fall silent with the cluster's CNI and DNS", pod.HostNetwork, pod.DNSPolicy)
	}
	for _, key := range []string{corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeNetworkUnavailable,
		corev1.TaintNodeDiskPressure} {
		for _, effect := range []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute} {
			if !tolerated(pod.Tolerations, key, effect) {
				t.Errorf("the taint %s:%s drives it away for ever", key, effect)
			}
		}
	}
	if len(pod.Containers) != 1 || pod.ServiceAccountName != "paramedic" || pod.NodeSelector[corev1.LabelHostname] == "" {
		t.Errorf("containers %d, account %q, node %v", len(pod.Containers), pod.ServiceAccountName, pod.NodeSelector)
	}
}

// tolerated says whether a taint is tolerated without a time limit.
func tolerated(all []corev1.Toleration, key string, effect corev1.TaintEffect) bool {
	return slices.ContainsFunc(all, func(x corev1.Toleration) bool {
		return x.Key == key && x.Operator == corev1.TolerationOpExists && (x.Effect == "" || x.Effect == effect) && x.TolerationSeconds == nil
	})
}

func TestTheBotHasNoMorePowerOverTheNodeThanItsFilesNeed(t *testing.T) {
	pod := only[*appsv1.Deployment](t, manifests(t), "paramedic").Spec.Template.Spec
	c := pod.Containers[0].SecurityContext
	if c == nil || c.Privileged != nil && *c.Privileged || c.AllowPrivilegeEscalation == nil || *c.AllowPrivilegeEscalation ||
		c.ReadOnlyRootFilesystem == nil || !*c.ReadOnlyRootFilesystem || c.Capabilities == nil || len(c.Capabilities.Add) > 0 ||
		!slices.Contains(c.Capabilities.Drop, "ALL") {
		t.Errorf("security context %+v", c)
	}
	if s := pod.SecurityContext; s == nil || s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Error("no seccomp profile")
	}
}

// What the bot can see of the node is what it reads, less what a container is better not shown. One of the two CNI directories is mounted,
// by the directory above it.
func TestTheBotSeesOfTheNodeWhatItReads(t *testing.T) {
	pod := only[*appsv1.Deployment](t, manifests(t), "paramedic").Spec.Template.Spec
	_, c := clusterConfig(t)
	writable := []string{"/var/lib/paramedic", path.Dir(c.Host.CNIDir)}
	want := slices.Clone(writable)
	for _, p := range host.Places {
		if p.Withheld == "" && !slices.Contains(host.CNIDirs, p.Path) {
			want = append(want, p.Path)
		}
	}
	var got []string
	for _, v := range pod.Volumes {
		if v.HostPath == nil {
			continue
		}
		at := v.HostPath.Path
		got = append(got, at)
		if v.HostPath.Type == nil || *v.HostPath.Type == corev1.HostPathUnset {
			t.Errorf("%s has no type: the runtime would make a directory of it where it is missing", at)
		}
		inside := path.Join(c.Host.Root, at)
		if at == path.Dir(c.State) {
			inside = at
		}
		i := slices.IndexFunc(pod.Containers[0].VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name })
		if i < 0 {
			t.Errorf("volume %s is not mounted", v.Name)
			continue
		}
		if m := pod.Containers[0].VolumeMounts[i]; m.ReadOnly == slices.Contains(writable, at) || m.MountPath != inside {
			t.Errorf("%s of the node is mounted at %s with readOnly %v; want %s", at, m.MountPath, m.ReadOnly, inside)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mounts are not what host.Places has (-want +got):\n%s", diff)
	}
}

func glob(t *testing.T, patterns ...string) (files []string) {
	t.Helper()
	for _, p := range patterns {
		found, err := filepath.Glob(p)
		if err != nil || len(found) == 0 {
			t.Fatalf("no file matches %s (%v)", p, err)
		}
		files = append(files, found...)
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
