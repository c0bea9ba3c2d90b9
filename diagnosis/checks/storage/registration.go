package storage

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// CSIDriverElsewhere is the code of a CSI driver that waits for the kubelet where that does not look.
const CSIDriverElsewhere = "CSIDriverElsewhere"

var registrationCodes = []finding.Code{
	{Code: CSIDriverElsewhere, Severity: incident.Critical, Root: true,
		RestsOn: []incident.Resource{finding.Pods, finding.PersistentVolumes}, // a volume in use would show that it is registered
		Meaning: "A CSI driver registers itself below another folder than that of the nodes' kubelets, as other drivers on the same nodes " +
			"have it: " +
			"no kubelet sees it, so its volumes are neither made nor mounted.",
		Next: "Give the driver's chart or manifests the kubelet's root directory (kubeletDir, kubelet-dir, --root-dir of the kubelet), as the " +
			"other driver has it.",
		Example: "DaemonSet openebs-csi-node registers its driver below /var/lib/kubelet, but the kubelets of its nodes use " +
			"/var/lib/k0s/kubelet, " +
			"as DaemonSet csi-nfs-node has it"},
}

// registryFolder is the folder below a kubelet's root directory in which it looks for plugins that register themselves.
const registryFolder = "/plugins_registry"

// kubeletRoot is the root directory of the kubelet that a DaemonSet's pods register themselves with, by the folder of the node that they
// mount for that, and which volume says so; "" if they do not.
func kubeletRoot(t *corev1.PodSpec) (root, volume string) {
	for i := range t.Volumes {
		v := &t.Volumes[i]
		if v.HostPath == nil {
			continue
		}
		path := strings.TrimRight(v.HostPath.Path, "/")
		if r, ok := strings.CutSuffix(path, registryFolder); ok && r != "" {
			return r, v.Name
		}
	}
	return "", ""
}

var notRegistered = regexp.MustCompile(`driver name (\S+) not found in the list of registered CSI drivers`)

// driversMissed are the drivers that claims wait for, or that kubelets do not find, with the claims.
func driversMissed(s *snapshot.Snapshot) map[string][]incident.Object {
	out := map[string][]incident.Object{}
	for i := range s.PersistentVolumeClaims {
		c := &s.PersistentVolumeClaims[i]
		if c.Status.Phase == corev1.ClaimBound || c.Spec.StorageClassName == nil {
			continue
		}
		if class := s.StorageClass(*c.Spec.StorageClassName); class != nil && saidPending(s, c).why != "" {
			out[class.Provisioner] = append(out[class.Provisioner], claimObject(c))
		}
	}
	for i := range s.Events {
		if m := notRegistered.FindStringSubmatch(s.Events[i].Message); m != nil {
			out[m[1]] = append(out[m[1]], incident.Object{})
		}
	}
	return out
}

// checkRegistration compares the folders in which the CSI drivers of the same nodes register themselves, where one driver is missed of
// which no volume is in use.
func checkRegistration(s *snapshot.Snapshot, r *finding.Report) {
	missed := driversMissed(s)
	names := make([]string, 0, len(missed))
	for name := range missed {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, driver := range names {
		of, _ := kube.NodeDriver(s, driver)
		if of.Kind != "DaemonSet" || volumeInUse(s, driver) {
			continue
		}
		t := kube.TemplateSpec(s, of)
		if t == nil {
			continue
		}
		if root, volume := kubeletRoot(t); root != "" {
			if other, its := registersElsewhere(s, of, root); its != "" {
				reportElsewhere(r, of, root, volume, other, its, missed[driver])
			}
		}
	}
}

// volumeInUse says whether a pod runs that uses a volume of the driver: then it is registered.
func volumeInUse(s *snapshot.Snapshot, driver string) bool {
	for i := range s.PersistentVolumes {
		v := &s.PersistentVolumes[i]
		if v.Spec.CSI == nil || v.Spec.CSI.Driver != driver || v.Spec.ClaimRef == nil {
			continue
		}
		users := claimUsers(s)[snapshot.ObjectOf("PersistentVolumeClaim", v.Spec.ClaimRef.Namespace, v.Spec.ClaimRef.Name)]
		if slices.ContainsFunc(users, kube.IsReady) {
			return true
		}
	}
	return false
}

// registersElsewhere is another DaemonSet with ready pods on the same nodes that registers below another root directory, and that
// directory; one that registers where the first does shows that the directory is right, too.
func registersElsewhere(s *snapshot.Snapshot, of incident.Object, root string) (other incident.Object, its string) {
	on := map[string]bool{}
	for _, p := range kube.PodsOfWorkload(s, of) {
		on[p.Spec.NodeName] = true
	}
	for i := range s.DaemonSets {
		d := &s.DaemonSets[i]
		o := snapshot.ObjectOf("DaemonSet", d.Namespace, d.Name)
		x, _ := kubeletRoot(&d.Spec.Template.Spec)
		if o == of || x == "" || !slices.ContainsFunc(kube.PodsOfWorkload(s, o), func(p *corev1.Pod) bool {
			return on[p.Spec.NodeName] && kube.IsReady(p)
		}) {
			continue
		}
		if x == root {
			return incident.Object{}, ""
		}
		other, its = o, x
	}
	return other, its
}

func reportElsewhere(r *finding.Report, of incident.Object, root, volume string, other incident.Object, its string,
	claims []incident.Object) {
	f := r.Find(CSIDriverElsewhere, of, finding.OneLine(fmt.Sprintf("%s registers its driver below %s, but the kubelets of its nodes use "+
		"%s, as %s "+
		"has it", finding.Short(of), root, its, finding.Short(other)), finding.MaxTitle))
	f.Workload, f.Fault = of, []incident.Object{of}
	for _, c := range claims {
		if !c.IsZero() {
			f.Refs = finding.Union(f.Refs, []incident.Object{c})
		}
	}
	f.Because = "No kubelet has seen the driver: none of its volumes is in use, and another driver on the same nodes registers elsewhere"
	f.Cite(finding.SeenAPI(of, "spec.template.spec.volumes["+volume+"].hostPath.path", time.Time{}, root+registryFolder),
		finding.SeenAPI(other, "spec.template.spec.volumes", time.Time{}, its+registryFolder))
}
