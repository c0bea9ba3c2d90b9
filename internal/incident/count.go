package incident

import "slices"

// Totals counts what there is of each thing, where a diagnosis names but a part.
type Totals struct {
	Causes       int `json:"causes"`       // alike ones count once, for they are told as one
	Consequences int `json:"consequences"` // findings that another explains
	Findings     int `json:"findings"`
	Mild         int `json:"mild"` // of the findings, those that are only worth knowing and that no cause explains
	Evidence     int `json:"evidence"`
	Changes      int `json:"changes"`
	NotSeen      int `json:"notSeen"`
	Restarted    int `json:"restarted"` // workloads of which containers were restarted
	Restarts     int `json:"restarts"`  // of containers
	Accepted     int `json:"accepted,omitempty"`

	// Workloads, Namespaces and Nodes are those with which something is wrong: workloads, the namespaces that these lie in, and nodes.
	Workloads  int `json:"workloads,omitempty"`
	Namespaces int `json:"namespaces,omitempty"`
	Nodes      int `json:"nodes,omitempty"`
}

// workloadKinds are the kinds of objects that run programs.
var workloadKinds = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod"}

// ill counts the workloads and the nodes with which something is wrong.
func (t *Totals) ill(findings []Finding) {
	seen, namespaces := map[Object]bool{}, map[string]bool{}
	for i := range findings {
		f := &findings[i]
		if f.Severity.Rank() < Warning.Rank() || seen[f.Object] {
			continue
		}
		seen[f.Object] = true
		switch {
		case f.Object.Kind == "Node":
			t.Nodes++
		case slices.Contains(workloadKinds, f.Object.Kind):
			t.Workloads++
			namespaces[f.Object.Namespace] = true
		}
	}
	t.Namespaces = len(namespaces)
}

// Everybody who tells a number takes it from the methods below: one fact has one count, wherever it is told.

// Stands is how many findings this one stands for, at least 1.
func (f *Finding) Stands() int { return max(1, f.Count) }

// Faults is how many objects are at fault, whether they are named or not.
func (c *Cause) Faults() int { return max(len(c.Objects), c.Count) }

// Consequences is how many findings follow from the cause; its own is none of them.
func (c *Cause) Consequences() int { return max(len(c.Explains)-1, c.Explained, 0) }

// Total counts everything, what is not named included.
func (d *Diagnosis) Total() Totals {
	if d.Totals != nil {
		return *d.Totals
	}
	t := Totals{Causes: len(d.Causes), Evidence: len(d.Evidence), Changes: len(d.Changes), NotSeen: len(d.NotSeen),
		Restarted: len(d.Restarts), Accepted: len(d.Accepted)}
	stands, explained := map[string]int{}, map[string]bool{}
	for i := range d.Findings {
		stands[d.Findings[i].ID] = d.Findings[i].Stands()
		t.Findings += d.Findings[i].Stands()
	}
	follows := map[string]bool{}
	for i := range d.Causes {
		for j, id := range d.Causes[i].Explains {
			explained[id] = true
			if j > 0 && !follows[id] {
				follows[id] = true
				t.Consequences += max(1, stands[id])
			}
		}
	}
	for i := range d.Findings {
		if f := &d.Findings[i]; f.Severity == Info && !explained[f.ID] {
			t.Mild += f.Stands()
		}
	}
	t.ill(d.Findings)
	for i := range d.Restarts {
		t.Restarts += d.Restarts[i].Count
	}
	return t
}
