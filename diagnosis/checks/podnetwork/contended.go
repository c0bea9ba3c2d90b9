package podnetwork

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/readings"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// FileContended is the code of a file of the nodes that two programs write, each for itself.
const FileContended = "FileContended"

var contendedCodes = []finding.Code{
	{Code: FileContended, Severity: incident.Warning, Root: true,
		Meaning: "Two DaemonSets mount the same folder of the nodes and both tell in their logs that they write the same file in it: " +
			"the one " +
			"that writes last undoes what the other has put there, such as a mesh's plugin in the chain of a network plugin that claims " +
			"the folder.",
		Next: "Tell the one that it does not have the folder to itself (a network plugin's setting for exclusive use), or let the other " +
			"use a " +
			"file of its own; then start the pods anew that were made meanwhile.",
		Example: "DaemonSet agent and DaemonSet mesh-cni both write 05-agent.conflist in /etc/cni/net.d of the nodes: the last of them " +
			"undoes what " +
			"the other has put there"},
}

var (
	// writes are the words of who changes a file.
	writes = regexp.MustCompile(`(?i)\b(?:wrote|writ(?:e|es|ing|ten)|creat(?:ed|ing)|install(?:ed|ing)|(?:re-?)?generat(?:ed|ing)|overw\w+|remov(?:ed|ing)|` +
		`delet(?:ed|ing)|renam(?:ed|ing)|replac(?:ed|ing)|restor(?:ed|ing)|insert(?:ed|ing)|updat(?:ed|ing)|patch(?:ed|ing)|modif\w+|append\w*)\b`)
	// claims are settings by which a program has a folder to itself.
	claims = regexp.MustCompile(`(?i)exclusive`)
)

const mostWriters = 16 // lines of one log that tell of files

// writer is a workload that writes a file of the nodes, and where it says so.
type writer struct {
	workload incident.Object
	pod      *corev1.Pod
	seen     incident.Evidence
}

// checkContended compares what the logs of those tell who share a folder of the nodes.
func checkContended(s *snapshot.Snapshot, r *finding.Report) {
	by := map[string][]writer{} // by the file
	for i := range s.Logs {
		l := &s.Logs[i]
		p := s.Pod(l.Namespace, l.Pod)
		if p == nil || s.WorkloadOf(p).Kind != "DaemonSet" {
			continue
		}
		for _, v := range p.Spec.Volumes {
			if v.HostPath == nil || strings.Count(v.HostPath.Path, "/") < 2 || !strings.Contains(l.Text, v.HostPath.Path) {
				continue
			}
			for file, line := range written(l.Text, path.Clean(v.HostPath.Path)) {
				w := writer{s.WorkloadOf(p), p, finding.SeenLog(p, l.Container, l.Previous, line)}
				if !slices.ContainsFunc(by[file], func(x writer) bool { return x.workload == w.workload }) {
					by[file] = append(by[file], w)
				}
			}
		}
	}
	for _, file := range slices.Sorted(maps.Keys(by)) {
		if all := by[file]; len(all) > 1 {
			reportContended(s, r, file, all)
		}
	}
}

// undone says whether what the newcomer wrote is gone: who was there before has the folder to itself, or wrote the file after it. A
// plugin
// that is chained behind another one writes the same file as well, and all is well.
func undone(s *snapshot.Snapshot, first, second writer, claimed bool) bool {
	a, b := readings.Moment(logs.StampOf(first.seen.Excerpt), s.At), readings.Moment(logs.StampOf(second.seen.Excerpt), s.At)
	return claimed || !a.IsZero() && !b.IsZero() && a.After(b)
}

// madeAt is when a writer's workload was made.
func madeAt(s *snapshot.Snapshot, w writer) time.Time {
	if m := kube.WorkloadMeta(s, w.workload); m != nil {
		return m.GetCreationTimestamp().UTC()
	}
	return time.Time{}
}

// written are the files of a folder that a log tells of having changed, each with the newest line that does.
func written(text, folder string) map[string]string {
	out := map[string]string{}
	lines := strings.Split(text, "\n")
	for i := len(lines) - 1; i >= 0 && len(out) < mostWriters; i-- {
		line := lines[i]
		_, rest, ok := strings.Cut(line, folder+"/")
		if !ok || !writes.MatchString(line) {
			continue
		}
		name := rest
		if end := strings.IndexFunc(rest, func(r rune) bool { return strings.ContainsRune(" \t\"',;:)]}", r) }); end >= 0 {
			name = rest[:end]
		}
		if name = strings.TrimRight(name, "."); name != "" && !strings.Contains(name, "/") && out[path.Join(folder, name)] == "" {
			out[path.Join(folder, name)] = strings.TrimSpace(line)
		}
	}
	return out
}

// reportContended names the one that was there before the other, and the settings by which it claims the file.
func reportContended(s *snapshot.Snapshot, r *finding.Report, file string, all []writer) {
	slices.SortStableFunc(all, func(a, b writer) int { return madeAt(s, a).Compare(madeAt(s, b)) })
	first, second := all[0], all[1]
	var faults []incident.Object
	var seen []incident.Evidence
	claimed := false
	for _, o := range kube.TakenFrom(first.pod) {
		m := s.ConfigMap(o.Namespace, o.Name)
		if o.Kind != "ConfigMap" || m == nil {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(m.Data)) {
			if v := m.Data[key]; claims.MatchString(key) && v != "false" || claims.MatchString(v) || strings.Contains(v, file) {
				claimed = claimed || !strings.Contains(v, file)
				faults = finding.Union(faults, []incident.Object{o})
				seen = append(seen, finding.SeenAPI(o, "data."+key, m.CreationTimestamp.Time, finding.OneLine(key+": "+v, finding.MaxLine)))
			}
		}
	}
	if !undone(s, first, second, claimed) {
		return
	}
	f := r.Find(FileContended, first.workload, fmt.Sprintf("%s and %s both write %s in %s of the nodes: the last of them undoes what "+
		"the other "+
		"has put there", finding.Short(first.workload), finding.Short(second.workload), path.Base(file), path.Dir(file))).Suspected()
	f.AtMost, f.Since = incident.Likely, madeAt(s, second)
	f.Refs = []incident.Object{second.workload}
	f.Fault = append(faults, first.workload, second.workload)
	f.Cite(seen...).Cite(first.seen, second.seen)
	for i := range s.Pods {
		if p := &s.Pods[i]; s.WorkloadOf(p) == first.workload && p.Spec.NodeName != "" {
			f.Nodes = finding.Union(f.Nodes, []string{p.Spec.NodeName})
		}
	}
}
