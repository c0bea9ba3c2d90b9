//go:build bench

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	benchNodes = 100
	benchPods  = 5000
	benchRuns  = 7
)

// TestBench times `paramedic check` from start to exit against the floor: the time to list and decode the same kinds and do nothing
// with them, measured by the lab in the same run.
func TestBench(t *testing.T) {
	l := theLab(t)
	l.run(t, "scale", strconv.Itoa(benchNodes), strconv.Itoa(benchPods), "50")
	eventually(t, 10*time.Minute, "all simulated pods running", func() bool {
		var pods struct {
			Items []struct{ Status struct{ Phase, PodIP string } }
		}
		if err := json.Unmarshal([]byte(l.kubectl(t, "get", "pods", "-A", "-l", "app", "-o", "json", "--field-selector", "status.phase=Running")), &pods); err != nil {
			t.Fatal(err)
		}
		return len(pods.Items) >= benchPods
	})
	floor := decoded(t, l.run(t, "floor"))
	var took []time.Duration
	var most int64
	for range benchRuns {
		d, memory := once(t, l)
		took, most = append(took, d), max(most, memory)
	}
	slices.Sort(took)
	median := took[benchRuns/2]
	fmt.Printf("check at %d nodes and %d pods: median %v (min %v, max %v), %.0f MB; floor %v; ratio %.2f\n",
		benchNodes, benchPods, median.Round(time.Millisecond), took[0].Round(time.Millisecond), took[benchRuns-1].Round(time.Millisecond),
		float64(most)/1e6, floor, float64(median)/float64(floor))
	if most > 400e6 {
		t.Errorf("%.0f MB, want less than 400", float64(most)/1e6)
	}
	if ratio := float64(median) / float64(floor); ratio > maxRatio {
		t.Errorf("%.2f times the floor, want at most %.2f", ratio, maxRatio)
	}
}

// maxRatio to the floor. A check starts a process and shakes hands as the floor's measurement does not, and reads logs.
const maxRatio = 3.75

// once runs a check and returns how long it took and its peak resident memory in bytes.
func once(t *testing.T, l lab) (time.Duration, int64) {
	t.Helper()
	cmd := exec.Command(l.program, "check", "-o", "json")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+l.kubeconfig)
	start := time.Now()
	out, err := cmd.Output()
	took := time.Since(start)
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("check: %v, want exit 1 for crash loops\n%s", err, out)
	}
	if !strings.Contains(string(out), "svc-00000") {
		t.Fatal("check does not mention a workload that crash-loops")
	}
	return took, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss * 1024
}

var medianLine = regexp.MustCompile(`decoded=true .*median (\S+),`)

func decoded(t *testing.T, out string) time.Duration {
	t.Helper()
	m := medianLine.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("the floor prints %q", out)
	}
	d, err := time.ParseDuration(m[1])
	if err != nil {
		t.Fatal(err)
	}
	fmt.Print(out)
	return d
}
