package redact

import "reflect"

// Values returns v, a value of any type, with every string that can be reached through exported fields, elements and keys redacted: those
// of maps by their names. What had to change is copied; v itself stays as it is.
func Values[T any](r *Walker, v T) T {
	out, changed := r.value("", reflect.ValueOf(&v).Elem())
	if !changed {
		return v
	}
	return out.Interface().(T)
}

func (r *Walker) value(name string, v reflect.Value) (reflect.Value, bool) {
	switch v.Kind() {
	case reflect.String:
		return r.stringValue(name, v)
	case reflect.Interface, reflect.Pointer:
		return r.pointed(name, v)
	case reflect.Struct:
		return r.fields(v)
	case reflect.Slice, reflect.Array:
		return r.elements(name, v)
	case reflect.Map:
		return r.entries(v)
	}
	return v, false
}

func (r *Walker) stringValue(name string, v reflect.Value) (reflect.Value, bool) {
	before := v.String()
	after := r.Named(name, before)
	if after == before {
		return v, false
	}
	out := reflect.New(v.Type()).Elem()
	out.SetString(after)
	return out, true
}

func (r *Walker) pointed(name string, v reflect.Value) (reflect.Value, bool) {
	if v.IsNil() {
		return v, false
	}
	elem, changed := r.value(name, v.Elem())
	if !changed {
		return v, false
	}
	out := reflect.New(v.Type()).Elem()
	if v.Kind() == reflect.Interface {
		out.Set(elem)
		return out, true
	}
	p := reflect.New(v.Type().Elem())
	p.Elem().Set(elem)
	out.Set(p)
	return out, true
}

func (r *Walker) fields(v reflect.Value) (reflect.Value, bool) {
	var out reflect.Value
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() {
			continue
		}
		f, changed := r.value("", v.Field(i))
		if !changed {
			continue
		}
		if !out.IsValid() {
			out = reflect.New(v.Type()).Elem()
			out.Set(v)
		}
		out.Field(i).Set(f)
	}
	return orElse(out, v), out.IsValid()
}

func (r *Walker) elements(name string, v reflect.Value) (reflect.Value, bool) {
	if k := v.Type().Elem().Kind(); k == reflect.Uint8 {
		return v, false
	}
	var out reflect.Value
	for i := range v.Len() {
		e, changed := r.value(name, v.Index(i))
		if !changed {
			continue
		}
		if !out.IsValid() {
			if out = reflect.New(v.Type()).Elem(); v.Kind() == reflect.Slice {
				out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			}
			reflect.Copy(out, v)
		}
		out.Index(i).Set(e)
	}
	return orElse(out, v), out.IsValid()
}

func (r *Walker) entries(v reflect.Value) (reflect.Value, bool) {
	changed := false
	out := reflect.MakeMapWithSize(v.Type(), v.Len())
	for it := v.MapRange(); it.Next(); {
		name := ""
		if it.Key().Kind() == reflect.String {
			name = it.Key().String()
		}
		key, c1 := r.value("", it.Key())
		elem, c2 := r.value(name, it.Value())
		changed = changed || c1 || c2
		out.SetMapIndex(key, elem)
	}
	return out, changed && !v.IsNil()
}

func orElse(out, v reflect.Value) reflect.Value {
	if out.IsValid() {
		return out
	}
	return v
}
