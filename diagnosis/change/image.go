package change

import (
	"fmt"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// tag is an image by the name that a workload's container asks for.
type tag struct {
	workload         incident.Object
	container, image string
}

// digests enters images that moved under their tag: pods of one workload ask for the same and run another, the younger ones a newer.
func (t *timeline) digests() {
	first := map[tag]map[string]time.Time{} // when a digest was first started
	for i := range t.s.Pods {
		p := &t.s.Pods[i]
		for j := range p.Status.ContainerStatuses {
			st := &p.Status.ContainerStatuses[j]
			_, digest, ok := strings.Cut(st.ImageID, "@")
			if !ok || strings.Contains(st.Image, "@") {
				continue
			}
			k := tag{t.s.WorkloadOf(p), st.Name, st.Image}
			if first[k] == nil {
				first[k] = map[string]time.Time{}
			}
			at := p.CreationTimestamp.Time
			if run := st.State.Running; run != nil {
				at = run.StartedAt.Time
			}
			if before, ok := first[k][digest]; !ok || at.Before(before) {
				first[k][digest] = at
			}
		}
	}
	for k, seen := range first {
		oldest := ""
		for digest, at := range seen {
			if oldest == "" || at.Before(seen[oldest]) || at.Equal(seen[oldest]) && digest < oldest {
				oldest = digest
			}
		}
		for digest, at := range seen {
			if digest != oldest {
				t.add(Program, incident.SourceAPI, k.workload, at, "",
					fmt.Sprintf("image %s of container %s is another than in its older pods: %s, not %s",
						k.image, k.container, short(digest), short(oldest)))
			}
		}
	}
}

// short is a digest as people write it.
func short(digest string) string {
	const most = len("sha256:") + 12
	return digest[:min(len(digest), most)]
}
