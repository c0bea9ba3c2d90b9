package incommon

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// put is pods of one workload.
type put struct {
	workload string
	node     string
	pods     int
	ill      bool
	change   func(*corev1.Pod)
}

func cluster(puts ...put) (*snapshot.Snapshot, []*finding.Finding) {
	at := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	s := &snapshot.Snapshot{At: at}
	yes := true
	var ill []string
	for i, x := range puts {
		for j := range x.pods {
			p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("%s-%03d-%03d", x.workload, i, j),
				CreationTimestamp: metav1.NewTime(at.Add(-48 * time.Hour)), OwnerReferences: []metav1.OwnerReference{{Kind: "StatefulSet",
					Name: x.workload, UID: types.UID(x.workload), Controller: &yes}}}}
			p.Spec = corev1.PodSpec{NodeName: x.node, Containers: []corev1.Container{{Name: "main", Image: "registry.example/" + x.workload + ":1"}}}
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
			if x.ill {
				p.Status.Conditions[0].Status = corev1.ConditionFalse
				ill = append(ill, p.Name)
			}
			if x.change != nil {
				x.change(&p)
			}
			s.Pods = append(s.Pods, p)
		}
		if s.Node(x.node) == nil && !slices.ContainsFunc(s.Nodes, func(n corev1.Node) bool { return n.Name == x.node }) {
			s.Nodes = append(s.Nodes, corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: x.node}})
		}
	}
	s.Index()
	return s, crashesOf(s, ill)
}

func crashesOf(s *snapshot.Snapshot, ill []string) []*finding.Finding {
	by := map[incident.Object]*finding.Finding{}
	var out []*finding.Finding
	for _, name := range ill {
		p := s.Pod("shop", name)
		w := s.WorkloadOf(p)
		if by[w] == nil {
			by[w] = &finding.Finding{Finding: incident.Finding{Code: podproblem.PodCrashLoop, Severity: incident.Critical, Object: w}, Workload: w}
			out = append(out, by[w])
		}
		by[w].AddPod(p)
	}
	return out
}

// several are workloads of one pod each, on a node.
func several(n int, from, node string, ill bool, change func(*corev1.Pod)) []put {
	var out []put
	for i := range n {
		out = append(out, put{fmt.Sprintf("%s-%02d", from, i), node, 1, ill, change})
	}
	return out
}

func TestFind(t *testing.T) {
	onHost := func(p *corev1.Pod) { p.Spec.HostNetwork = true }
	priority := func(name string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.PriorityClassName = name }
	}
	for name, c := range map[string]struct {
		puts []put
		want string // the object; empty: nothing is said
		says string
	}{
		"workloads on one node": {slices.Concat(several(5, "a", "w-1", true, nil), several(12, "b", "w-2", false, nil)),
			"Node/w-1", "All 5 pods that fail run on node w-1; of the 12 that are well none does"},
		"one that is well is there too": {slices.Concat(several(8, "a", "w-1", true, nil), several(20, "b", "w-2", false, nil),
			several(1, "c", "w-1", false, nil)), "Node/w-1", "All 8 pods that fail run on node w-1; of the 21 that are well 1"},
		"as many that are well": {slices.Concat(several(5, "a", "w-1", true, nil), several(20, "b", "w-2", false, nil),
			several(5, "c", "w-1", false, nil)), "", ""},
		"well in the host's network": {slices.Concat(several(5, "a", "w-1", true, nil), several(12, "b", "w-2", false, nil),
			several(4, "c", "w-1", false, onHost)), "Node/w-1", "All 5 pods that fail run on node w-1; of the 12 that are well none does"},
		"nearly all": {slices.Concat(several(19, "a", "w-1", true, nil), several(1, "x", "w-2", true, nil), several(30, "b", "w-2", false, nil)),
			"Node/w-1", "19 of 20 pods that fail run on node w-1; of the 30 that are well none does"},
		"two of three elsewhere": {slices.Concat(several(4, "a", "w-1", true, nil), several(3, "x", "w-2", true, nil),
			several(30, "b", "w-2", false, nil)), "", ""},
		"too few to tell": {slices.Concat(several(3, "a", "w-1", true, nil), several(3, "b", "w-2", false, nil)), "", ""},
		"nothing well":    {several(9, "a", "w-1", true, nil), "", ""},
		"all on one node": {slices.Concat(several(5, "a", "w-1", true, nil), several(12, "b", "w-1", false, nil)), "", ""},
		"many of one":     {slices.Concat([]put{{"a", "w-1", 30, true, nil}}, several(40, "b", "w-2", false, nil)), "", ""},
		"siblings of one": {[]put{{"a", "w-1", 5, true, nil}, {"a", "w-2", 10, false, nil}}, "Node/w-1",
			"All 5 pods of StatefulSet a that fail run"},
		"a priority class": {slices.Concat(several(5, "a", "w-1", true, priority("low")),
			several(12, "b", "w-1", false, priority("high"))), "PriorityClass/low", "have priority class low"},
		"two told together": {slices.Concat(several(5, "a", "w-1", true, priority("low")),
			several(12, "b", "w-2", false, priority("high"))), "Node/w-1", "Nor can it be told apart from priority class low"},
	} {
		t.Run(name, func(t *testing.T) {
			s, ill := cluster(c.puts...)
			got := Find(s, ill, ill)
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("%s: %s", got[0].Object, got[0].Because)
			case c.want == "":
			case len(got) != 1 || got[0].Object.String() != c.want || !strings.Contains(got[0].Because, c.says):
				t.Errorf("%d found", len(got))
				for _, f := range got {
					t.Errorf("%s: %s", f.Object, f.Because)
				}
			case got[0].AtMost != incident.Likely || len(got[0].Seen) == 0 || len(got[0].Pods) < fewest:
				t.Errorf("%+v", got[0])
			}
		})
	}
}

