package host

import (
	"encoding/json"
	"path"
	"strings"
)

// plugins names the types of plugin that a CNI configuration has, or says why libcni could not read it: a list (.conflist) has a name
// and plugins, a single configuration a type (ConfListFromBytes and ConfFromBytes in github.com/containernetworking/cni/libcni).
func plugins(name string, content []byte) (types []string, broken string) {
	var c struct {
		Name    string `json:"name"`
		Type    string `json:"type"`
		Plugins []struct {
			Type     string `json:"type"`
			Delegate struct {
				Type string `json:"type"`
			} `json:"delegate"`
		} `json:"plugins"`
	}
	if len(strings.TrimSpace(string(content))) == 0 {
		return nil, "it is empty"
	}
	if err := json.Unmarshal(content, &c); err != nil {
		return nil, "it is not valid JSON: " + cut(err.Error())
	}
	if path.Ext(name) != ".conflist" {
		if c.Type == "" {
			return nil, `it names no plugin: "type" is missing`
		}
		return []string{cut(c.Type)}, ""
	}
	switch {
	case c.Name == "":
		return nil, `"name" is missing`
	case len(c.Plugins) == 0:
		return nil, `it has no plugins`
	}
	for _, p := range c.Plugins[:min(len(c.Plugins), maxFew)] {
		if p.Type == "" {
			return nil, `one of its plugins has no "type"`
		}
		types = append(types, cut(p.Type))
	}
	return types, ""
}
