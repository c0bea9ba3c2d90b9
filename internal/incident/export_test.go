package incident

import (
	"maps"
	"reflect"
	"slices"
)

// EventTypes is one empty event of each type, by name.
func EventTypes() []Event {
	var all []Event
	for _, name := range slices.Sorted(maps.Keys(eventTypes)) {
		all = append(all, reflect.Zero(eventTypes[name]).Interface().(Event))
	}
	return all
}
