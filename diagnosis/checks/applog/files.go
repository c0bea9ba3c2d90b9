package applog

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// fileTrouble words a fact about a file: the file, the volume that holds it, and what of the spec bears upon it.
func fileTrouble(verb finding.Phrase) func(*snapshot.Snapshot, *corev1.Pod, *corev1.Container, logs.Fact) (root, bool) {
	return func(s *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container, f logs.Fact) (root, bool) {
		if f.Kind == logs.PermissionDenied && f.Port != "" {
			return root{what: finding.Say("may not listen on port %s%s: ports below 1024 take root or the capability NET_BIND_SERVICE", f.Port,
				asUser(p, c))}, true
		}
		if f.Kind == logs.NoSpace && ofSharedMemory(f) {
			if _, v := kube.MountOf(p, c, sharedMemory); v == nil {
				return root{what: finding.Say("%s in {its|their} shared memory: %s has 64 MB unless an emptyDir of medium Memory is mounted there",
					verb, sharedMemory)}, true
			}
			return root{what: finding.Say("%s in {its|their} shared memory, %s", verb, sharedMemory)}, true
		}
		if f.Kind == logs.NoSpace && f.Path == "" && len(kube.ClaimsOf(p)) > 0 {
			return root{}, false // which of its volumes is full is the claims' business
		}
		if f.Path == "" {
			return root{what: finding.Say("%s: %s", verb, quote(f))}, true
		}
		if ofKernel(f) {
			return kernelSetting(s, p, c, f, verb), true
		}
		x := root{what: finding.Say("%s %s", verb, f.Path)}
		switch f.Kind {
		case logs.ReadOnly, logs.NoSpace, logs.LockHeld:
			x.what = finding.Say("%s: %s", verb, f.Path)
		case logs.ConfigInvalid:
			if f.LineNo > 0 {
				x.what = x.what.And(", line %d", f.LineNo)
			}
		}
		mount, volume := kube.MountOf(p, c, f.Path)
		if volume == nil {
			x.what = x.what.And("%s", noVolume(p, c, f))
			x.token(s, p, f)
			return x, true
		}
		if f.Kind == logs.NoSpace && volume.PersistentVolumeClaim != nil {
			return root{}, false // the claim's volume is full: that is the claim's finding
		}
		x.seen = append(x.seen, finding.SeenAPI(finding.PodObject(p), "spec.containers["+c.Name+"].volumeMounts["+mount.Name+"]", time.Time{},
			mountWords(mount, volume)))
		x.volume(s, p, c, f, mount, volume)
		return x, true
	}
}

// sharedMemory is where POSIX shared memory lives: a small tmpfs that the runtime makes, which no field of the pod but a mount enlarges.
const sharedMemory = "/dev/shm"

func ofSharedMemory(f logs.Fact) bool {
	return strings.HasPrefix(f.Path, sharedMemory) || strings.Contains(strings.ToLower(f.Line), "shared memory")
}

// volume adds which volume holds the file, and what it says about the trouble.
func (x *root) volume(s *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container, f logs.Fact, mount *corev1.VolumeMount,
	volume *corev1.Volume) {
	source := ""
	switch {
	case volume.ConfigMap != nil:
		source = "ConfigMap " + volume.ConfigMap.Name
		o := snapshot.ObjectOf("ConfigMap", p.Namespace, volume.ConfigMap.Name)
		if f.Kind == logs.ConfigInvalid {
			x.fault = []incident.Object{o}
		}
		if f.Kind == logs.NotFound {
			x.key(s, c, o, f, mount)
			return
		}
	case volume.Secret != nil:
		source = "Secret " + volume.Secret.SecretName
	case volume.PersistentVolumeClaim != nil:
		source = "PersistentVolumeClaim " + volume.PersistentVolumeClaim.ClaimName
	case volume.HostPath != nil:
		source = "hostPath " + volume.HostPath.Path
	}
	x.what = x.what.And(" in {its|their} volume %s", volume.Name)
	if source != "" {
		x.what = x.what.And(" (%s)", source)
	}
	switch {
	case f.Kind == logs.ReadOnly && mount.ReadOnly:
		x.what = x.what.And(", which is mounted read-only")
	case f.Kind == logs.ReadOnly && (volume.ConfigMap != nil || volume.Secret != nil):
		x.what = x.what.And(", which can only be read")
	case f.Kind == logs.PermissionDenied:
		x.what = x.what.And("%s", asUser(p, c))
		if p.Spec.SecurityContext == nil || p.Spec.SecurityContext.FSGroup == nil {
			x.what = x.what.And(" without fsGroup")
		}
	}
}

