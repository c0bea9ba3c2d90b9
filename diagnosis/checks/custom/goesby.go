package custom

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// User is a workload that goes by a custom resource.
type User struct {
	Workload incident.Object
	By       string // where its settings say so: "env TOPIC"
}

// mostUsers bounds the workloads that are known to go by one custom resource.
const mostUsers = 8

// usersOfCustom are the workloads whose settings have the name of a custom resource for their value, under a key that says what the
// resource is ("TOPIC" of a KafkaTopic, "QUEUE_NAME" of a Queue), and that lie where it does or call what lies there. Who makes it, and
// whom it makes, does not go by it.
func usersOfCustom(s *snapshot.Snapshot, o *unstructured.Unstructured) []User {
	obj := snapshot.CustomObject(o)
	words := kindWords(o.GetKind())
	var out []User
	for _, name := range calledOf(o, words) {
		for _, x := range calls.GoesBy(s, name) {
			w := s.WorkloadOf(x.Pod)
			key := strings.ToLower(x.Key)
			if len(out) == mostUsers || !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(key, word) }) ||
				kube.OwnersOf(s)[w] == obj || w.Name == o.GetName() || slices.ContainsFunc(out, func(u User) bool { return u.Workload == w }) {
				continue
			}
			if w.Namespace == obj.Namespace || slices.ContainsFunc(calls.Configured(s, x.Pod),
				func(v incident.Object) bool { return v.Namespace == obj.Namespace }) {
				out = append(out, User{w, x.Part})
			}
		}
	}
	return out
}

// kindWords are the words of a kind that settings speak of it by.
func kindWords(kind string) []string {
	const shortest = 4
	return slices.DeleteFunc(wordsOf(kind), func(w string) bool { return len(w) < shortest })
}

// calledOf are the names that a custom resource goes by where it is used: its own, and the one that its spec or its status gives to what it
// stands for ("topicName", "name").
func calledOf(o *unstructured.Unstructured, words []string) []string {
	out := []string{o.GetName()}
	for _, part := range []string{"spec", "status"} {
		out = finding.Union(out, []string{kube.StringAt(o.Object, part, "name")})
		for _, w := range words {
			out = finding.Union(out, []string{kube.StringAt(o.Object, part, w), kube.StringAt(o.Object, part, w+"Name")})
		}
	}
	return slices.DeleteFunc(out, func(name string) bool { return name == "" })
}
