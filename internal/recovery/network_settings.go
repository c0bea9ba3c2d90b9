package recovery

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// correctSetting makes the steps that put the right word where the container is told the wrong one.
func (r *Recovery) correctSetting(ctx context.Context, q request, c calls.Call, w incident.Object, x correction) ([]incident.Step, error) {
	if !slices.Contains(template, w.Kind) {
		return nil, unfit("%s calls it, and what a %s is told cannot be changed", inWords(w), w.Kind)
	}
	now, err := r.asIs(ctx, w)
	if err != nil {
		return nil, err
	}
	at := podSpec(incident.Step{Target: incident.Target{Object: w}}, "containers", withName(c.Log.Container))
	list, _ := now.at(append(at, "env")...).([]any)
	if name, v := x.variable(list, w.Namespace); name != "" {
		return []incident.Step{setTo("SetEnv", w, v, "container", c.Log.Container, "name", name)}, nil
	}
	for _, from := range configured(c.Pod, c.Log.Container) {
		o := snapshot.ObjectOf("ConfigMap", w.Namespace, from.name)
		m, err := r.asIs(ctx, o)
		if unboundable(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		key, right := x.key(asMap(m["data"]), from.key, w.Namespace)
		if key == "" {
			continue
		}
		hash, err := r.put(ctx, []byte(right))
		if err != nil {
			return nil, err
		}
		steps := []incident.Step{{Kind: SetConfigMapKey, Target: incident.Target{Object: o},
			Params: map[string]string{"key": key, paramValue: hash}}}
		if restartable(w) {
			steps = append(steps, restingOn("it takes its settings from "+inWords(o)+" when it starts", restart(w, q.d.At)))
		}
		return steps, nil
	}
	return nil, unfit("where %s is told %s is not seen: in no variable of its own and in no ConfigMap that it takes them from", inWords(w),
		hostPort(x.wrong, x.port))
}

// variable is the one of a container's variables that has the wrong word, and what it should be; "" if none has it, or several have the
// port alone.
func (x correction) variable(list []any, namespace string) (name string, to map[string]any) {
	var alone []object
	for _, e := range list {
		m := object(asMap(e)).clone()
		if right, ok := x.in(m.text("value"), namespace); ok {
			m["value"] = right
			return m.text("name"), m
		}
		if x.port != "" && m.text("value") == x.port {
			alone = append(alone, m)
		}
	}
	if len(alone) != 1 {
		return "", nil
	}
	alone[0]["value"] = x.to
	return alone[0].text("name"), alone[0]
}

// key is the first key of a ConfigMap that has the wrong word, or only the one that is named, and what it should be; "" if none has.
func (x correction) key(data map[string]any, named, namespace string) (key, right string) {
	keys := []string{named}
	if named == "" {
		keys = slices.Sorted(maps.Keys(data))
	}
	for _, k := range keys {
		text, _ := data[k].(string)
		if right, ok := x.in(text, namespace); ok {
			return k, right
		}
	}
	return "", ""
}

// source is a ConfigMap that a container takes settings from, or one key of it.
type source struct{ name, key string }

// configured are the ConfigMaps that a container takes variables or files from.
func configured(p *corev1.Pod, container string) []source {
	var out []source
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		if c.Name != container {
			continue
		}
		for _, e := range c.Env {
			if e.ValueFrom != nil && e.ValueFrom.ConfigMapKeyRef != nil {
				out = append(out, source{e.ValueFrom.ConfigMapKeyRef.Name, e.ValueFrom.ConfigMapKeyRef.Key})
			}
		}
		for _, f := range c.EnvFrom {
			if f.ConfigMapRef != nil {
				out = append(out, source{name: f.ConfigMapRef.Name})
			}
		}
		for _, m := range c.VolumeMounts {
			for _, v := range p.Spec.Volumes {
				if v.Name == m.Name && v.ConfigMap != nil {
					out = append(out, source{name: v.ConfigMap.Name})
				}
			}
		}
	}
	return out
}

// firstError is the first error that is one.
func firstError(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

func intOf(port string) (int64, error) {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("read port %q: %w", port, err)
	}
	return int64(n), nil
}
