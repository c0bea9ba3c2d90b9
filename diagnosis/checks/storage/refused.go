package storage

import (
	"fmt"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

var (
	// setUpFails is how the kubelet begins what it says of one volume: its name is the PersistentVolume's, or what the pod calls it.
	setUpFails = regexp.MustCompile(`^MountVolume\.\w+ failed for volume "([^"]+)"`)
	// accessDenied is how file systems, drivers and their servers say that they do not let the node in.
	accessDenied = regexp.MustCompile(`(?i)\b(?:permission|access) (?:was |is )?denied\b|\berror\(13\)|\bEACCES\b|authenticat\w+ (?:failed|error)|` +
		`\b(?:invalid|wrong|bad) (?:credentials?|password|user ?name|key)\b|logon failure`)
)

// refused: a server does not let a node mount what it holds. It is one thing, however many wait for it; what the node shows there is the
// Secret that the volume names, where it names one.
func (m *mounts) refused(p *corev1.Pod, e *corev1.Event) {
	x := setUpFails.FindStringSubmatch(e.Message)
	if x == nil || !accessDenied.MatchString(e.Message) {
		return
	}
	o, secret := m.claimOf(p, x[1]), inlineSecret(p, x[1])
	fault := []incident.Object{o}
	if v := m.s.PersistentVolume(x[1]); v != nil {
		secret = volumeSecret(v, o.Namespace)
		fault = append(fault, volumeObject(x[1]))
	}
	switch {
	case o.IsZero() && secret.IsZero():
		return // what the pod takes of its own node, or by a name that nothing tells
	case o.IsZero():
		fault = nil
	}
	by := ""
	if !secret.IsZero() {
		o, fault = secret, append([]incident.Object{secret}, fault...)
		by = fmt.Sprintf(" with what Secret %s holds", secret.Name)
	}
	f := m.note(p, e, VolumeRefused, o, x[1], fmt.Sprintf("The storage behind volume %s refuses access%s: %s", x[1], by,
		finding.ShortMessage(e.Message)))
	f.Fault = fault
}

// volumeSecret is the Secret by which the kubelet, or a driver on the node, mounts a volume; zero if it names none.
func volumeSecret(v *corev1.PersistentVolume, namespace string) incident.Object {
	var refs []*corev1.SecretReference
	src := &v.Spec.PersistentVolumeSource
	switch {
	case src.CSI != nil:
		refs = []*corev1.SecretReference{src.CSI.NodeStageSecretRef, src.CSI.NodePublishSecretRef}
		if a := src.CSI.VolumeAttributes; a["secretName"] != "" {
			of := a["secretNamespace"]
			if of == "" {
				of = namespace
			}
			refs = append(refs, &corev1.SecretReference{Name: a["secretName"], Namespace: of})
		}
	case src.AzureFile != nil:
		of := namespace
		if src.AzureFile.SecretNamespace != nil {
			of = *src.AzureFile.SecretNamespace
		}
		refs = []*corev1.SecretReference{{Name: src.AzureFile.SecretName, Namespace: of}}
	case src.RBD != nil:
		refs = []*corev1.SecretReference{src.RBD.SecretRef}
	case src.CephFS != nil:
		refs = []*corev1.SecretReference{src.CephFS.SecretRef}
	case src.FlexVolume != nil:
		refs = []*corev1.SecretReference{src.FlexVolume.SecretRef}
	}
	i := slices.IndexFunc(refs, func(r *corev1.SecretReference) bool { return r != nil && r.Name != "" })
	if i < 0 {
		return incident.Object{}
	}
	of := refs[i].Namespace
	if of == "" {
		of = namespace
	}
	return snapshot.ObjectOf("Secret", of, refs[i].Name)
}

// inlineSecret is the same for a volume that stands in the pod itself.
func inlineSecret(p *corev1.Pod, volume string) incident.Object {
	i := slices.IndexFunc(p.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == volume })
	if i < 0 {
		return incident.Object{}
	}
	name, v := "", &p.Spec.Volumes[i]
	var ref *corev1.LocalObjectReference
	switch {
	case v.CSI != nil:
		ref, name = v.CSI.NodePublishSecretRef, v.CSI.VolumeAttributes["secretName"]
	case v.AzureFile != nil:
		name = v.AzureFile.SecretName
	case v.RBD != nil:
		ref = v.RBD.SecretRef
	case v.CephFS != nil:
		ref = v.CephFS.SecretRef
	case v.FlexVolume != nil:
		ref = v.FlexVolume.SecretRef
	}
	if ref != nil && ref.Name != "" {
		name = ref.Name
	}
	if name == "" {
		return incident.Object{}
	}
	return snapshot.ObjectOf("Secret", p.Namespace, name)
}
