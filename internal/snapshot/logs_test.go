package snapshot

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
