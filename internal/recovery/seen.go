package recovery

import (
	"reflect"
	"slices"
	"strings"
)

// seen is all that a look saw and what was made of it, to find words in.
type seen struct {
	in    []any
	known map[string]bool // words that were looked for, and whether they are there
}

// lacks are those of some words that are no part of any text of what was seen, in their order. All of it is gone through at most once.
func (s *seen) lacks(these []string) []string {
	var left []string
	for _, w := range these {
		if _, ok := s.known[w]; !ok {
			left, s.known[w] = append(left, w), false
		}
	}
	for _, v := range s.in {
		if len(left) == 0 {
			break
		}
		texts(reflect.ValueOf(v), func(text string) (more bool) {
			left = slices.DeleteFunc(left, func(w string) bool {
				s.known[w] = strings.Contains(text, w)
				return s.known[w]
			})
			return len(left) > 0
		})
	}
	return slices.DeleteFunc(slices.Clone(these), func(w string) bool { return s.known[w] })
}

// texts calls each with the texts within a value, keys of maps among them, until it wants no more.
func texts(v reflect.Value, each func(string) (more bool)) (more bool) {
	switch v.Kind() {
	case reflect.String:
		return each(v.String())
	case reflect.Pointer, reflect.Interface:
		return v.IsNil() || texts(v.Elem(), each)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !texts(v.Field(i), each) {
				return false
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Kind() == reflect.Array || each(string(v.Bytes()))
		}
		for i := range v.Len() {
			if !texts(v.Index(i), each) {
				return false
			}
		}
	case reflect.Map:
		for at := v.MapRange(); at.Next(); {
			if !texts(at.Key(), each) || !texts(at.Value(), each) {
				return false
			}
		}
	}
	return true
}
