package recovery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// plain says why a value cannot be one that a person reads and the API server keeps as it is; empty if it can.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return "it holds a null, which the API server takes for nothing"
	case string:
		if i := strings.IndexFunc(v, func(r rune) bool { return unseen(r) && r != '\n' && r != '\t' }); i >= 0 {
			return fmt.Sprintf("%s holds what cannot be seen", reveal(incident.Clip(v, 80)))
		}
	case []any:
		for _, e := range v {
			if why := plain(e); why != "" {
				return why
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if why := plain(k) + plain(v[k]); why != "" {
				return why
			}
		}
	}
	return ""
}

// nameInPath is what a name can be that finds a value: of a container, a variable, a label with its prefix.
var nameInPath = regexp.MustCompile(`^[A-Za-z0-9_.]([-A-Za-z0-9_./]*[A-Za-z0-9_])?$`)

// misled says which part of a path is none, such as a name that is empty or would be read as part of the path itself; empty if all are.
func misled(path []string) string {
	for _, p := range path {
		name := p
		if isElement(p) {
			_, name, _ = strings.Cut(strings.TrimSuffix(p, "]"), "=")
		}
		if !nameInPath.MatchString(name) {
			return fmt.Sprintf("%q names nothing", name)
		}
	}
	return ""
}

// makes are the kinds that a step can make, what an object of each consists of, and what it must decode to.
var makes = map[string]struct {
	parts []string
	typ   func() any
}{
	"ConfigMap":      {[]string{"data", "binaryData", "immutable"}, of[corev1.ConfigMap]()},
	"ServiceAccount": {[]string{"automountServiceAccountToken", "imagePullSecrets", "secrets"}, of[corev1.ServiceAccount]()},
	"Role":           {[]string{"rules"}, of[rbacv1.Role]()},
	"RoleBinding":    {[]string{"roleRef", "subjects"}, of[rbacv1.RoleBinding]()},
	"NetworkPolicy":  {[]string{"spec"}, of[networkingv1.NetworkPolicy]()},
	"Service":        {[]string{"spec"}, of[corev1.Service]()},
	"Job":            {[]string{"spec"}, of[batchv1.Job]()},
	"APIService":     {[]string{"spec"}, of[any]()},

	"HorizontalPodAutoscaler": {[]string{"spec"}, of[autoscalingv2.HorizontalPodAutoscaler]()},
	"PodDisruptionBudget":     {[]string{"spec"}, of[policyv1.PodDisruptionBudget]()},
}

// admitted says why an object is not one that a step makes; empty if it is. What owns it, holds it or tells its state is not for a step to
// say, but for who makes an object again that had owners.
func admitted(o incident.Object, v object, again bool) string {
	k, ok := snapshot.ServedAs(o.Kind)
	consists, also := makes[o.Kind]
	if !ok || !also {
		return "no step makes a " + o.Kind
	}
	if want := strings.TrimPrefix(k.Group+"/"+k.Version, "/"); v.text("apiVersion") != want || v.text("kind") != o.Kind {
		return fmt.Sprintf("it is a %s of %s, and not a %s of %s", v.text("kind"), v.text("apiVersion"), o.Kind, want)
	}
	if v.text("metadata", "name") != o.Name || v.text("metadata", "namespace") != o.Namespace {
		return "it has another name"
	}
	for _, part := range slices.Sorted(maps.Keys(v)) {
		if !slices.Contains([]string{"apiVersion", "kind", "metadata"}, part) && !slices.Contains(consists.parts, part) {
			return "it has " + part
		}
	}
	for _, part := range slices.Sorted(maps.Keys(asMap(v["metadata"]))) {
		if !slices.Contains([]string{"name", "namespace", "labels", "annotations"}, part) && (!again || part != "ownerReferences") {
			return "it has metadata." + part
		}
	}
	d := json.NewDecoder(bytes.NewReader(encode(v)))
	d.DisallowUnknownFields()
	if err := d.Decode(consists.typ()); err != nil {
		return err.Error()
	}
	return plain(map[string]any(v))
}

// byKubernetes are finalizers whose controllers are parts of every control plane: what they hold is held for a reason that goes by itself.
var byKubernetes = []string{"kubernetes.io/pvc-protection", "kubernetes.io/pv-protection", "foregroundDeletion", "orphan",
	"batch.kubernetes.io/job-tracking"}

// noStrangers: nobody is bound by being anybody at all, nor who may do everything, who was not before.
func noStrangers(c setting) string {
	was, _ := c.before.([]any)
	is, _ := c.after.([]any)
	for _, s := range is {
		name, _ := asMap(s)["name"].(string)
		if slices.Contains([]string{"system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts",
			"system:masters"}, name) && !holdsAlready(was, s) {
			return name + " is everybody, or somebody who may do everything"
		}
	}
	return ""
}

// noWildcards: no rule is for all of something that was not so before.
func noWildcards(c setting) string {
	was, _ := c.before.([]any)
	is, _ := c.after.([]any)
	for _, r := range is {
		for _, part := range []string{"verbs", "resources", "apiGroups"} {
			if all, _ := asMap(r)[part].([]any); slices.Contains(all, any("*")) && !holdsAlready(was, r) {
				return "a rule for all " + part + " is more than what is missing"
			}
		}
	}
	return ""
}

func holdsAlready(list []any, v any) bool {
	return slices.ContainsFunc(list, func(e any) bool { return string(encode(e)) == string(encode(v)) })
}
