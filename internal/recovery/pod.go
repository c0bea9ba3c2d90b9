package recovery

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// removePod is a kind of step that removes one pod, which its controller then replaces. Parameters: "node" and "owner", for people;
// "atOnce", "true" where the kubelet that would end its containers is not there to confirm it.
type removePod struct {
	evict bool
}

const paramAtOnce = "atOnce"

func (k removePod) means() string {
	if k.evict {
		return "Evicts a pod, which a PodDisruptionBudget may refuse."
	}
	return "Deletes a pod, so that its controller makes another."
}

func (removePod) objects() []string { return []string{"Pod"} }

// risk: at once is destructive, for on a node that only cannot be heard the containers run on, and a StatefulSet's next pod beside them.
func (k removePod) risk(s incident.Step) incident.Risk {
	if s.Params[paramAtOnce] == "true" {
		return incident.Destructive
	}
	return incident.Disruptive
}

func (removePod) ends(incident.Step) bool { return true }

func (k removePod) title(s incident.Step) string {
	o := s.Target.Object
	switch {
	case k.evict:
		return fmt.Sprintf("Evict pod %s/%s from node %s", o.Namespace, o.Name, s.Params["node"])
	case s.Params[paramAtOnce] == "true":
		return fmt.Sprintf("Delete pod %s/%s at once, though its node %s cannot confirm that it has ended", o.Namespace, o.Name, s.Params["node"])
	}
	return fmt.Sprintf("Delete pod %s/%s", o.Namespace, o.Name)
}

func (k removePod) rights(s incident.Step) []incident.Right {
	if k.evict {
		return []incident.Right{rightOn("create", s.Target.Object, "eviction")}
	}
	return []incident.Right{rightOn("delete", s.Target.Object)}
}

// look: a pod that is being deleted is as good as gone, unless that is what the step is there to end.
func (k removePod) look(ctx context.Context, r *Recovery, s incident.Step) (subject, error) {
	now, err := edit{}.look(ctx, r, s)
	switch {
	case apierrors.IsNotFound(err):
		return subject{uid: s.Target.UID, hash: gone, gone: true}, nil
	case err != nil:
		return now, err
	case now.object.at("metadata", "deletionTimestamp") != nil && s.Params[paramAtOnce] != "true":
		return subject{uid: now.uid, hash: gone, gone: true, object: now.object}, nil
	}
	return now, nil
}

func (k removePod) prepare(s *incident.Step, now subject, _ loader, _ func([]byte) (string, error)) error {
	o := s.Target.Object
	if o.Kind != "Pod" {
		return unfit("remove %s: not a pod", o)
	}
	if now.gone {
		return errNothing{*s}
	}
	owners, _ := now.object.at("metadata", "ownerReferences").([]any)
	i := slices.IndexFunc(owners, func(o any) bool { return asMap(o)["controller"] == true })
	if i < 0 {
		return unfit("remove %s: nothing would make it again, for it has no controller", o)
	}
	if now.object.at("metadata", "annotations", "kubernetes.io/config.mirror") != nil {
		return unfit("remove %s: it is a static pod's mirror; its manifest lies on node %s", o, now.object.text("spec", "nodeName"))
	}
	s.Params["owner"] = fmt.Sprintf("%v %v", asMap(owners[i])["kind"], asMap(owners[i])["name"])
	s.Params["node"] = now.object.text("spec", "nodeName")
	return nil
}

func (removePod) change(_ incident.Step, _ loader, now subject) (subject, error) {
	return subject{uid: now.uid, hash: gone, gone: true}, nil
}

func (removePod) between(incident.Step, loader, subject) (string, bool) { return "", false }

func (removePod) views(s incident.Step, _ loader) (before, after string, err error) {
	return fmt.Sprintf("pod: %s\nnode: %s\nmade by: %s\n", s.Target.Object.Name, s.Params["node"], s.Params["owner"]), "", nil
}

// undo: a pod that is gone does not come back; its controller makes another.
func (removePod) undo(incident.Step) *incident.Step { return nil }

func (k removePod) dryRun(ctx context.Context, _ *Recovery, w Writer, s incident.Step, from, _ subject) (string, error) {
	return gone, k.act(ctx, w, s, from, true)
}

func (k removePod) commit(ctx context.Context, _ *Recovery, w Writer, s incident.Step, from, _ subject) error {
	return outcome(k.act(ctx, w, s, from, false))
}

func (k removePod) act(ctx context.Context, w Writer, s incident.Step, from subject, dryRun bool) error {
	if k.evict {
		return w.Evict(ctx, s.Target.Object, from.uid, dryRun)
	}
	return w.Delete(ctx, s.Target.Object, from.uid, "", s.Params[paramAtOnce] == "true", dryRun)
}
