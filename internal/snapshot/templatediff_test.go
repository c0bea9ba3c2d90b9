package snapshot

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	sigsyaml "sigs.k8s.io/yaml"
)

func TestTemplateDiff(t *testing.T) {
	const base = `{metadata: {labels: {app: web, pod-template-hash: a}}, spec: {containers: [{name: main, image: "web:3", env: [{name: DB_HOST, value: db}, {name: DB_PASSWORD, value: a}], resources: {limits: {memory: 256Mi}}}], volumes: [{name: c, configMap: {name: web}}]}}`
	for name, c := range map[string]struct {
		now  string
		want []string
	}{
		"alike but for labels": {strings.Replace(base, "pod-template-hash: a", "pod-template-hash: b", 1), nil},
		"image":                {strings.Replace(base, "web:3", "web:4", 1), []string{"image web:3 → web:4"}},
		"a variable":           {strings.Replace(base, "value: db}", "value: database}", 1), []string{"env DB_HOST db → database"}},
		"a secret's value":     {strings.Replace(base, "value: a}", "value: hunter2}", 1), []string{"env DB_PASSWORD changed"}},
		"a variable gone":      {strings.Replace(base, "{name: DB_HOST, value: db}, ", "", 1), []string{"env DB_HOST removed"}},
		"a limit":              {strings.Replace(base, "256Mi", "64Mi", 1), []string{"memory limit 256Mi → 64Mi"}},
		"the same limit":       {strings.Replace(base, "256Mi", "268435456", 1), nil},
		"a volume's source":    {strings.Replace(base, "name: web}}]", "name: web2}}]", 1), []string{"volume c ConfigMap web → ConfigMap web2"}},
		"a second container": {strings.Replace(base, "containers: [", `containers: [{name: side, image: "s:1"}, `, 1),
			[]string{"container side added (s:1)"}},
		"a restart": {strings.Replace(base, "metadata: {", `metadata: {annotations: {kubectl.kubernetes.io/restartedAt: x}, `, 1),
			[]string{"restarted by kubectl rollout restart"}},
		"a probe, in few words": {strings.Replace(base, `image: "web:3"`, `image: "web:3", readinessProbe: {tcpSocket: {port: 1}}`, 1),
			[]string{"readinessProbe changed"}},
	} {
		var before, now corev1.PodTemplateSpec
		if err := sigsyaml.UnmarshalStrict([]byte(base), &before); err != nil {
			t.Fatal(err)
		}
		if err := sigsyaml.UnmarshalStrict([]byte(c.now), &now); err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(c.want, TemplateDiff(&before, &now)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}
