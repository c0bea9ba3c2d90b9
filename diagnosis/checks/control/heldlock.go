package control

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// LockHolderGone is the code of a lock that a node holds which is no more, so that nobody else gets it.
const LockHolderGone = "LockHolderGone"

var lockCodes = []finding.Code{
	{Code: LockHolderGone, Severity: incident.Warning, Root: true,
		Meaning: "A lock that is kept in an annotation and never runs out is held by a node that does not exist: nobody else gets it.",
		Next:    "Make sure that the holder is gone for good, then take the lock from it: remove the annotation that is named.",
		Example: "DaemonSet rebooter has a lock in its annotation example.com/reboot-lock that node w-7 holds, which does not exist, since " +
			"26 days: it never runs out, and its pods wait for it"},
}

// lock is a record of who holds a lock, in an annotation of a workload.
type lock struct {
	object      incident.Object
	key, holder string
	value       string
	since       time.Time
}

// checkLocks looks for locks whose holder is gone. One that runs out passes to who asks next, so only those without a time to live count;
// and only where somebody waits is it more than a suspicion.
func checkLocks(s *snapshot.Snapshot, r *finding.Report) {
	for _, l := range heldByGone(s) {
		f := r.Find(LockHolderGone, l.object, fmt.Sprintf("%s has a lock in its annotation %s that node %s holds, which does not exist",
			finding.Short(l.object), l.key, l.holder))
		f.Workload, f.Since = l.object, l.since
		if !l.since.IsZero() {
			f.Retitle(f.Title + fmt.Sprintf(", for %s", finding.Duration(s.At.Sub(l.since))))
		}
		f.Retitle(f.Title + ": it never runs out")
		f.Cite(finding.SeenAPI(l.object, "metadata.annotations["+l.key+"]", l.since, l.value))
		seen := waitsFor(s, l)
		if f.Cite(seen...); len(seen) == 0 {
			f.Suspected()
			continue
		}
		f.Retitle(f.Title + ", and its pods wait for it")
	}
}

// LockWaiters are the pods of the workloads whose lock is held by what is gone: only their logs tell whether they wait for it.
func LockWaiters(s *snapshot.Snapshot) []*corev1.Pod {
	var out []*corev1.Pod
	for _, l := range heldByGone(s) {
		out = append(out, kube.PodsOfWorkload(s, l.object)...)
	}
	return out
}

// heldByGone are the locks that never run out and whose holder is no node, while who holds them is to be one.
func heldByGone(s *snapshot.Snapshot) []lock {
	if finding.NotSeen(s, "nodes", "") || len(s.Nodes) == 0 {
		return nil
	}
	var out []lock
	for kind, o := range kube.Workloads(s) {
		notes := o.GetAnnotations()
		for _, key := range slices.Sorted(maps.Keys(notes)) {
			if !strings.Contains(strings.ToLower(key[strings.LastIndexByte(key, '/')+1:]), "lock") {
				continue
			}
			l := lock{object: snapshot.ObjectOf(kind, o.GetNamespace(), o.GetName()), key: key, value: notes[key]}
			var ok bool
			if l.holder, l.since, ok = holderOf(notes[key]); ok && s.Node(l.holder) == nil && !l.since.After(s.At) {
				out = append(out, l)
			}
		}
	}
	return out
}

// holderOf reads a lock's record: the node that holds it, and since when. Not ok is what names no node, or runs out by itself.
func holderOf(value string) (holder string, since time.Time, ok bool) {
	var record map[string]any
	if json.Unmarshal([]byte(value), &record) != nil {
		return "", time.Time{}, false
	}
	for _, key := range slices.Sorted(maps.Keys(record)) {
		low := strings.ToLower(key)
		text, isText := record[key].(string)
		number, isNumber := record[key].(float64)
		switch {
		case isNumber && number > 0 && (strings.Contains(low, "ttl") || strings.Contains(low, "duration") || strings.Contains(low, "expir")):
			return "", time.Time{}, false
		case isText && strings.Contains(low, "expir"):
			return "", time.Time{}, false
		case isText && slices.Contains([]string{"node", "nodeid", "nodename", "host", "hostname"}, low):
			holder = text
		case isText && since.IsZero():
			since, _ = time.Parse(time.RFC3339, text)
		}
	}
	return holder, since.UTC(), holder != ""
}

// waitsFor is what the logs of a workload's pods say of waiting for a lock, at the end of each.
func waitsFor(s *snapshot.Snapshot, l lock) []incident.Evidence {
	const last = 5 // lines of the log
	var out []incident.Evidence
	for _, p := range kube.PodsOfWorkload(s, l.object) {
		for _, c := range kube.ContainersOf(p) {
			log := s.Log(p.Namespace, p.Name, c.Spec.Name, false)
			if log == nil || c.Init || len(out) == finding.ShownPods {
				continue
			}
			lines := strings.Split(strings.TrimSpace(log.Text), "\n")
			for _, line := range slices.Backward(lines[max(0, len(lines)-last):]) {
				if strings.Contains(line, l.holder) && strings.Contains(strings.ToLower(line), "lock") {
					out = append(out, finding.SeenLog(p, c.Spec.Name, false, line))
					break
				}
			}
		}
	}
	return out
}
