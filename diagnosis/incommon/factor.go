package incommon

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/calls"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// kind is what sort of thing pods can have in common. Of factors that can't be told apart the first kind is told first.
type kind int

const (
	onNode kind = iota
	inZone
	inRegion
	withArchitecture
	withKernel
	withKubelet
	withRuntime
	withOS
	withLabel // of the node, such as its pool
	ofConfigMap
	ofSecret
	ofClaim
	ofClass
	toService
	asAccount
	besideContainer
	ofRevision
	withImage
	withDigest
	withRepository
	startedSince
	ofPriority
	ofOwner
	inNamespace
)

// company is who can be compared as to a kind of factor: those for whom it could be otherwise.
type company int

const (
	anywhere company = iota
	placed           // pods that are on nodes
	near             // what lies in the namespaces of the ill
	claiming         // pods with claims
	siblings         // pods of workloads of which some are ill, and some well
	alike            // what runs the same programs
)

var companies = map[kind]company{
	onNode: placed, inZone: placed, inRegion: placed, withArchitecture: placed, withKernel: placed, withKubelet: placed, withRuntime: placed,
	withOS: placed, withLabel: placed,
	ofConfigMap: near, ofSecret: near, ofClaim: near, toService: near, asAccount: near, besideContainer: near, ofOwner: near,
	ofClass: claiming, ofRevision: siblings, startedSince: siblings, inNamespace: alike,
}

// factor is one thing that pods can have in common.
type factor struct {
	kind            kind
	namespace, name string
}

// factorsOf lists what a pod has, but for the time of its start; each once.
func (t *table) factorsOf(p *corev1.Pod) []factor {
	out := append([]factor{}, t.placeOf(p.Spec.NodeName)...)
	seen := map[factor]bool{}
	add := func(k kind, namespace, name string) {
		if f := (factor{k, namespace, name}); name != "" && !seen[f] {
			seen[f] = true
			out = append(out, f)
		}
	}
	add(inNamespace, "", p.Namespace)
	add(ofPriority, "", p.Spec.PriorityClassName)
	for _, o := range kube.TakenFrom(p) {
		add(taken[o.Kind], o.Namespace, o.Name)
		if c := t.s.PersistentVolumeClaim(o.Namespace, o.Name); o.Kind == "PersistentVolumeClaim" && c != nil && c.Spec.StorageClassName != nil {
			add(ofClass, "", *c.Spec.StorageClassName)
		}
	}
	for _, list := range [][]corev1.Container{p.Spec.InitContainers, p.Spec.Containers} {
		for i := range list {
			add(withImage, "", list[i].Image)
			add(withRepository, "", repository(list[i].Image))
			if len(p.Spec.Containers) > 1 || len(p.Spec.InitContainers) > 0 {
				add(besideContainer, "", list[i].Name)
			}
		}
	}
	for i := range p.Status.ContainerStatuses {
		_, digest, _ := strings.Cut(p.Status.ContainerStatuses[i].ImageID, "@")
		add(withDigest, "", digest)
	}
	for _, o := range calls.Configured(t.s, p) {
		add(toService, o.Namespace, o.Name)
	}
	for _, label := range []string{"pod-template-hash", "controller-revision-hash"} {
		if v := p.Labels[label]; v != "" {
			add(ofRevision, p.Namespace, t.s.WorkloadOf(p).String()+" "+v)
		}
	}
	if o := t.above[t.s.WorkloadOf(p)]; !o.IsZero() {
		add(ofOwner, o.Namespace, o.Kind+"/"+o.Name)
	}
	return out
}

// taken are the kinds of what pods take their configuration, storage and rights from.
var taken = map[string]kind{"ConfigMap": ofConfigMap, "Secret": ofSecret, "PersistentVolumeClaim": ofClaim, "ServiceAccount": asAccount}

// ownLabels are told by other kinds, or are each node's own.
var ownLabels = map[string]bool{corev1.LabelHostname: true, corev1.LabelTopologyZone: true, corev1.LabelTopologyRegion: true,
	corev1.LabelArchStable: true, corev1.LabelFailureDomainBetaZone: true, corev1.LabelFailureDomainBetaRegion: true}

// placeOf lists what the pods of a node have for being there.
func (t *table) placeOf(node string) []factor {
	if list, ok := t.places[node]; ok || node == "" {
		return list
	}
	out := []factor{{onNode, "", node}}
	if n := t.s.Node(node); n != nil {
		add := func(k kind, value string) {
			if value != "" {
				out = append(out, factor{k, "", value})
			}
		}
		add(inZone, n.Labels[corev1.LabelTopologyZone])
		add(inRegion, n.Labels[corev1.LabelTopologyRegion])
		add(withArchitecture, n.Status.NodeInfo.Architecture)
		add(withKernel, n.Status.NodeInfo.KernelVersion)
		add(withKubelet, n.Status.NodeInfo.KubeletVersion)
		add(withRuntime, n.Status.NodeInfo.ContainerRuntimeVersion)
		add(withOS, n.Status.NodeInfo.OSImage)
		for key, value := range n.Labels {
			if !ownLabels[key] && !strings.HasPrefix(key, "beta.kubernetes.io/") {
				add(withLabel, key+"="+value)
			}
		}
	}
	t.places[node] = out
	return out
}

// repository is an image's name without its tag and digest.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndex(image, ":"); i > strings.LastIndex(image, "/") {
		image = image[:i]
	}
	return image
}

// owners are what workloads belong to in turn: the custom resource of an operator, by the workload.
func owners(s *snapshot.Snapshot) map[incident.Object]incident.Object {
	out := map[incident.Object]incident.Object{}
	for kind, o := range kube.Workloads(s) {
		if c := metav1.GetControllerOf(o); c != nil {
			out[snapshot.ObjectOf(kind, o.GetNamespace(), o.GetName())] = snapshot.ObjectOf(c.Kind, o.GetNamespace(), c.Name)
		}
	}
	return out
}
