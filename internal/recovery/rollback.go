package recovery

import (
	"errors"
	"fmt"
	"slices"

	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

const (
	revisionAnnotation = "deployment.kubernetes.io/revision" // RevisionAnnotation in k8s.io/kubernetes/pkg/controller/deployment/util
	templateHashLabel  = "pod-template-hash"
)

// rollBackWorkload gives a Deployment, StatefulSet or DaemonSet another revision's pod template. Parameters: "template" and "before", blobs of pod templates
// as JSON; "to" and "from", their revisions, for people.
type rollBackWorkload struct{ edit }

func (rollBackWorkload) means() string {
	return "Rolls a Deployment, StatefulSet or DaemonSet back to the pod template of an earlier revision."
}

func (rollBackWorkload) objects() []string { return rolled }

// risk: disruptive, for the pods of the revision that goes end.
func (rollBackWorkload) risk(incident.Step) incident.Risk { return incident.Disruptive }

func (rollBackWorkload) title(s incident.Step) string {
	return fmt.Sprintf("Roll %s back from revision %s to %s", inWords(s.Target.Object), s.Params["from"], s.Params["to"])
}

func (rollBackWorkload) prepare(s *incident.Step, now subject, _ loader, put func([]byte) (string, error)) (err error) {
	if !slices.Contains(rolled, s.Target.Object.Kind) {
		return unfit("roll back %s: only a Deployment, StatefulSet or DaemonSet can be rolled back", s.Target.Object)
	}
	if paused, _ := now.object.at("spec", "paused").(bool); paused {
		return unfit("roll back %s: its rollout is paused; resume it first", s.Target.Object)
	}
	t, err := templateOf(now.object)
	if err != nil {
		return unfit("roll back %s: %v", s.Target.Object, err)
	}
	s.Params["before"], err = put(encode(t))
	return err
}

// templateOf is the pod template of a workload or ReplicaSet, without the label that the controller adds to each ReplicaSet's.
func templateOf(o object) (object, error) {
	t, ok := o.clone().at("spec", "template").(map[string]any)
	if !ok {
		return nil, errors.New("it has no pod template")
	}
	object(t).unset("metadata", "labels", templateHashLabel)
	return t, nil
}

func (rollBackWorkload) change(s incident.Step, load loader, now subject) (subject, error) {
	t, err := loadTemplate(load, s.Params["template"])
	if err != nil {
		return subject{}, err
	}
	o := now.object.clone()
	o.set(map[string]any(t), "spec", "template")
	return subjectOf(o), nil
}

func loadTemplate(load loader, hash string) (object, error) {
	b, err := load(hash)
	if err != nil {
		return nil, err
	}
	return decodeObject(b)
}

func (rollBackWorkload) views(s incident.Step, load loader) (before, after string, err error) {
	if before, err = templateView(load, s.Params["before"]); err != nil {
		return "", "", err
	}
	after, err = templateView(load, s.Params["template"])
	return before, after, err
}

func templateView(load loader, hash string) (string, error) {
	t, err := loadTemplate(load, hash)
	if err != nil {
		return "", err
	}
	b, err := sigsyaml.Marshal(map[string]any{"template": map[string]any(t)})
	return string(b), err
}

func (rollBackWorkload) undo(s incident.Step) *incident.Step {
	return &incident.Step{Params: map[string]string{"template": s.Params["before"], "before": s.Params["template"], "from": s.Params["to"],
		"to": s.Params["from"]}}
}
