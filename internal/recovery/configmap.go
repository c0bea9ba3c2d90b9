package recovery

import (
	"fmt"
	"unicode/utf8"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// setConfigMapKey sets one key of a ConfigMap's data. Parameters: "key"; "value" and "before", blobs, empty where there is no such
// key.
type setConfigMapKey struct{ edit }

func (setConfigMapKey) means() string {
	return "Sets one key of a ConfigMap to a copy kept while all was well."
}

func (setConfigMapKey) objects() []string { return []string{"ConfigMap"} }

// risk: safe, for one key goes back to what it was, and the value it had is kept.
func (setConfigMapKey) risk(incident.Step) incident.Risk { return incident.Safe }

func (setConfigMapKey) title(s incident.Step) string {
	if s.Params["value"] == "" {
		return fmt.Sprintf("Remove %s from ConfigMap %s/%s", s.Params["key"], s.Target.Object.Namespace, s.Target.Object.Name)
	}
	return fmt.Sprintf("Set %s of ConfigMap %s/%s", s.Params["key"], s.Target.Object.Namespace, s.Target.Object.Name) + ofCopy(" to ", s)
}

func (setConfigMapKey) prepare(s *incident.Step, now subject, _ loader, put func([]byte) (string, error)) (err error) {
	if s.Target.Object.Kind != "ConfigMap" || s.Params["key"] == "" {
		return unfit("set a key of %s: it is no ConfigMap, or no key is named", s.Target.Object)
	}
	s.Params["before"] = ""
	if v, ok := now.object.at("data", s.Params["key"]).(string); ok {
		s.Params["before"], err = put([]byte(v))
	}
	return err
}

func (setConfigMapKey) change(s incident.Step, load loader, now subject) (subject, error) {
	o := now.object.clone()
	if hash := s.Params["value"]; hash == "" {
		o.unset("data", s.Params["key"])
	} else {
		v, err := load(hash)
		if err != nil {
			return subject{}, err
		}
		if !utf8.Valid(v) {
			return subject{}, unfit("the copy of %s is not text", s.Params["key"])
		}
		o.set(string(v), "data", s.Params["key"])
	}
	return subjectOf(o), nil
}

func (setConfigMapKey) views(s incident.Step, load loader) (before, after string, err error) {
	for _, v := range []struct {
		hash string
		to   *string
	}{{s.Params["before"], &before}, {s.Params["value"], &after}} {
		if v.hash == "" {
			continue
		}
		b, err := load(v.hash)
		if err != nil {
			return "", "", err
		}
		*v.to = string(b)
	}
	return before, after, nil
}

func (setConfigMapKey) undo(s incident.Step) *incident.Step {
	return &incident.Step{Params: map[string]string{"key": s.Params["key"], "value": s.Params["before"], "before": s.Params["value"]}}
}
