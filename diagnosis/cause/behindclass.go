package cause

import (
	"maps"
	"slices"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// behindClass wants a custom resource that a claim's class names in its parameters, by its own name and its namespace: the storage that the
// volume would come from.
func behindClass(c *Context, from, to *finding.Finding) (Link, bool) {
	class := classOf(c.Snapshot, to)
	if c.Snapshot.Custom(from.Object) == nil || class == "" {
		return Link{}, false
	}
	sc := c.Snapshot.StorageClass(class)
	if sc == nil {
		return Link{}, false
	}
	values := slices.Collect(maps.Values(sc.Parameters))
	o := from.Object
	near := o.Namespace == "" || slices.Contains(values, o.Namespace) || strings.HasPrefix(sc.Provisioner, o.Namespace+".")
	return Link{Reason: "its class " + class + " takes volumes from " + finding.Short(o), Inferred: true},
		near && slices.Contains(values, o.Name)
}

// classOf is the class of the claim that a finding is about; "" if there is none.
func classOf(s *snapshot.Snapshot, f *finding.Finding) string {
	for i := range s.PersistentVolumeClaims {
		if v := &s.PersistentVolumeClaims[i]; v.Namespace == f.Object.Namespace && v.Name == f.Object.Name && v.Spec.StorageClassName != nil {
			return *v.Spec.StorageClassName
		}
	}
	return ""
}
