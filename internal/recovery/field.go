package recovery

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "k8s.io/apimachinery/pkg/util/json"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// The parameters of a step that sets a field: the value that it gets and the one it has, both as JSON, empty for none.
const (
	paramValue  = "value"
	paramBefore = "before"
)

// field is a kind of step that sets one value within an object. Which, is a row of fields rather than code of its own. Parameters: "value"
// and "before"; and those by which the path finds the value, such as "container".
type field struct {
	edit
	what  string   // "the image of a container"
	kinds []string // the objects that have it
	path  func(incident.Step) []string
	typ   func() any // what a value must decode to, with no field that it does not know
	// fits says why a value is out of bounds; nil where every value of the type is in.
	fits func(setting) string
	harm incident.Risk
	// say is the title, if it is not "Set … of … to …".
	say func(setting) string
	// beside is the path of a field that the API server keeps the same, where the object has it.
	beside func(incident.Step) []string
	// lasting says that nothing undoes it; ending that the object may be gone by it.
	lasting, ending bool
}

// setting is a field as a step finds it and as it is to be.
type setting struct {
	step          incident.Step
	object        object // as it is; nil when there is only the step to go by
	before, after any    // nil for none
}

func (f field) means() string { return "Sets " + f.what + "." }

func (f field) objects() []string { return f.kinds }

func (f field) risk(incident.Step) incident.Risk { return f.harm }

func (f field) ends(incident.Step) bool { return f.ending }

func (f field) title(s incident.Step) string {
	before, after := decodeValue(s.Params[paramBefore]), decodeValue(s.Params[paramValue])
	if f.say != nil {
		return f.say(setting{step: s, before: before, after: after})
	}
	name, o := nameOf(f.path(s)), s.Target.Object
	short := ""
	switch after.(type) {
	case nil:
		return fmt.Sprintf("Remove %s from %s", name, inWords(o))
	case string, bool, float64, int64:
		short = fmt.Sprintf(" to %v", after)
	}
	return fmt.Sprintf("Set %s in %s%s", name, inWords(o), incident.Clip(short, 120))
}

// nameOf is the end of a path in words: "image of web", "spec.selector".
func nameOf(path []string) string {
	last := path[len(path)-1]
	above := ""
	if len(path) > 1 {
		above = path[len(path)-2]
	}
	switch {
	case isElement(last):
		_, name, _ := strings.Cut(strings.Trim(last, "[]"), "=")
		return above + " " + name
	case isElement(above):
		_, name, _ := strings.Cut(strings.Trim(above, "[]"), "=")
		return last + " of " + name
	case above == "":
		return last
	}
	return above + "." + last
}

// inWords is an object as a sentence names it: "Deployment shop/web".
func inWords(o incident.Object) string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

func decodeValue(text string) any {
	var v any
	if text == "" || kjson.Unmarshal([]byte(text), &v) != nil {
		return nil
	}
	return v
}

func encodeValue(v any) string {
	if v == nil {
		return ""
	}
	return string(encode(v))
}

func (f field) look(ctx context.Context, r *Recovery, s incident.Step) (subject, error) {
	now, err := f.edit.look(ctx, r, s)
	switch {
	case apierrors.IsNotFound(err) && f.ending && s.Target.UID != "":
		return subject{uid: s.Target.UID, hash: gone, gone: true}, nil
	case err != nil:
		return now, err
	}
	return f.subject(s, now.object), nil
}

// subject is bound to what somebody decided about the object and to the field, which may lie elsewhere. Of a list without elements the API
// server keeps nothing.
func (f field) subject(s incident.Step, o object) subject {
	v := o.at(f.path(s)...)
	if list, ok := v.([]any); ok && len(list) == 0 {
		v = nil
	}
	return subject{uid: o.text("metadata", "uid"), hash: digest(encode([]any{boundPart(o), v})), object: o}
}