// What a rule explains is not compared, nor are those ill that are.
func TestWhatIsExplainedIsLeftAlone(t *testing.T) {
	s, ill := cluster(slices.Concat(several(5, "a", "w-1", true, nil), several(12, "b", "w-2", false, nil))...)
	if got := Find(s, ill, nil); len(got) > 0 {
		t.Errorf("%s", got[0].Title)
	}
	if got := Find(s, ill, ill[:2]); len(got) > 0 {
		t.Errorf("two alone: %s", got[0].Title)
	}
}

// What every workload of a team has tells nothing where each of them complains of something else; a place does all the same.
func TestOwnTroublesShareNoAccount(t *testing.T) {
	account := func(p *corev1.Pod) { p.Spec.ServiceAccountName = "team-b" }
	for name, c := range map[string]struct {
		says []string
		node string
		want string
	}{
		"each its own":      {[]string{"FATAL no tenant", "FATAL bad licence", "FATAL empty queue", "FATAL wrong clock"}, "w-1", ""},
		"all the same":      {[]string{`FATAL 17 users, "a" refused`, `FATAL 4 users, "b" refused`}, "w-1", "ServiceAccount/shop/team-b"},
		"nothing":           {[]string{""}, "w-1", "ServiceAccount/shop/team-b"},
		"each, at one node": {[]string{"FATAL no tenant", "FATAL bad licence", "FATAL empty queue", "FATAL wrong clock"}, "w-2", "Node/w-2"},
	} {
		t.Run(name, func(t *testing.T) {
			s, ill := cluster(slices.Concat(several(6, "a", c.node, true, account), several(30, "b", "w-1", false, nil))...)
			for i, f := range ill {
				p := f.Pods[0]
				p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{
					Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}}}
				s.Logs = append(s.Logs, snapshot.Log{Namespace: p.Namespace, Pod: p.Name, Container: "main", Text: c.says[i%len(c.says)] + "\n"})
			}
			s.Index()
			got := ""
			for _, f := range Find(s, ill, ill) {
				got += f.Object.String()
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Groups that differ by code or by words are told apart, where all of them have nothing in common.
func TestEachTroubleHasItsOwn(t *testing.T) {
	s, ill := cluster(slices.Concat(several(7, "a", "w-1", true, nil), several(7, "c", "w-3", true, nil),
		several(30, "b", "w-2", false, nil))...)
	for _, f := range ill {
		if f.Pods[0].Spec.NodeName == "w-3" {
			f.Code = podproblem.PodRestarts
		}
	}
	var got []string
	for _, f := range Find(s, ill, ill) {
		got = append(got, f.Object.String())
	}
	slices.Sort(got)
	if want := []string{"Node/w-1", "Node/w-3"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
