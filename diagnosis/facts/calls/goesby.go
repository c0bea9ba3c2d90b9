package calls

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Bounds on the words that are kept of settings.
const (
	mostWords = 400 // of one workload
	leastWord = 3   // bytes
	longest   = 253 // bytes
)

// Setting is a word of a workload's settings: the value of a variable or of an argument, or of a line of a ConfigMap that its pods take.
type Setting struct {
	Pod  *corev1.Pod // one of the workload's
	Key  string      // "TOPIC", "--topic"
	Part string      // where it stands: "env TOPIC", "data.app.properties"
}

// assigned is a line that gives a key its value, as in properties, YAML and shell: "topic: sales", "queue.name=orders".
var assigned = regexp.MustCompile(`(?m)^[ \t-]*["']?([A-Za-z][A-Za-z0-9_.-]*)["']?[ \t]*[:=][ \t]*["']?([A-Za-z0-9][A-Za-z0-9_.-]*)["']?[ \t]*,?\r?$`)

// GoesBy lists the settings that have a word for their value, of each workload the first.
func GoesBy(s *snapshot.Snapshot, word string) []Setting {
	type once struct{}
	return snapshot.Once(s, once{}, func() map[string][]Setting {
		out, seen := map[string][]Setting{}, map[incident.Object]bool{}
		for i := range s.Pods {
			p := &s.Pods[i]
			if w := s.WorkloadOf(p); !seen[w] {
				seen[w] = true
				readWords(s, p, out)
			}
		}
		return out
	})[word]
}

// readWords takes down the words of one pod's settings.
func readWords(s *snapshot.Snapshot, p *corev1.Pod, into map[string][]Setting) {
	n := 0
	add := func(key, value, part string) {
		for _, word := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(",; \t\n", r) }) {
			of := into[word]
			if len(word) < leastWord || len(word) > longest || n == mostWords || len(of) > 0 && of[len(of)-1].Pod == p {
				continue
			}
			n++
			into[word] = append(of, Setting{p, key, part})
		}
	}
	taken := map[string]bool{}
	for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
		for _, e := range c.Env {
			add(e.Name, e.Value, "env "+e.Name)
			if v := e.ValueFrom; v != nil && v.ConfigMapKeyRef != nil {
				if m := s.ConfigMap(p.Namespace, v.ConfigMapKeyRef.Name); m != nil {
					add(e.Name, m.Data[v.ConfigMapKeyRef.Key], "env "+e.Name)
				}
			}
		}
		for _, from := range c.EnvFrom {
			if from.ConfigMapRef != nil {
				taken[from.ConfigMapRef.Name] = true
			}
		}
		for _, a := range slices.Concat(c.Command, c.Args) {
			if key, value, ok := strings.Cut(a, "="); ok {
				add(key, value, "argument "+key)
			}
		}
	}
	for i := range p.Spec.Volumes {
		if v := p.Spec.Volumes[i].ConfigMap; v != nil {
			taken[v.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(taken)) {
		m := s.ConfigMap(p.Namespace, name)
		if m == nil {
			continue
		}
		for _, k := range slices.Sorted(maps.Keys(m.Data)) {
			text := m.Data[k][:min(len(m.Data[k]), mostText)]
			if !strings.Contains(text, "\n") {
				add(k, text, "data."+k+" of ConfigMap "+name)
			}
			for _, line := range assigned.FindAllStringSubmatch(text, mostWords) {
				add(line[1], line[2], "data."+k+" of ConfigMap "+name)
			}
		}
	}
}
