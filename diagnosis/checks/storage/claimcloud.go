package storage

import (
	"fmt"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// clouds are the words by which a cloud says that whoever asks may not, and the annotation by which a ServiceAccount names who its pods
// are to that cloud.
var clouds = []struct {
	refuses *regexp.Regexp
	role    string
}{
	{regexp.MustCompile(`\b(?:UnauthorizedOperation|AccessDenied(?:Exception)?)\b|is not authorized to perform:? [\w:*]+`),
		"eks.amazonaws.com/role-arn"},
	{regexp.MustCompile(`\bAuthorizationFailed\b`), "azure.workload.identity/client-id"},
	{regexp.MustCompile(`Required '[\w.]+' permission|\bPERMISSION_DENIED\b`), "iam.gke.io/gcp-service-account"},
}

// asWhom is the role or user that AWS names in its refusal.
var asWhom = regexp.MustCompile(`User: (arn:\S+) is not authorized`)

// refusedByCloud: a claim gets no volume because the cloud refuses its driver. At fault is who the driver is to the cloud: its
// ServiceAccount, by the annotation that names a role, or that is not there where others have it; else the driver itself, which may have
// got its credentials in any other way.
func refusedByCloud(s *snapshot.Snapshot, class *storagev1.StorageClass, w pending) pending {
	said := w.seen[len(w.seen)-1].Excerpt
	for _, cloud := range clouds {
		words := cloud.refuses.FindString(said)
		if words == "" {
			continue
		}
		of, _ := kube.DriverWorkload(s, class.Provisioner)
		if of.IsZero() {
			return w
		}
		w.fault, w.why = of, fmt.Sprintf("the cloud refuses its driver %s (%s)", of.Name, words)
		w.next = "Find out as whom the driver asks the cloud (the message may name it), and allow that identity what is refused."
		if account := accountRun(s, of); account != nil {
			w.blame(s, account, cloud.role, said)
		}
		return w
	}
	return w
}

// blame turns to the ServiceAccount where the cluster's pods get their roles by its annotations.
func (w *pending) blame(s *snapshot.Snapshot, account *corev1.ServiceAccount, annotation, said string) {
	role := account.Annotations[annotation]
	if role == "" && !slices.ContainsFunc(s.ServiceAccounts, func(a corev1.ServiceAccount) bool { return a.Annotations[annotation] != "" }) {
		return
	}
	o := snapshot.ObjectOf("ServiceAccount", account.Namespace, account.Name)
	who, seen := "is "+role, annotation+": "+role
	if role == "" {
		who, seen = "has no annotation "+annotation, "no "+annotation
		if m := asWhom.FindStringSubmatch(said); m != nil {
			seen += ", so that it asks as " + m[1]
		}
	}
	at, by := snapshot.Changed(account)
	if by != "" {
		seen += "; last written by " + by
	}
	w.fault, w.why = o, fmt.Sprintf("%s, whose ServiceAccount %s %s", w.why, account.Name, who)
	w.next = fmt.Sprintf("See that the annotation %s of ServiceAccount %s/%s names a role (what last wrote it, such as a chart's values, "+
		"may have lost it) that may do what is refused. Then restart the driver's pods.",
		annotation, account.Namespace, account.Name)
	w.seen = append(w.seen, finding.SeenAPI(o, "metadata.annotations", at, seen))
}

// accountRun is the ServiceAccount of a workload's pods; nil if it was not seen.
func accountRun(s *snapshot.Snapshot, of incident.Object) *corev1.ServiceAccount {
	t := kube.TemplateSpec(s, of)
	if t == nil || t.ServiceAccountName == "" {
		return nil
	}
	return s.ServiceAccount(of.Namespace, t.ServiceAccountName)
}
