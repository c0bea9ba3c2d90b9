package incidenttest

import (
	"fmt"
	"reflect"
	"time"
)

// Fill makes the value that into points to as large as can be: each text is the given one, each list and map has n entries, each pointer
// points to something, each number is large.
func Fill(into any, n int, text string) { fill(reflect.ValueOf(into).Elem(), n, text, 0) }

func fill(v reflect.Value, n int, text string, depth int) {
	switch {
	case !v.CanSet(), v.Type() == reflect.TypeFor[time.Time]():
		return
	case depth > 2: // lists within lists within lists
		n = min(n, 20)
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1 << 50)
	case reflect.Float64:
		v.SetFloat(1e300)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n, text, depth)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(v.Index(i), n, text, depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := range n {
			e := reflect.New(v.Type().Elem()).Elem()
			fill(e, n, text, depth+1)
			v.SetMapIndex(reflect.ValueOf(fmt.Sprint(i, text)), e)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n, text, depth)
		}
	}
}
