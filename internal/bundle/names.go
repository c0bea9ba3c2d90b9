package bundle

import (
	"fmt"
	"path"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	factsName    = "facts.json"
	coreFolder   = "core"
	previousMark = ".previous"
)

func objectsName(gvr schema.GroupVersionResource) string {
	group := gvr.Group
	if group == "" {
		group = coreFolder
	}
	return "objects/" + group + "/" + gvr.Version + "/" + gvr.Resource + ".json"
}

func logName(k LogKey) string {
	mark := ""
	if k.Previous {
		mark = previousMark
	}
	return "logs/" + k.Namespace + "/" + k.Pod + "/" + k.Container + mark + ".log"
}

func hostName(k HostKey) string { return "host/" + k.Node + k.Path }

// parseName says what an entry holds: a schema.GroupVersionResource, a LogKey, a HostKey, or nil for the facts. Only the names that
// the functions above give are accepted; in particular none that is absolute or climbs out of its folder.
func parseName(name string) (any, error) {
	refuse := fmt.Errorf("entry %q has no place in a bundle", name)
	if name != path.Clean(name) || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "..") || strings.ContainsAny(name, "\\\x00") {
		return nil, refuse
	}
	if name == factsName {
		return nil, nil
	}
	parts := strings.Split(name, "/")
	if len(parts) < 3 {
		return nil, refuse
	}
	if parts[0] != "host" && strings.IndexFunc(name, func(r rune) bool { return r > unicode.MaxASCII || unicode.IsUpper(r) }) >= 0 {
		return nil, refuse // no name of Kubernetes' has such, and two that look or sort alike would be one to a person
	}
	last := parts[len(parts)-1]
	switch {
	case parts[0] == "objects" && len(parts) == 4:
		resource, ok := strings.CutSuffix(last, ".json")
		gvr := schema.GroupVersionResource{Group: parts[1], Version: parts[2], Resource: resource}
		if gvr.Group == coreFolder {
			gvr.Group = ""
		}
		if ok && resource != "" {
			return gvr, nil
		}
	case parts[0] == "logs" && len(parts) == 4:
		container, ok := strings.CutSuffix(last, ".log")
		container, previous := strings.CutSuffix(container, previousMark)
		if ok && container != "" {
			return LogKey{Namespace: parts[1], Pod: parts[2], Container: container, Previous: previous}, nil
		}
	case parts[0] == "host":
		return HostKey{Node: parts[1], Path: "/" + strings.Join(parts[2:], "/")}, nil
	}
	return nil, refuse
}
