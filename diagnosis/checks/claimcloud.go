package checks

import (
	"fmt"
	"regexp"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// clouds are the words by which a cloud says that whoever asks may not, and the annotation by which a ServiceAccount names who its pods
// are to that cloud.
var clouds = []struct {
	refuses *regexp.Regexp
	role    string
}{
	{regexp.MustCompile(`\b(?:UnauthorizedOperation|AccessDenied(?:Exception)?)\b|is not authorized to perform:? [\w:*]+`), "eks.amazonaws.com/role-arn"},
	{regexp.MustCompile(`\bAuthorizationFailed\b`), "azure.workload.identity/client-id"},
	{regexp.MustCompile(`Required '[\w.]+' permission|\bPERMISSION_DENIED\b`), "iam.gke.io/gcp-service-account"},
}

// asWhom is the role or user that AWS names in its refusal.
var asWhom = regexp.MustCompile(`User: (arn:\S+) is not authorized`)

// refusedByCloud: a claim gets no volume because the cloud refuses its driver. At fault is who the driver is to the cloud: its
// ServiceAccount, by the annotation that names a role, or that is not there.
func refusedByCloud(s *snapshot.Snapshot, class *storagev1.StorageClass, w pending) pending {
	said := w.seen[len(w.seen)-1].Excerpt
	for _, cloud := range clouds {
		words := cloud.refuses.FindString(said)
		if words == "" {
			continue
		}
		of, _ := driverWorkload(s, class.Provisioner)
		account := accountRun(s, of)
		if account == nil {
			return w
		}
		o := snapshot.ObjectOf("ServiceAccount", account.Namespace, account.Name)
		at, by := snapshot.Changed(account)
		role := account.Annotations[cloud.role]
		who := "has no annotation " + cloud.role
		if role != "" {
			who = "is " + role
		}
		w.fault, w.next = o, fmt.Sprintf("Let ServiceAccount %s/%s be somebody who may: %s names the role (see what last wrote it, such as a chart's values), or allow that role what is refused. Then restart the driver's pods.", account.Namespace, account.Name, cloud.role)
		w.why = fmt.Sprintf("the cloud refuses its driver %s (%s), whose ServiceAccount %s %s", of.Name, words, account.Name, who)
		seen := cloud.role + ": " + role
		if role == "" {
			seen = "no " + cloud.role
			if m := asWhom.FindStringSubmatch(said); m != nil {
				seen += ", so that it asks as " + m[1]
			}
		}
		if by != "" {
			seen += "; last written by " + by
		}
		w.seen = append(w.seen, seenAPI(o, "metadata.annotations", at, seen))
		return w
	}
	return w
}

// accountRun is the ServiceAccount of a workload's pods; nil if it was not seen.
func accountRun(s *snapshot.Snapshot, of incident.Object) *corev1.ServiceAccount {
	t := templateSpec(s, of)
	if t == nil || t.ServiceAccountName == "" {
		return nil
	}
	return s.ServiceAccount(of.Namespace, t.ServiceAccountName)
}
