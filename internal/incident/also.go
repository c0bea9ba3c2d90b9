package incident

import (
	"cmp"
	"encoding/json"
	"slices"
)

// Group is objects of one kind and namespace by name; of a group without names, all of the kind there, and without a namespace either all
// of the kind.
type Group struct {
	Kind      string   `json:"kind"`
	Namespace string   `json:"namespace,omitempty"`
	Names     []string `json:"names,omitempty"`
}

// also are the objects of the whole with which something is wrong and that out doesn't name, within so many bytes as JSON: where they take
// more, the largest groups are told without names, then all without namespaces.
func (f *folding) also(out *Diagnosis, limit int) []Group {
	named := map[Object]bool{}
	for i := range out.Findings {
		named[out.Findings[i].Object] = true
		for _, o := range out.Findings[i].Objects {
			named[o] = true
		}
	}
	at := map[Object]int{} // by kind and namespace
	var all []Group
	for i := range f.d.Findings {
		x := &f.d.Findings[i]
		if named[x.Object] || x.Severity.Rank() < Warning.Rank() {
			continue
		}
		named[x.Object] = true
		k, ok := at[Object{Kind: x.Object.Kind, Namespace: x.Object.Namespace}]
		if !ok {
			k = len(all)
			at[Object{Kind: x.Object.Kind, Namespace: x.Object.Namespace}] = k
			all = append(all, Group{Kind: x.Object.Kind, Namespace: x.Object.Namespace})
		}
		all[k].Names = append(all[k].Names, x.Object.Name)
	}
	sizes, total := make([]int, len(all)), 0
	for i := range all {
		sizes[i] = all[i].size()
		total += sizes[i]
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sizes[b], sizes[a]) })
	for _, i := range order {
		if total > limit {
			all[i].Names = nil
			total += all[i].size() - sizes[i]
		}
	}
	if total <= limit {
		return all
	}
	kinds := map[string]bool{}
	var wide []Group
	for _, g := range all {
		if size := g.size(); !kinds[g.Kind] && limit >= size {
			kinds[g.Kind], limit = true, limit-size
			wide = append(wide, Group{Kind: g.Kind})
		}
	}
	return wide
}

// size is how many bytes a group takes as JSON, its comma included.
func (g Group) size() int {
	b, err := json.Marshal(g)
	if err != nil { // strings always encode
		panic(err)
	}
	return len(b) + 1
}