func (f field) prepare(s *incident.Step, now subject, _ loader, _ func([]byte) (string, error)) error {
	o := s.Target.Object
	if !slices.Contains(f.kinds, o.Kind) {
		return unfit("%s: a %s has none", f.what, o.Kind)
	}
	if now.gone {
		return errNothing{*s}
	}
	at := f.path(*s)
	if why := misled(at); why != "" {
		return unfit("%s of %s: %s", f.what, o, why)
	}
	for i, p := range at { // what a list lacks in the middle of the path is not made up
		if isElement(p) && i < len(at)-1 && now.object.at(at[:i+1]...) == nil {
			return unfit("%s has no %s", o, strings.Join(at[:i+1], "."))
		}
	}
	before := now.object.at(at...)
	s.Params[paramBefore] = encodeValue(before)
	after := decodeValue(s.Params[paramValue])
	if after == nil && s.Params[paramValue] != "" {
		return unfit("%s: the value is not JSON", f.what)
	}
	if after != nil {
		d := json.NewDecoder(bytes.NewReader([]byte(s.Params[paramValue])))
		d.DisallowUnknownFields()
		if err := d.Decode(f.typ()); err != nil {
			return unfit("%s of %s cannot be %.80s: %v", f.what, o, s.Params[paramValue], err)
		}
		s.Params[paramValue] = encodeValue(after) // one value, one text, one hash
		if why := f.kept(*s, now.object, after); why != "" {
			return unfit("%s of %s: %s", f.what, o, why)
		}
	}
	if f.fits != nil {
		if why := f.fits(setting{*s, now.object, before, after}); why != "" {
			return unfit("%s of %s: %s", f.what, o, why)
		}
	}
	return nil
}

// kept says why the value would not be what is found where it was put; empty if it would.
func (f field) kept(s incident.Step, o object, v any) string {
	if why := plain(v); why != "" {
		return why
	}
	o = o.clone()
	o.set(runtime.DeepCopyJSONValue(v), f.path(s)...)
	if string(encode(o.at(f.path(s)...))) != string(encode(v)) {
		return "under its name something else would be found"
	}
	return ""
}

func (f field) change(s incident.Step, _ loader, now subject) (subject, error) {
	if now.gone {
		return now, nil
	}
	o, v := now.object.clone(), decodeValue(s.Params[paramValue])
	paths := [][]string{f.path(s)}
	if f.beside != nil && o.at(f.beside(s)...) != nil {
		paths = append(paths, f.beside(s))
	}
	for _, p := range paths {
		if v == nil {
			o.unset(p...)
		} else {
			o.set(v, p...)
		}
	}
	return f.subject(s, o), nil
}

func (f field) views(s incident.Step, _ loader) (before, after string, err error) {
	at := f.path(s)
	view := func(text string) (string, error) {
		v := decodeValue(text)
		if v == nil {
			return "", nil
		}
		b, err := sigsyaml.Marshal(map[string]any{at[len(at)-1]: v})
		if len(at) == 1 {
			return string(b), err
		}
		return strings.Join(at[:len(at)-1], ".") + ":\n  " + strings.ReplaceAll(strings.TrimSpace(string(b)), "\n", "\n  ") + "\n", err
	}
	if before, err = view(s.Params[paramBefore]); err != nil {
		return "", "", err
	}
	after, err = view(s.Params[paramValue])
	return before, after, err
}

func (f field) undo(s incident.Step) *incident.Step {
	if f.lasting {
		return nil
	}
	return swapped(s)
}

// swapped is a step's opposite, where the value and the one before are all that it takes.
func swapped(s incident.Step) *incident.Step {
	u := &incident.Step{Params: map[string]string{}}
	for k, v := range s.Params {
		u.Params[k] = v
	}
	u.Params[paramValue], u.Params[paramBefore] = s.Params[paramBefore], s.Params[paramValue]
	return u
}

func (f field) dryRun(ctx context.Context, _ *Recovery, w Writer, s incident.Step, from, to subject) (string, error) {
	o, err := patch(ctx, w, s.Target.Object, from, to, true)
	if err != nil {
		return "", err
	}
	return f.subject(s, o).hash, nil
}

func (f field) commit(ctx context.Context, _ *Recovery, w Writer, s incident.Step, from, to subject) error {
	o, err := patch(ctx, w, s.Target.Object, from, to, false)
	if err != nil {
		return outcome(err)
	}
	return asShown(s, f.subject(s, o).hash)
}
