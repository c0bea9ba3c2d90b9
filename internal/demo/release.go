package demo

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// The Deployment of which a bad release is shipped: one that the founding incident does not reach.
const (
	releaseNamespace = "monitoring"
	releaseName      = "loki"
	releaseEnv       = "RELEASE"
	badLimit         = "24Mi"
	// deployer is who ships: the manager that the recording shows of these objects.
	deployer = "kubectl-client-side-apply"
)

// ofRelease says what is in the hands of the Deployment's own controllers, whatever the recordings show of it later.
func ofRelease(_ schema.GroupVersionResource, o *unstructured.Unstructured) bool {
	name := o.GetName()
	return o.GetNamespace() == releaseNamespace && (name == releaseName || strings.HasPrefix(name, releaseName+"-") ||
		strings.HasPrefix(name, releaseName+"."))
}

func newStaff(api *bundle.Server, healthy *bundle.Bundle) (staff, error) {
	for i := range healthy.Objects[podsGVR] {
		if o := &healthy.Objects[podsGVR][i]; ofRelease(podsGVR, o) {
			p, err := decode[corev1.Pod](o)
			if err == nil && (len(p.Spec.Volumes) == 0 || len(p.Spec.Containers) == 0 || len(p.Spec.Containers[0].VolumeMounts) == 0 ||
				len(p.Status.ContainerStatuses) == 0) {
				err = fmt.Errorf("pod %s/%s of the healthy bundle is not as a kubelet runs one", p.Namespace, p.Name)
			}
			if err != nil {
				return staff{}, err
			}
			return staff{cluster{api}, *p}, nil
		}
	}
	return staff{}, fmt.Errorf("the healthy bundle has no pod of Deployment %s/%s", releaseNamespace, releaseName)
}

// Ship rolls out a release whose memory limit somebody has set too low.
func (w *World) Ship() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.API.Get(deploymentsGVR, releaseNamespace, releaseName)
	if o == nil {
		return fmt.Errorf("there is no Deployment %s/%s any more", releaseNamespace, releaseName)
	}
	d, err := decode[appsv1.Deployment](o)
	if err != nil {
		return err
	}
	if !rolledOut(d) {
		return errBroken
	}
	c := &d.Spec.Template.Spec.Containers[0]
	if c.Resources.Limits == nil {
		c.Resources.Limits = corev1.ResourceList{}
	}
	c.Resources.Limits[corev1.ResourceMemory] = resource.MustParse(badLimit)
	c.Env = slices.DeleteFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == releaseEnv })
	c.Env = append(c.Env, corev1.EnvVar{Name: releaseEnv, Value: strconv.FormatInt(revisionOf(d)+1, 10)})
	d.Generation++
	w.release.done = false
	err = w.staff.act(d, deployer, "")
	if now := w.API.Get(deploymentsGVR, releaseNamespace, releaseName); err == nil && (now == nil || now.GetGeneration() != d.Generation) {
		err = errors.New("the Deployment was changed meanwhile; try again")
	}
	return err
}

// rolledOut says whether a Deployment runs as it is written.
func rolledOut(d *appsv1.Deployment) bool {
	s, want := d.Status, *d.Spec.Replicas
	return s.ObservedGeneration >= d.Generation && s.UpdatedReplicas == want && s.Replicas == want && s.AvailableReplicas == want
}

// release is how the Deployment's rollout stands.
type release struct {
	done    bool
	failing [][2]string // namespace and name of its pods that crash-loop
	rang    bool        // since the rollout began, somebody was told of those
}

// released looks at it.
func (w *World) released() (release, error) {
	o := w.API.Get(deploymentsGVR, releaseNamespace, releaseName)
	if o == nil {
		return release{done: true}, nil // gone for good, and not ill
	}
	d, err := decode[appsv1.Deployment](o)
	if err != nil {
		return release{}, err
	}
	r := release{done: rolledOut(d)}
	pods, err := all[corev1.Pod](w.staff.cluster, podsGVR, releaseNamespace, func(o *unstructured.Unstructured) bool {
		return ofRelease(podsGVR, o)
	})
	for _, p := range pods {
		if slices.ContainsFunc(p.Status.ContainerStatuses, func(c corev1.ContainerStatus) bool {
			return c.State.Waiting != nil && c.State.Waiting.Reason == "CrashLoopBackOff"
		}) {
			r.failing = append(r.failing, [2]string{p.Namespace, p.Name})
		}
	}
	return r, err
}

// roll lets those behind the Deployment work, and says what has become of its rollout.
func (w *World) roll(now time.Time, t *turn) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.staff.work(now, w.scene.Node); err != nil {
		return err
	}
	was := w.release
	is, err := w.released()
	if err != nil {
		return err
	}
	is.rang = was.rang && !is.done
	if !is.rang && len(is.failing) > 0 {
		is.rang, t.Failing = true, is.failing
	}
	t.Released = was.rang && is.done
	w.release = is
	return nil
}
