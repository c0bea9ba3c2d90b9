package kube

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// ServiceOf says which Service a host means to a pod of the namespace: "svc.ns.svc.cluster.local" and its shorter forms, or a cluster IP.
// ok is false for a host outside the cluster. The Service need not exist if the name's form says that it is one's.
func ServiceOf(s *snapshot.Snapshot, host, namespace string) (service incident.Object, ok bool) {
	host = strings.ToLower(strings.TrimRight(host, "."))
	name, _, isService := strings.Cut(host+".", ".svc.")
	parts := strings.Split(name, ".")
	switch {
	case isService && len(parts) >= 2: // a pod of a headless Service has one label more in front
		return snapshot.ObjectOf("Service", parts[len(parts)-1], parts[len(parts)-2]), true
	case isService:
		return incident.Object{}, false
	}
	parts = strings.Split(host, ".")
	if len(parts) == 1 && s.Service(namespace, host) != nil {
		return snapshot.ObjectOf("Service", namespace, host), true
	}
	if len(parts) == 2 && s.Service(parts[1], parts[0]) != nil {
		return snapshot.ObjectOf("Service", parts[1], parts[0]), true
	}
	if len(parts) == 2 && headless(s, namespace, parts[1]) {
		return snapshot.ObjectOf("Service", namespace, parts[1]), true
	}
	if len(parts) == 3 && headless(s, parts[2], parts[1]) {
		return snapshot.ObjectOf("Service", parts[2], parts[1]), true
	}
	return incident.Object{}, false
}

// headless says whether there is a Service that has no address of its own: its pods have names below it.
func headless(s *snapshot.Snapshot, namespace, name string) bool {
	v := s.Service(namespace, name)
	return v != nil && v.Spec.ClusterIP == corev1.ClusterIPNone
}

// NamesService says whether a host, to a pod of the namespace, is a short form of a Service's name or of a pod's below it: db, db.shop,
// db-0.db, db-0.db.shop. The Service need not exist.
func NamesService(host, namespace string, service incident.Object) bool {
	host = strings.ToLower(strings.TrimRight(host, "."))
	full := service.Name + "." + service.Namespace
	return host == full || strings.HasSuffix(host, "."+full) ||
		namespace == service.Namespace && (host == service.Name || strings.HasSuffix(host, "."+service.Name))
}
