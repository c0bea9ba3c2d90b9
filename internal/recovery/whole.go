package recovery

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// whole is a kind of step that makes an object or removes one. Parameters: "value" and "before", the object as JSON without what the API
// server adds to it, empty where there is none; one of the two is.
type whole struct {
	kinds   []string // that it makes or removes
	removes bool     // and makes it again to undo that; otherwise it makes, and removes to undo that
	harm    incident.Risk
}

func (k whole) means() string {
	if k.removes {
		return "Removes an object; undone, it is made again."
	}
	return "Makes an object that is missing; undone, it is removed."
}

func (k whole) objects() []string { return k.kinds }

func (k whole) risk(s incident.Step) incident.Risk {
	if k.ends(s) && !k.removes { // what was made is used by now
		return incident.Disruptive
	}
	return k.harm
}

// ends: without a value the object goes; a draft that removes has neither.
func (k whole) ends(s incident.Step) bool { return s.Params[paramValue] == "" }

func (k whole) title(s incident.Step) string {
	if k.ends(s) {
		return "Remove " + inWords(s.Target.Object)
	}
	return "Make " + inWords(s.Target.Object)
}

func (k whole) rights(s incident.Step) []incident.Right {
	verb := "create"
	if k.ends(s) {
		verb = "delete"
	}
	return []incident.Right{rightOn(verb, s.Target.Object)}
}

func (k whole) look(ctx context.Context, r *Recovery, s incident.Step) (subject, error) {
	b, err := r.o.Reader.Get(ctx, s.Target.Object)
	if apierrors.IsNotFound(err) {
		return subject{uid: s.Target.UID, hash: gone, gone: true}, nil
	}
	if err != nil {
		return subject{}, err
	}
	o, err := decodeObject(b)
	if err != nil {
		return subject{}, fmt.Errorf("%s: %w", s.Target.Object, err)
	}
	return k.subject(s, o), nil
}

// subject is bound to what the step says of the object: what the API server adds to that is its own matter.
func (k whole) subject(s incident.Step, o object) subject {
	like, ok := decodeValue(s.Params[paramValue]).(map[string]any)
	if !ok {
		like, ok = decodeValue(s.Params[paramBefore]).(map[string]any)
	}
	if !ok {
		like = made(o)
	}
	return subject{uid: o.text("metadata", "uid"), hash: digest(encode(within(made(o), like))), object: o}
}

// made is an object as somebody makes it: without status, and without what the API server sets.
func made(o object) object {
	out := o.clone()
	out.unset("status")
	meta, _ := out.at("metadata").(map[string]any)
	for k := range meta {
		if !slices.Contains([]string{"name", "namespace", "labels", "annotations", "ownerReferences"}, k) {
			delete(meta, k)
		}
	}
	return out
}

// within is of metadata and spec, which the API server fills up, what like speaks of, and everything else as it is.
func within(o, like object) object {
	out := o.clone()
	for _, part := range []string{"metadata", "spec"} {
		if was, ok := like[part]; ok {
			out[part] = cut(out[part], was)
		}
	}
	return out
}

// asSaid are maps that the API server adds nothing to: one key more makes them choose other pods.
var asSaid = []string{"selector", "podSelector", "namespaceSelector", "nodeSelector"}

func cut(v, like any) any {
	switch like := like.(type) {
	case map[string]any:
		m, ok := v.(map[string]any)
		if !ok || len(like) == 0 { // nothing said is nothing to be there
			return v
		}
		out := map[string]any{}
		for k, l := range like {
			x, ok := m[k]
			switch {
			case ok && slices.Contains(asSaid, k):
				out[k] = x
			case ok:
				out[k] = cut(x, l)
			}
		}
		return out
	case []any:
		list, ok := v.([]any)
		if !ok || len(list) != len(like) {
			return v
		}
		out := make([]any, len(list))
		for i := range list {
			out[i] = cut(list[i], like[i])
		}
		return out
	}
	return v
}

func (k whole) prepare(s *incident.Step, now subject, _ loader, _ func([]byte) (string, error)) error {
	o := s.Target.Object
	if !slices.Contains(k.kinds, o.Kind) {
		return unfit("make or remove %s: no step does that to a %s", o, o.Kind)
	}
	if s.Params[paramValue] == "" {
		return k.prepareEnd(s, now)
	}
	v, ok := decodeValue(s.Params[paramValue]).(map[string]any)
	if !ok {
		return unfit("make %s: what is to be made is not an object", o)
	}
	if why := admitted(o, v, k.removes); why != "" {
		return unfit("make %s: %s", o, why)
	}
	if !now.gone && now.hash != digest(encode(within(v, v))) {
		return unfit("make %s: there is another of that name already", o)
	}
	s.Params[paramValue], s.Params[paramBefore] = encodeValue(v), ""
	return nil
}

// prepareEnd is of a step that removes: what it shows is what is there. What was made is removed as it was made, and nothing
// else is by that.
func (k whole) prepareEnd(s *incident.Step, now subject) error {
	o := s.Target.Object
	if now.gone {
		return errNothing{*s}
	}
	if k.removes {
		s.Params[paramBefore] = encodeValue(map[string]any(made(now.object)))
		return nil
	}
	before, _ := decodeValue(s.Params[paramBefore]).(map[string]any)
	if why := admitted(o, before, false); why != "" {
		return unfit("remove %s: it is not what a step has made: %s", o, why)
	}
	if now.hash != digest(encode(within(before, before))) {
		return unfit("remove %s: it is not any more what was made", o)
	}
	return nil
}

func (k whole) change(s incident.Step, _ loader, now subject) (subject, error) {
	if k.ends(s) {
		return subject{uid: now.uid, hash: gone, gone: true}, nil
	}
	v, _ := decodeValue(s.Params[paramValue]).(map[string]any)
	return k.subject(s, v), nil
}

func (whole) between(incident.Step, loader, subject) (string, bool) { return "", false }

func (k whole) views(s incident.Step, _ loader) (before, after string, err error) {
	view := func(text string) string {
		v := decodeValue(text)
		if v == nil || err != nil {
			return ""
		}
		var b []byte
		b, err = sigsyaml.Marshal(v)
		return string(b)
	}
	return view(s.Params[paramBefore]), view(s.Params[paramValue]), err
}

func (whole) undo(s incident.Step) *incident.Step { return swapped(s) }

func (k whole) dryRun(ctx context.Context, _ *Recovery, w Writer, s incident.Step, from, _ subject) (string, error) {
	return k.act(ctx, w, s, from, true)
}

func (k whole) commit(ctx context.Context, _ *Recovery, w Writer, s incident.Step, from, _ subject) error {
	hash, err := k.act(ctx, w, s, from, false)
	if err != nil {
		return outcome(err)
	}
	return asShown(s, hash)
}

func (k whole) act(ctx context.Context, w Writer, s incident.Step, from subject, dryRun bool) (string, error) {
	o := s.Target.Object
	if k.ends(s) {
		return gone, w.Delete(ctx, o, from.uid, from.object.text("metadata", "resourceVersion"), false, dryRun)
	}
	b, err := w.Create(ctx, o, []byte(s.Params[paramValue]), dryRun)
	if err != nil {
		return "", err
	}
	got, err := decodeObject(b)
	if err != nil {
		return "", fmt.Errorf("%s: %w", o, err)
	}
	return k.subject(s, got).hash, nil
}