// key compares the file with the keys of the ConfigMap that is mounted there. A file that is the container's own command was the image's.
func (x *root) key(s *snapshot.Snapshot, c *corev1.Container, o incident.Object, f logs.Fact, mount *corev1.VolumeMount) {
	m := s.ConfigMap(o.Namespace, o.Name)
	key := path.Base(f.Path)
	if mount.SubPath != "" {
		key = mount.SubPath
	}
	if m != nil && len(kube.Nearest(key, kube.KeysOf(m))) == 0 && slices.Contains(slices.Concat(c.Command, c.Args), f.Path) {
		x.what = x.what.And(": {its|their} volume %s (ConfigMap %s) is mounted at %s, and hides what the image has there", mount.Name, o.Name,
			mount.MountPath)
		return
	}
	if m == nil || kube.HasKey(m, key) {
		x.what = x.what.And(" in {its|their} volume %s (ConfigMap %s)", mount.Name, o.Name)
		return
	}
	x.fault = []incident.Object{o}
	x.what = x.what.And(": ConfigMap %s has no key %s%s", o.Name, key, kube.DidYouMean(kube.Nearest(key, kube.KeysOf(m))))
	x.seen = append(x.seen, finding.SeenAPI(o, "data", time.Time{}, clip.Bytes("keys: "+strings.Join(kube.KeysOf(m), ", "),
		finding.MaxLine)))
}

// noVolume is about a file that no volume holds: it is the image's.
func noVolume(p *corev1.Pod, c *corev1.Container, f logs.Fact) string {
	switch {
	case f.Kind == logs.ReadOnly && c.SecurityContext != nil && c.SecurityContext.ReadOnlyRootFilesystem != nil &&
		*c.SecurityContext.ReadOnlyRootFilesystem:
		return ": its root file system is read-only (readOnlyRootFilesystem), and no volume is mounted there"
	case f.Kind == logs.PermissionDenied:
		return asUser(p, c)
	case f.Kind == logs.NotFound && strings.HasPrefix(f.Path, "/"):
		return ": no volume is mounted there, and the image does not have it"
	}
	return ""
}

// tokenDir is where the API server mounts a pod's token.
const tokenDir = "/var/run/secrets/kubernetes.io/serviceaccount"

// token says who asked for no token to be mounted: the pod, or its ServiceAccount, in that order.
func (x *root) token(s *snapshot.Snapshot, p *corev1.Pod, f logs.Fact) {
	if !strings.HasPrefix(f.Path, tokenDir) && !strings.HasPrefix(f.Path, strings.TrimPrefix(tokenDir, "/var")) {
		return
	}
	const field = "automountServiceAccountToken"
	name := p.Spec.ServiceAccountName
	if name == "" {
		name = "default"
	}
	a := s.ServiceAccount(p.Namespace, name)
	switch mount := p.Spec.AutomountServiceAccountToken; {
	case mount != nil && !*mount:
		x.what = x.what.And(" ({its|their} pod has %s: false)", field)
		x.seen = append(x.seen, finding.SeenAPI(finding.PodObject(p), "spec."+field, time.Time{}, "false"))
	case mount == nil && a != nil && a.AutomountServiceAccountToken != nil && !*a.AutomountServiceAccountToken:
		o := snapshot.ObjectOf("ServiceAccount", a.Namespace, a.Name)
		x.what = x.what.And(" (ServiceAccount %s has %s: false)", a.Name, field)
		x.fault = append(x.fault, o)
		x.seen = append(x.seen, finding.SeenAPI(o, field, time.Time{}, "false"))
	}
}

// asUser says which user the container runs as, where the spec does.
func asUser(p *corev1.Pod, c *corev1.Container) string {
	switch {
	case c.SecurityContext != nil && c.SecurityContext.RunAsUser != nil:
		return fmt.Sprintf(", running as user %d", *c.SecurityContext.RunAsUser)
	case p.Spec.SecurityContext != nil && p.Spec.SecurityContext.RunAsUser != nil:
		return fmt.Sprintf(", running as user %d", *p.Spec.SecurityContext.RunAsUser)
	}
	return ""
}

func mountWords(m *corev1.VolumeMount, v *corev1.Volume) string {
	kind := "volume"
	switch {
	case v.ConfigMap != nil:
		kind = "ConfigMap " + v.ConfigMap.Name
	case v.Secret != nil:
		kind = "Secret " + v.Secret.SecretName
	case v.PersistentVolumeClaim != nil:
		kind = "PersistentVolumeClaim " + v.PersistentVolumeClaim.ClaimName
	case v.EmptyDir != nil:
		kind = "emptyDir"
	case v.HostPath != nil:
		kind = "hostPath " + v.HostPath.Path
	}
	words := kind + " at " + m.MountPath
	if m.ReadOnly {
		words += ", read-only"
	}
	return words
}

// unknownFlag shows the command that has the flag.
func unknownFlag(_ *snapshot.Snapshot, p *corev1.Pod, c *corev1.Container, f logs.Fact) (root, bool) {
	x := root{what: finding.Say("{does|do} not know the option %s that {it is|they are} given", f.Name)}
	if command := slices.Concat(c.Command, c.Args); len(command) > 0 {
		x.seen = append(x.seen, finding.SeenAPI(finding.PodObject(p), "spec.containers["+c.Name+"].args", time.Time{},
			finding.OneLine(strings.Join(command, " "), finding.MaxLine)))
	}
	return x, true
}
