package snapshot

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

func TestLogTail(t *testing.T) {
	long := strings.Repeat("x", LogBytes)
	for name, c := range map[string]struct{ log, want string }{
		"nothing":              {"", ""},
		"a line without end":   {"a", "a"},
		"few lines":            {"a\nb\n", "a\nb\n"},
		"as many as are kept":  {strings.Repeat("a\n", LogLines), strings.Repeat("a\n", LogLines)},
		"one more":             {"b\n" + strings.Repeat("a\n", LogLines), strings.Repeat("a\n", LogLines)},
		"too many bytes":       {long + "\nlast\n", "last\n"},
		"one line of too many": {"a" + long, long},
		"not UTF-8":            {"a\xffb", "a\uFFFDb"},
		"none any more":        {"unable to retrieve container logs for containerd://9fc98a02", ""},
	} {
		if got := LogTail([]byte(c.log), LogBytes); got != c.want {
			t.Errorf("%s: %d bytes, want %d: %.80q", name, len(got), len(c.want), got)
		}
	}
}

// The fewer logs are wanted, the more of each is kept; together they stay bounded.
func TestLogsWantedAreBoundedTogether(t *testing.T) {
	for pods, want := range map[int]int{1: LogBytes, 32: LogBytes, 64: 32 << 10, 120: logsBytes / LogsMost, 1000: logsBytes / LogsMost} {
		s := &Snapshot{}
		for i := range pods {
			s.Pods = append(s.Pods, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprint("p", i)},
				Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
					{Name: "main", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1}}}}}})
		}
		s.Index()
		wanted := s.LogsWanted()
		if len(wanted) != min(pods, LogsMost) || wanted[0].Bytes != want || want < logLeast {
			t.Errorf("of %d pods %d logs, %d bytes of each, want %d", pods, len(wanted), wanted[0].Bytes, want)
		}
	}
}

// Beyond the bound no container's log is listed, and those that a first look reads don't count.
func TestLogsCloser(t *testing.T) {
	at := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	s := &Snapshot{At: at}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(at.Add(-time.Hour))}}
	for i := range 5 {
		s.Pods = append(s.Pods, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprint("p", i)},
			Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "main", Ready: i > 0, State: running}}}})
	}
	s.Pods[1].Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{}
	s.Pods[4].Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}
	s.Index()
	var pods []*corev1.Pod
	for i := range s.Pods {
		pods = append(pods, &s.Pods[i])
	}
	var got []string
	wanted, left := s.LogsCloser(pods, 2)
	for _, w := range wanted {
		got = append(got, fmt.Sprint(w.Pod.Name, " ", w.Previous))
	}
	if want := []string{"p1 false", "p1 true", "p2 false"}; !slices.Equal(got, want) || left.Containers != 1 ||
		!slices.Equal(left.Whole, []incident.Object{ObjectOf("Pod", "shop", "p3")}) {
		t.Errorf("%v, and left out is %+v; want %v, and p3", got, left, want)
	}
}

// A workload of many pods takes no other's turn, and which workloads are left out is known.
func TestLogsAreReadInTurns(t *testing.T) {
	s, controls := &Snapshot{}, true
	for w, n := range map[string]int{"api": 50, "web": 1, "db": 3} {
		for i := range n {
			s.Pods = append(s.Pods, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: fmt.Sprintf("%s-%02d", w, i),
				OwnerReferences: []metav1.OwnerReference{{Kind: "StatefulSet", Name: w, Controller: &controls}}},
				Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "main", Ready: true}}}})
		}
	}
	s.Index()
	var pods []*corev1.Pod
	for i := range s.Pods {
		pods = append(pods, &s.Pods[i])
	}
	var got []string
	all := s.InTurns(pods)
	wanted, left := s.LogsCloser(all, 7)
	for _, w := range wanted {
		got = append(got, w.Pod.Name)
	}
	if want := []string{"api-00", "db-00", "web-00", "api-01", "db-01", "api-02", "api-03"}; !slices.Equal(got, want) || len(all) != len(pods) {
		t.Errorf("%v of %d pods, want %v of %d", got, len(all), want, len(pods))
	}
	if left.Containers != 47 || len(left.Whole) > 0 || len(left.Partly) != 2 {
		t.Errorf("left out: %+v", left)
	}
	if _, left = s.LogsCloser(all, 2); !slices.Equal(left.Whole, []incident.Object{ObjectOf("StatefulSet", "shop", "web")}) {
		t.Errorf("left out: %+v", left)
	}
}
