package demo

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// startsAt is how much memory the program of the release takes to start. Of a container whose limit is lower, the kernel ends it at once.
var startsAt = resource.MustParse("48Mi")

// mostPause is the kubelet's longest pause between two starts of a container.
const mostPause = 5 * time.Minute

// run does what the scheduler and the kubelet do with a pod.
func (s staff) run(p *corev1.Pod, now time.Time, nodeReady bool) error {
	if p.Spec.NodeName == "" {
		return s.schedule(p, now, nodeReady)
	}
	was := p.Status.DeepCopy()
	begun := p.Status.StartTime != nil
	if !begun {
		at := wholeSecond(now)
		p.Status.StartTime, p.Status.HostIP, p.Status.HostIPs = &at, s.mould.Status.HostIP, s.mould.Status.HostIPs
		p.Status.ObservedGeneration = 1
	}
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		st := statusOf(p, c.Name)
		switch {
		case !begun && st == nil:
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: c.Name, Image: c.Image,
				State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}})
		case st != nil && due(st, p, now):
			if err := s.start(p, c, st, now); err != nil {
				return err
			}
		}
	}
	s.judge(p, now)
	if equality.Semantic.DeepEqual(*was, p.Status) {
		return nil
	}
	return s.act(p, kubelet, "status")
}

func statusOf(p *corev1.Pod, container string) *corev1.ContainerStatus {
	for i := range p.Status.ContainerStatuses {
		if st := &p.Status.ContainerStatuses[i]; st.Name == container {
			return st
		}
	}
	return nil
}

// due says whether a container is to be started now: at first when its sandbox is made, the second time at once, and then after a pause
// that doubles from ten seconds on.
func due(st *corev1.ContainerStatus, p *corev1.Pod, now time.Time) bool {
	switch {
	case st.State.Running != nil:
		return false
	case st.State.Terminated != nil:
		return !now.Before(st.State.Terminated.FinishedAt.Add(time.Second))
	case st.LastTerminationState.Terminated != nil:
		return !now.Before(st.LastTerminationState.Terminated.FinishedAt.Add(pause(st.RestartCount)))
	}
	return !now.Before(p.Status.StartTime.Add(time.Second))
}

func pause(restarts int32) time.Duration {
	if restarts > 5 {
		return mostPause
	}
	return min(mostPause, 10*time.Second<<max(0, restarts-1))
}

// start starts a container, which stays up if its memory suffices.
func (s staff) start(p *corev1.Pod, c *corev1.Container, st *corev1.ContainerStatus, now time.Time) error {
	if p.Status.PodIP == "" {
		p.Status.PodIP = s.freeIP()
		p.Status.PodIPs = []corev1.PodIP{{IP: p.Status.PodIP}}
	}
	again := st.State.Terminated != nil || st.LastTerminationState.Terminated != nil
	if again {
		st.RestartCount++
	}
	mould := s.mould.Status.ContainerStatuses[0]
	st.Image, st.ImageID = mould.Image, mould.ImageID
	st.ContainerID = fmt.Sprintf("containerd://%x", sha256.Sum256(fmt.Appendf(nil, "%s %s %d", p.UID, c.Name, st.RestartCount)))
	st.AllocatedResources, st.Resources = c.Resources.Requests, &corev1.ResourceRequirements{Limits: c.Resources.Limits,
		Requests: c.Resources.Requests}
	field := "spec.containers{" + c.Name + "}"
	present := fmt.Sprintf("Container image %q already present on machine and can be accessed by the pod", c.Image)
	for _, e := range [][2]string{{"Pulled", present}, {"Created", "Container created"}, {"Started", "Container started"}} {
		if err := s.tell(p, field, corev1.EventTypeNormal, e[0], kubelet, e[1], now); err != nil {
			return err
		}
	}
	yes, no := true, false
	log := bundle.LogKey{Namespace: p.Namespace, Pod: p.Name, Container: c.Name}
	if limit := c.Resources.Limits.Memory(); limit.IsZero() || limit.Cmp(startsAt) >= 0 {
		st.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: wholeSecond(now)}}
		st.Ready, st.Started = true, &yes
		s.api.SetLog(log, []byte(c.Name+" listening on :3100\n"))
		return nil
	}
	end := &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled", StartedAt: wholeSecond(now), FinishedAt: wholeSecond(now),
		ContainerID: st.ContainerID}
	st.Ready, st.Started = false, &no
	s.api.SetLog(log, nil) // it did not come to say anything
	if !again {
		st.State = corev1.ContainerState{Terminated: end}
		return nil
	}
	log.Previous = true
	s.api.SetLog(log, nil)
	st.LastTerminationState = corev1.ContainerState{Terminated: end}
	st.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: fmt.Sprintf(
		"back-off %s restarting failed container=%s pod=%s_%s(%s)", pause(st.RestartCount), c.Name, p.Name, p.Namespace, p.UID)}}
	return s.tell(p, field, corev1.EventTypeWarning, "BackOff", kubelet,
		fmt.Sprintf("Back-off restarting failed container %s in pod %s_%s(%s)", c.Name, p.Name, p.Namespace, p.UID), now)
}

// judge sets the pod's phase and conditions by its containers.
func (s staff) judge(p *corev1.Pod, now time.Time) {
	var unready []string
	creating := false
	for _, st := range p.Status.ContainerStatuses {
		creating = creating || st.ContainerID == ""
		if !st.Ready {
			unready = append(unready, st.Name)
		}
	}
	p.Status.Phase = corev1.PodRunning
	if creating {
		p.Status.Phase = corev1.PodPending
	}
	why, text := "", ""
	if len(unready) > 0 {
		why, text = "ContainersNotReady", fmt.Sprintf("containers with unready status: %v", unready)
	}
	for _, c := range []corev1.PodCondition{
		condition(corev1.PodReadyToStartContainers, !creating, "", "", now),
		condition(corev1.PodInitialized, true, "", "", now),
		condition(corev1.PodReady, len(unready) == 0, why, text, now),
		condition(corev1.ContainersReady, len(unready) == 0, why, text, now),
	} {
		i := slices.IndexFunc(p.Status.Conditions, func(o corev1.PodCondition) bool { return o.Type == c.Type })
		switch {
		case i < 0:
			p.Status.Conditions = append(p.Status.Conditions, c)
		case p.Status.Conditions[i].Status != c.Status || p.Status.Conditions[i].Message != c.Message:
			p.Status.Conditions[i] = c
		}
	}
}
