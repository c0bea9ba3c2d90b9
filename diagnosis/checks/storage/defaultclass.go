package storage

import (
	"cmp"
	"slices"
	"strings"

	storagev1 "k8s.io/api/storage/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// StorageClassAmbiguous is the code of several StorageClasses that are all marked as the default.
const StorageClassAmbiguous = "StorageClassAmbiguous"

var classCodes = []finding.Code{
	{Code: StorageClassAmbiguous, Severity: incident.Info, Root: true,
		Meaning: "Several StorageClasses are marked as the default: new claims that name none silently get the one that was created last.",
		Next: "Leave the mark on the class that is meant, and take it off the others; claims that were made meanwhile keep the class " +
			"that they got.",
		Example: "StorageClass gp3, created last, is given to new claims without a class; gp2 and local-path are marked as the default, too"},
}

func checkClasses(s *snapshot.Snapshot, r *finding.Report) {
	if finding.NotSeen(s, "storageclasses.storage.k8s.io", "") {
		return // one that was not seen may be the newest
	}
	classes := defaultClasses(s)
	if len(classes) < 2 {
		return
	}
	given, why := classes[0], "created last"
	if given.CreationTimestamp.Equal(&classes[1].CreationTimestamp) {
		why = "by name the first of those created last"
	}
	var others []string
	for _, c := range classes[1:] {
		others = append(others, c.Name)
	}
	last := len(others) - 1
	names := others[last]
	if last > 0 {
		names = strings.Join(others[:last], ", ") + " and " + names
	}
	f := r.Find(StorageClassAmbiguous, snapshot.ObjectOf("StorageClass", "", given.Name),
		finding.Inflect(len(others), "StorageClass %s, %s, is given to new claims without a class; %s {is|are} marked as the default, too",
			given.Name, why, names))
	f.MayPass(finding.Settling, given.CreationTimestamp.Time) // the mark is being moved from one to a new one, perhaps
	for _, c := range classes {
		o := snapshot.ObjectOf("StorageClass", "", c.Name)
		if len(f.Fault) < finding.MaxAlike {
			f.Fault = append(f.Fault, o)
		}
		f.Cite(finding.SeenAPI(o, "metadata.annotations["+defaultMark(c)+"]", c.CreationTimestamp.Time, "true"))
	}
}

// defaultClasses are the classes that are marked as the default, in the order in which the API server prefers them: the newest first, and
// by name where they are as old.
func defaultClasses(s *snapshot.Snapshot) []*storagev1.StorageClass {
	var out []*storagev1.StorageClass
	for i := range s.StorageClasses {
		if c := &s.StorageClasses[i]; defaultMark(c) != "" {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *storagev1.StorageClass) int {
		return cmp.Or(b.CreationTimestamp.Compare(a.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// defaultMark is the annotation that marks a class as the default; "" if none does.
func defaultMark(c *storagev1.StorageClass) string {
	for _, mark := range []string{defaultClass, betaDefaultClass} {
		if c.Annotations[mark] == "true" {
			return mark
		}
	}
	return ""
}
