package bundle

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/util/json"
)

// eachItem goes through the items of a List in JSON, one at a time: a file of millions of empty items is refused at the first, before they
// fill the memory.
func eachItem(data []byte, do func(i int, item map[string]any) error) error {
	d := stdjson.NewDecoder(bytes.NewReader(data))
	if err := opens(d, '{'); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if name != "items" {
			var skipped stdjson.RawMessage
			if err := d.Decode(&skipped); err != nil {
				return err
			}
			continue
		}
		if err := eachElement(d, do); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// eachElement goes through the array that comes next; null is an empty one.
func eachElement(d *stdjson.Decoder, do func(int, map[string]any) error) error {
	t, err := d.Token()
	switch {
	case err != nil:
		return err
	case t == nil:
		return nil
	case t != stdjson.Delim('['):
		return fmt.Errorf("its items are no list")
	}
	for i := 0; d.More(); i++ {
		var raw stdjson.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		var item map[string]any
		if err := json.Unmarshal(raw, &item); err != nil { // keeps whole numbers whole
			return err
		}
		if err := do(i, item); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// opens reads a delimiter.
func opens(d *stdjson.Decoder, want stdjson.Delim) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("it does not begin with %s", want)
	}
	return nil
}
