package beside

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// DefaultsAmbiguous is the code of several custom resources of a kind of which each is marked as the default.
const DefaultsAmbiguous = "DefaultsAmbiguous"

var defaultCodes = []finding.Code{
	{Code: DefaultsAmbiguous, Severity: incident.Warning, Root: true, Detail: Keeps{},
		Meaning: "More than one custom resource of a kind is marked as the default, and who should take the default says that it can't choose.",
		Next:    "Leave the mark at one of them, and take it from the others (kubectl annotate KIND NAME KEY-).",
		Example: "2 BackupClasses are marked as the default: nightly and weekly, the newest of them is weekly"},
}

// tooMany is how programs say that there is more than one default.
var tooMany = regexp.MustCompile(`(?i)\b(?:\d+|multiple|several|two|more than one)\b[^.;]{0,40}\bdefaults?\b`)

// CountsDefaults says whether words tell that there is more than one default.
func CountsDefaults(words string) bool { return tooMany.MatchString(words) }

// checkDefaults finds the defaults of which somebody says that there are too many.
func checkDefaults(s *snapshot.Snapshot, all []*finding.Finding, r *finding.Report) {
	found := map[schema.GroupKind]*finding.Finding{}
	for _, f := range all {
		if s.Custom(f.Object) == nil || !f.Alarms() && !f.Suspect {
			continue
		}
		words := wordsOf(f)
		if !CountsDefaults(words) {
			continue
		}
		kind, marked := markedIn(s, words)
		if len(marked) < 2 {
			continue
		}
		x := found[kind]
		if x == nil {
			x = reportDefaults(r, marked)
			found[kind] = x
			x.Cite(f.Seen...).Suspected()
		}
		if !f.Suspect {
			x.Shown()
		}
		d, _ := finding.DetailOf[Keeps](x)
		d.For = finding.Union(d.For, f.AtFault())
		x.Detail, x.Since = d, finding.Earlier(x.Since, f.Since)
	}
}

// mark is a custom resource that is marked as the default, with the key that does it.
type mark struct {
	object incident.Object
	key    string
	made   time.Time
}

// markedIn are the custom resources of a kind that words speak of and that are marked as the default, the newest first.
func markedIn(s *snapshot.Snapshot, words string) (kind schema.GroupKind, marked []mark) {
	plain := strings.NewReplacer(" ", "", "-", "", "_", "").Replace(words)
	by := map[schema.GroupKind][]mark{}
	for i := range s.Customs {
		c := &s.Customs[i]
		for key, value := range c.GetAnnotations() {
			if value == "true" && strings.HasSuffix(key, snapshot.DefaultAnnotation) && c.GetDeletionTimestamp() == nil {
				k := c.GroupVersionKind().GroupKind()
				by[k] = append(by[k], mark{snapshot.CustomObject(c), key, c.GetCreationTimestamp().Time})
			}
		}
	}
	for k, list := range by {
		said := strings.Contains(plain, strings.TrimPrefix(strings.ToLower(k.Kind), "volume"))
		if said && len(list) > 1 && (len(list) > len(marked) || len(list) == len(marked) && k.String() < kind.String()) {
			kind, marked = k, list
		}
	}
	slices.SortFunc(marked, func(a, b mark) int {
		if x := b.made.Compare(a.made); x != 0 {
			return x
		}
		return a.object.Compare(b.object)
	})
	return kind, marked
}

func reportDefaults(r *finding.Report, marked []mark) *finding.Finding {
	var names []string
	var objects []incident.Object
	for _, m := range marked {
		names, objects = append(names, m.object.Name), append(objects, m.object)
	}
	newest := marked[0]
	f := r.Find(DefaultsAmbiguous, newest.object, fmt.Sprintf("%d objects of kind %s are marked as the default: %s; %s was made last, at %s",
		len(names), newest.object.Kind, finding.ListWords(names, finding.ShownPods), newest.object.Name, finding.Clock(newest.made)))
	f.Fault = objects[:min(len(objects), finding.MaxAlike)]
	for _, m := range marked {
		f.Cite(finding.SeenAPI(m.object, "metadata.annotations["+m.key+"]", m.made, "true"))
	}
	return f
}
