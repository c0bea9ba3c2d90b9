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
	benchFew   = 1000
	benchPods  = 5000
	benchRuns  = 7
)

// What a check may cost. A check starts a process, shakes hands and reads logs, as the floor's measurement does not.
const (
	maxRatio  = 1.5   // of its median time to the floor's, at benchPods
	maxMemory = 250e6 // bytes resident at the most
	maxGrowth = 1.1   // of time and memory from benchFew to benchPods, to that of the pods
)

// TestQuietAtScale: many pods that are well are nothing to speak of.
func TestQuietAtScale(t *testing.T) {
	l := theLab(t)
	l.scale(t, benchPods, 0)
	quietly(t, l)
}

// TestBench times `paramedic check` from start to exit against the floor: the time to list and decode the same kinds and do nothing
// with them, measured by the lab in the same run. Every fiftieth workload crash-loops.
func TestBench(t *testing.T) {
	l := theLab(t)
	l.scale(t, benchFew, 50)
	few := measure(t, l, benchFew)
	l.more(t, benchPods, 50)
	many := measure(t, l, benchPods)
	if many.ratio > maxRatio {
		t.Errorf("%.2f times the floor, want at most %.2f", many.ratio, maxRatio)
	}
	if many.memory > maxMemory {
		t.Errorf("%.0f MB, want at most %.0f", many.memory/1e6, maxMemory/1e6)
	}
	const linear = float64(benchPods) / benchFew
	if grown := float64(many.median) / float64(few.median); grown > linear*maxGrowth {
		t.Errorf("%d times the pods take %.1f times the time", benchPods/benchFew, grown)
	}
	if grown := many.memory / few.memory; grown > linear*maxGrowth {
		t.Errorf("%d times the pods take %.1f times the memory", benchPods/benchFew, grown)
	}
}

// scale gives the lab a new cluster with so many simulated pods.
func (l lab) scale(t *testing.T, pods, every int) {
	t.Helper()
	l.run(t, "down")
	l.run(t, "up")
	l.more(t, pods, every)
}

// more adds simulated pods until there are so many.
func (l lab) more(t *testing.T, pods, every int) {
	t.Helper()
	l.run(t, "scale", strconv.Itoa(benchNodes), strconv.Itoa(pods), strconv.Itoa(every))
	eventually(t, 10*time.Minute, "all simulated pods running", func() bool {
		var list struct{ Items []struct{} }
		if err := json.Unmarshal([]byte(l.kubectl(t, "get", "pods", "-A", "-l", "app", "-o", "json", "--field-selector", "status.phase=Running")),
			&list); err != nil {
			t.Fatal(err)
		}
		return len(list.Items) >= pods
	})
}

// cost is what checks cost, in the middle and at the most.
type cost struct {
	median time.Duration
	memory float64 // bytes
	ratio  float64 // to the floor
}

func measure(t *testing.T, l lab, pods int) cost {
	t.Helper()
	floor := decoded(t, l.run(t, "floor"))
	var took []time.Duration
	var most int64
	for range benchRuns {
		d, memory := once(t, l)
		took, most = append(took, d), max(most, memory)
	}
	slices.Sort(took)
	c := cost{median: took[benchRuns/2], memory: float64(most)}
	c.ratio = float64(c.median) / float64(floor)
	fmt.Printf("check at %d nodes and %d pods: median %v (min %v, max %v), %.0f MB; floor %v; ratio %.2f\n",
		benchNodes, pods, c.median.Round(time.Millisecond), took[0].Round(time.Millisecond), took[benchRuns-1].Round(time.Millisecond),
		c.memory/1e6, floor, c.ratio)
	return c
}

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
