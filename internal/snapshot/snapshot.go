package snapshot

import (
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Snapshot is a cluster at one moment. Call Index once the fields are filled.
type Snapshot struct {
	At        time.Time
	Cluster   string // a name for people; empty when nobody gave one
	Namespace string // looked at only this one; empty: all

	Nodes                  []corev1.Node
	Pods                   []corev1.Pod
	Events                 []corev1.Event
	Services               []corev1.Service
	PersistentVolumeClaims []corev1.PersistentVolumeClaim
	PersistentVolumes      []corev1.PersistentVolume
	Namespaces             []corev1.Namespace
	ServiceAccounts        []corev1.ServiceAccount
	ConfigMaps             []corev1.ConfigMap
	ResourceQuotas         []corev1.ResourceQuota
	LimitRanges            []corev1.LimitRange
	Deployments            []appsv1.Deployment
	ReplicaSets            []appsv1.ReplicaSet
	StatefulSets           []appsv1.StatefulSet
	DaemonSets             []appsv1.DaemonSet
	Jobs                   []batchv1.Job
	CronJobs               []batchv1.CronJob
	EndpointSlices         []discoveryv1.EndpointSlice
	Ingresses              []networkingv1.Ingress
	NetworkPolicies        []networkingv1.NetworkPolicy
	HPAs                   []autoscalingv2.HorizontalPodAutoscaler
	PDBs                   []policyv1.PodDisruptionBudget
	StorageClasses         []storagev1.StorageClass
	Leases                 []coordinationv1.Lease
	ValidatingWebhooks     []admissionv1.ValidatingWebhookConfiguration
	MutatingWebhooks       []admissionv1.MutatingWebhookConfiguration

	Logs    []Log
	Hosts   []Host
	Lookups []Lookup
	NotSeen []incident.NotSeen

	index index
}

// Log is the tail of one container's log, redacted.
type Log struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	Container string `json:"container"`
	Previous  bool   `json:"previous"` // of the container's instance before the current one
	Text      string `json:"text"`
}

// Lookup is the result of one DNS query.
type Lookup struct {
	From   string   `json:"from"` // who asked: "paramedic"
	Server string   `json:"server"`
	Name   string   `json:"name"`
	Addrs  []string `json:"addrs,omitempty"`
	Error  string   `json:"error,omitempty"` // empty: answered
}

// ObjectOf names an object of a kind.
func ObjectOf(kind, namespace, name string) incident.Object {
	return incident.Object{Kind: kind, Namespace: namespace, Name: name}
}
