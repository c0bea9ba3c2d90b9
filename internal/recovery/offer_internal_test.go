package recovery

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func TestThreeUselessRunsBlockARunbookOnATarget(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	target := incident.Target{Object: incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}, UID: "u1"}
	run := func(r incident.RunResult, days int) incident.Run {
		return incident.Run{At: now.AddDate(0, 0, -days), RunEnded: incident.RunEnded{Result: r, Targets: []incident.Target{target},
			Of: []incident.Treated{{Runbook: "roll-back", Code: "PodImagePull"}}}}
	}
	useless, helped := incident.RunUseless, incident.RunHelped
	again, other := target, target
	again.UID, other.Object.Name = "u2", "api"
	for name, c := range map[string]struct {
		runs   incident.Runs
		target incident.Target
		book   string
		want   bool
	}{
		"three in a row":         {incident.Runs{run(useless, 9), run(useless, 5), run(useless, 1)}, target, "roll-back", true},
		"two":                    {incident.Runs{run(useless, 5), run(useless, 1)}, target, "roll-back", false},
		"one helped since":       {incident.Runs{run(useless, 9), run(useless, 5), run(helped, 3), run(useless, 1)}, target, "roll-back", false},
		"long ago":               {incident.Runs{run(useless, 50), run(useless, 45), run(useless, 40)}, target, "roll-back", false},
		"another runbook":        {incident.Runs{run(useless, 9), run(useless, 5), run(useless, 1)}, target, "restart-hung", false},
		"another target":         {incident.Runs{run(useless, 9), run(useless, 5), run(useless, 1)}, other, "roll-back", false},
		"the target, made again": {incident.Runs{run(useless, 9), run(useless, 5), run(useless, 1)}, again, "roll-back", false},
	} {
		c2 := newComposition(nil, &snapshot.Snapshot{}, c.runs)
		d := c2.unblocked(c.book, now, draft{steps: []incident.Step{{Target: c.target}}})
		if (d.no != "") != c.want || c.want && !strings.Contains(d.no, "3 times in a row and did not help, last on 2026-11-28") {
			t.Errorf("%s: %q", name, d.no)
		}
	}
}

func TestWhatHappensIfNobodyDoesAnything(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	before := func(d time.Duration) metav1.Time { return metav1.NewTime(at.Add(-d)) }
	limit, fiveMinutes, added := int32(600), int64(300), before(time.Minute)
	web := incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}
	s := &snapshot.Snapshot{At: at,
		Deployments: []appsv1.Deployment{{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "shop"},
			Spec: appsv1.DeploymentSpec{ProgressDeadlineSeconds: &limit},
			Status: appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing,
				Status: corev1.ConditionTrue, LastUpdateTime: before(4 * time.Minute)}}}}},
		Nodes: []corev1.Node{{ObjectMeta: metav1.ObjectMeta{Name: "n1"}, Spec: corev1.NodeSpec{Taints: []corev1.Taint{
			{Key: corev1.TaintNodeUnreachable, Effect: corev1.TaintEffectNoExecute, TimeAdded: &added}}}}},
		Pods: []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "web-1", Namespace: "shop"}, Spec: corev1.PodSpec{NodeName: "n1",
			Tolerations: []corev1.Toleration{{Key: corev1.TaintNodeUnreachable, Operator: corev1.TolerationOpExists,
				Effect: corev1.TaintEffectNoExecute, TolerationSeconds: &fiveMinutes}}}}},
	}
	s.Index()
	d := &incident.Diagnosis{At: at, Causes: []incident.Cause{{ID: "C1", Code: "DeploymentStuck",
		Objects: []incident.Object{web, {Kind: "Pod", Namespace: "shop", Name: "web-1"}}}}}
	got := idle(d, s)
	if len(got) != 2 || !got[0].At.Equal(at.Add(4*time.Minute)) || !strings.Contains(got[0].Text, "evicted") ||
		!got[1].At.Equal(at.Add(6*time.Minute)) || !strings.Contains(got[1].Text, "does not roll it back") {
		t.Errorf("%+v", got)
	}
	s.Deployments, s.Nodes = nil, nil
	s.Index()
	if got := idle(d, s); len(got) != 1 || !got[0].At.IsZero() {
		t.Errorf("of nothing that is known: %+v", got)
	}
}

func TestEveryInputHasBounds(t *testing.T) {
	for kind := range inputs {
		if fields[kind].fits == nil {
			t.Errorf("%s has no bounds", kind)
		}
	}
}

func TestASetValueIsOneOfItsKind(t *testing.T) {
	resources := map[string]any{"limits": map[string]any{"memory": "128Mi"}}
	for _, c := range []struct {
		value any
		in    incident.Input
		text  string
		want  string // as JSON; empty: refused
	}{
		{int64(3), incident.Input{Name: wholeValue}, " 5 ", "5"},
		{int64(3), incident.Input{Name: wholeValue}, "5.5", ""},
		{"4", incident.Input{Name: wholeValue}, "6", `"6"`},
		{"4", incident.Input{Name: wholeValue}, "-6", ""},
		{resources, incident.Input{Name: "limits.memory"}, "1024Mi", `{"limits":{"memory":"1Gi"}}`},
		{resources, incident.Input{Name: "requests.memory"}, "1Gi", ""},
	} {
		got, err := withInput(c.value, c.in, c.text)
		if c.want == "" && err == nil || c.want != "" && (err != nil || encodeValue(got) != c.want) {
			t.Errorf("%v to %q: %v, %v", c.value, c.text, got, err)
		}
	}
	if encodeValue(resources) != `{"limits":{"memory":"128Mi"}}` {
		t.Error("the plan's own value was written into")
	}
}
