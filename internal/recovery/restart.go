package recovery

import (
	"fmt"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// restartedAt is the annotation by which "kubectl rollout restart" replaces a workload's pods (RestartedAtAnnotation in
// k8s.io/kubectl/pkg/polymorphichelpers).
const restartedAt = "kubectl.kubernetes.io/restartedAt"

// restartWorkload replaces the pods of a Deployment, StatefulSet or DaemonSet by its own rolling update. Parameters: "at", the
// annotation's value; "before", the one it has.
type restartWorkload struct{ edit }

func (restartWorkload) means() string {
	return "Replaces a workload's pods, as kubectl rollout restart does."
}

func (restartWorkload) objects() []string { return rolled }

// risk: disruptive, for pods that work end with those that don't, and nothing brings them back.
func (restartWorkload) risk(incident.Step) incident.Risk { return incident.Disruptive }

func (restartWorkload) title(s incident.Step) string {
	t := fmt.Sprintf("Restart %s %s/%s", s.Target.Object.Kind, s.Target.Object.Namespace, s.Target.Object.Name)
	if s.Unless > 0 {
		t += fmt.Sprintf(" unless it is well within %s", words(s.Unless))
	}
	return t
}

var annotationPath = []string{"spec", "template", "metadata", "annotations", restartedAt}

func (restartWorkload) prepare(s *incident.Step, now subject, _ loader, _ func([]byte) (string, error)) error {
	o := s.Target.Object
	switch o.Kind {
	case "Deployment", "StatefulSet", "DaemonSet":
	default:
		return unfit("restart %s: only a Deployment, StatefulSet or DaemonSet can be restarted", o)
	}
	if paused, _ := now.object.at("spec", "paused").(bool); paused {
		return unfit("restart %s: its rollout is paused; resume it first", o)
	}
	if now.object.text("spec", "updateStrategy", "type") == "OnDelete" {
		return unfit("restart %s: its pods are replaced only when somebody deletes them (updateStrategy OnDelete)", o)
	}
	if s.Params["at"] == "" {
		return unfit("restart %s: no time is given", o)
	}
	s.Params["before"] = now.object.text(annotationPath...)
	return nil
}

func (restartWorkload) change(s incident.Step, _ loader, now subject) (subject, error) {
	o := now.object.clone()
	o.set(s.Params["at"], annotationPath...)
	return subjectOf(o), nil
}

func (restartWorkload) views(s incident.Step, _ loader) (before, after string, err error) {
	line := func(v string) string {
		if v == "" {
			return ""
		}
		return "spec.template.metadata.annotations:\n  " + restartedAt + ": " + v + "\n"
	}
	return line(s.Params["before"]), line(s.Params["at"]), nil
}

// undo: pods that were replaced are gone.
func (restartWorkload) undo(incident.Step) *incident.Step { return nil }
