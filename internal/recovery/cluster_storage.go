package recovery

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// claimsAtFault are the claims that a cause is about.
func claimsAtFault(q request) []*corev1.PersistentVolumeClaim {
	var out []*corev1.PersistentVolumeClaim
	for _, o := range q.cause.Objects {
		if c := q.s.PersistentVolumeClaim(o.Namespace, o.Name); o.Kind == "PersistentVolumeClaim" && c != nil {
			out = append(out, c)
		}
	}
	return out
}

// claimPods are the pods that use a claim and have not ended.
func claimPods(s *snapshot.Snapshot, c *corev1.PersistentVolumeClaim) []*corev1.Pod {
	return slices.DeleteFunc(slices.Clone(s.PodsIn(c.Namespace)), func(p *corev1.Pod) bool {
		return kube.HasEnded(p) || !slices.ContainsFunc(kube.ClaimsOf(p), func(o incident.Object) bool { return o.Name == c.Name })
	})
}

// draftExpand makes a full volume half as large again, where its class allows it.
func draftExpand(_ context.Context, _ *Recovery, q request) (draft, error) {
	claims := claimsAtFault(q)
	if len(claims) != 1 {
		return no("no single claim is at fault")
	}
	c := claims[0]
	was := c.Spec.Resources.Requests[corev1.ResourceStorage]
	is := halfAsMuchAgain(was)
	if why := cannotGrow(q.s, c, was, is); why != "" {
		return no("%s", why)
	}
	return draft{steps: []incident.Step{{Kind: "ExpandClaim", Target: incident.Target{Object: incident.Object{Kind: "PersistentVolumeClaim",
		Namespace: c.Namespace, Name: c.Name}}, Params: map[string]string{paramValue: encodeValue(is.String())}}},
		title: fmt.Sprintf("expand PersistentVolumeClaim %s/%s from %s to %s", c.Namespace, c.Name, was.String(), is.String()),
		why: fmt.Sprintf("It is full: %s are what it has and half as much again, in whole Gi. StorageClass %s allows it; a volume never shrinks "+
			"again.", is.String(), *c.Spec.StorageClassName)}, nil
}

// halfAsMuchAgain is a size times one and a half, rounded up to whole Gi.
func halfAsMuchAgain(q resource.Quantity) resource.Quantity {
	const gi = 1 << 30
	return *resource.NewQuantity((q.Value()*3/2+gi-1)/gi*gi, resource.BinarySI)
}

// cannotGrow says why a claim cannot be expanded.
func cannotGrow(s *snapshot.Snapshot, c *corev1.PersistentVolumeClaim, was, is resource.Quantity) string {
	name := ""
	if c.Spec.StorageClassName != nil {
		name = *c.Spec.StorageClassName
	}
	class := s.StorageClass(name)
	has := c.Status.Capacity[corev1.ResourceStorage]
	switch {
	case c.Status.Phase != corev1.ClaimBound:
		return "claim " + c.Name + " is not bound"
	case class == nil || class.AllowVolumeExpansion == nil || !*class.AllowVolumeExpansion:
		return fmt.Sprintf("StorageClass %s does not allow claims to grow (allowVolumeExpansion); remove data that is not needed, or move it "+
			"to a larger claim", name)
	case was.IsZero() || has.Cmp(was) < 0:
		return fmt.Sprintf("claim %s has not got the size yet that it asks for", c.Name)
	case onlyInodes(s, c):
		return fmt.Sprintf("it is the inodes of claim %s that are used up: remove many small files, or move to a file system with more", c.Name)
	}
	more := is.DeepCopy()
	more.Sub(was)
	for i := range s.ResourceQuotas {
		r := &s.ResourceQuotas[i]
		hard, limited := r.Status.Hard[corev1.ResourceRequestsStorage]
		if hard.Sub(r.Status.Used[corev1.ResourceRequestsStorage]); r.Namespace == c.Namespace && limited && hard.Cmp(more) < 0 {
			return fmt.Sprintf("ResourceQuota %s leaves %s of storage, and %s more are needed", r.Name, hard.String(), more.String())
		}
	}
	return ""
}

// onlyInodes says whether it is measured that a volume has space left and no inodes.
func onlyInodes(s *snapshot.Snapshot, c *corev1.PersistentVolumeClaim) bool {
	const much = 0.9
	used := map[string]float64{}
	for _, m := range s.Metrics {
		if m.Object == (incident.Object{Kind: "PersistentVolumeClaim", Namespace: c.Namespace, Name: c.Name}) {
			used[m.Name] = m.Value
		}
	}
	return used["volume inodes used"] >= much && used["volume space used"] < much
}

// draftResizeRestart starts the pods anew that a larger file system waits for.
func draftResizeRestart(_ context.Context, _ *Recovery, q request) (draft, error) {
	for _, c := range claimsAtFault(q) {
		if !slices.ContainsFunc(c.Status.Conditions, func(x corev1.PersistentVolumeClaimCondition) bool {
			return x.Type == corev1.PersistentVolumeClaimFileSystemResizePending && x.Status == corev1.ConditionTrue
		}) {
			return no("claim %s does not wait for its pod: the driver's resizer has not grown the volume; read its log", c.Name)
		}
		for _, p := range claimPods(q.s, c) {
			if w := q.s.WorkloadOf(p); restartable(w) {
				return draft{steps: []incident.Step{restart(w, q.d.At)}, title: "restart " + inWords(w),
					why: fmt.Sprintf("The file system of claim %s grows when its pod starts anew.", c.Name)}, nil
			}
		}
	}
	return no("no workload uses the claim that could be restarted; the file system grows when a pod mounts it")
}

// draftRelease keeps a volume for the new claim of the same name, instead of for the one that was deleted.
func draftRelease(_ context.Context, _ *Recovery, q request) (draft, error) {
	for _, o := range q.cause.Objects {
		v := q.s.PersistentVolume(o.Name)
		if o.Kind != "PersistentVolume" || v == nil || v.Spec.ClaimRef == nil {
			continue
		}
		ref := v.Spec.ClaimRef.DeepCopy()
		c := q.s.PersistentVolumeClaim(ref.Namespace, ref.Name)
		if v.Status.Phase != corev1.VolumeReleased || c == nil || c.UID == ref.UID || c.Status.Phase != corev1.ClaimPending {
			return no("no new claim of the name waits for PersistentVolume %s", v.Name)
		}
		ref.UID, ref.ResourceVersion = "", ""
		return draft{steps: []incident.Step{{Kind: "ReleaseVolume", Target: incident.Target{Object: o},
			Params: map[string]string{paramValue: string(encode(ref))}}},
			title: fmt.Sprintf("let claim %s/%s bind PersistentVolume %s again", ref.Namespace, ref.Name, v.Name),
			why: fmt.Sprintf("The volume has the data of the deleted claim of that name, and the new one waits for it. Claim %s gets what is on "+
				"the volume.", c.Name)}, nil
	}
	return no("no volume is at fault")
}

// draftDefaultStorageClass marks as the default the class that claims can only mean that name none.
func draftDefaultStorageClass(ctx context.Context, r *Recovery, q request) (draft, error) {
	if slices.ContainsFunc(q.cause.Objects, func(o incident.Object) bool { return switchedOff(q.s, o) }) {
		return draftScaleBack(ctx, r, q) // for its reason
	}
	claims := claimsAtFault(q)
	if len(claims) == 0 || claims[0].Spec.StorageClassName != nil {
		return claimsClass(q, claims)
	}
	if slices.ContainsFunc(q.s.StorageClasses, func(c storagev1.StorageClass) bool { return c.Annotations[defaultClassMark] == "true" }) {
		return no("there is a default class; delete claim %s and make it again, and it gets that class", claims[0].Name)
	}
	used, makers := map[string]int{}, []string{}
	for i := range q.s.PersistentVolumeClaims {
		if c := &q.s.PersistentVolumeClaims[i]; c.Status.Phase == corev1.ClaimBound && c.Spec.StorageClassName != nil {
			used[*c.Spec.StorageClassName]++
		}
	}
	for i := range q.s.StorageClasses {
		if c := &q.s.StorageClasses[i]; c.Provisioner != "kubernetes.io/no-provisioner" {
			makers = append(makers, c.Name)
		}
	}
	slices.SortStableFunc(makers, func(a, b string) int { return used[b] - used[a] })
	var why string
	switch {
	case len(makers) == 1:
		why = fmt.Sprintf("StorageClass %s is the only one whose volumes are made by themselves.", makers[0])
	case len(makers) > 1 && used[makers[0]] > 0 && used[makers[1]] == 0:
		why = fmt.Sprintf("All %d claims with a class have StorageClass %s.", used[makers[0]], makers[0])
	default:
		return no("the cluster has %d classes (%s), and nothing tells which is meant; name one in the claim", len(makers), strings.Join(makers, ", "))
	}
	return draft{steps: []incident.Step{classMark(makers[0], "true")}, title: "make StorageClass " + makers[0] + " the default one",
		why: join(why, "From Kubernetes 1.28 on, claims that wait get it as well.")}, nil
}

const defaultClassMark = "storageclass.kubernetes.io/is-default-class"

func classMark(class, value string) incident.Step {
	s := incident.Step{Kind: "SetDefaultClass", Target: incident.Target{Object: incident.Object{Kind: "StorageClass", Name: class}},
		Params: map[string]string{}}
	if value != "" {
		s.Params[paramValue] = encodeValue(value)
	}
	return s
}

// claimsClass says why a claim that names its class, or its volume, has no remedy: neither can be changed in it.
func claimsClass(q request, claims []*corev1.PersistentVolumeClaim) (draft, error) {
	if len(claims) == 0 {
		return no("no claim is at fault")
	}
	c, there := claims[0], []string{}
	for i := range q.s.StorageClasses {
		there = append(there, q.s.StorageClasses[i].Name)
	}
	if name := c.Spec.StorageClassName; *name != "" && q.s.StorageClass(*name) == nil {
		if near := kube.Nearest(*name, there); len(near) > 0 {
			return no("the class of a claim cannot be changed; make claim %s again with storageClassName %s, there being no data in it yet", c.Name,
				strings.Join(near, " or "))
		}
	}
	return no("what claim %s asks for cannot be changed in it; make it again so that a class or a volume fits", c.Name)
}

// draftOneDefault leaves the mark of the default on the class that had it first, or that the claims have.
func draftOneDefault(_ context.Context, _ *Recovery, q request) (draft, error) {
	var marked []*storagev1.StorageClass
	for i := range q.s.StorageClasses {
		if c := &q.s.StorageClasses[i]; c.Annotations[defaultClassMark] == "true" {
			marked = append(marked, c)
		}
	}
	if len(marked) < 2 {
		return no("no two classes are marked by %s", defaultClassMark)
	}
	slices.SortFunc(marked, func(a, b *storagev1.StorageClass) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	if marked[0].CreationTimestamp.Equal(&marked[1].CreationTimestamp) {
		return no("the classes are as old as each other, and nothing tells which is meant")
	}
	var steps []incident.Step
	for _, c := range marked[1:] {
		steps = append(steps, classMark(c.Name, ""))
	}
	return eachAlone(steps, "no longer make StorageClass "+marked[1].Name+" the default one", "no longer make %d StorageClasses the default ones",
		fmt.Sprintf("%s was the default before they came.", marked[0].Name)), nil
}

// draftHolder lets the pod that holds a volume go: at once where its machine is off, or before its successor where one rollout has both.
func draftHolder(_ context.Context, _ *Recovery, q request) (draft, error) {
	for _, c := range claimsAtFault(q) {
		for _, p := range claimPods(q.s, c) {
			if p.Spec.NodeName != "" && offForSure(q.s, p.Spec.NodeName) {
				return draft{steps: []incident.Step{removalOf(p, map[string]string{paramAtOnce: "true"})}, title: "remove pod " + p.Name + " at once",
					why: fmt.Sprintf("It holds the volume, and its node %s is off or gone, so that nothing of it runs.", p.Spec.NodeName)}, nil
			}
		}
	}
	for _, o := range q.cause.Objects {
		d := q.s.Deployment(o.Namespace, o.Name)
		if o.Kind != "Deployment" || d == nil || d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
			continue
		}
		return draft{steps: []incident.Step{{Kind: "SetStrategy", Target: incident.Target{Object: o},
			Params: map[string]string{paramValue: `{"type":"Recreate"}`}}}, title: "let the old pods of " + inWords(o) + " go before the new ones come",
			why: "One node at a time can have the volume, so the new pod waits for the old one, and the old one for the new. " +
				"It is not served in between."}, nil
	}
	return no("the pod that holds the volume runs on a node that may be alive; let it end (kubectl delete pod), or see why the " +
		"node does not let go")
}

// draftClaimName corrects the name of a claim in a template to the one that there is.
func draftClaimName(ctx context.Context, r *Recovery, q request) (draft, error) {
	for _, o := range q.cause.Objects {
		if o.Kind != "PersistentVolumeClaim" {
			continue
		}
		var there []string
		for i := range q.s.PersistentVolumeClaims {
			if c := &q.s.PersistentVolumeClaims[i]; c.Namespace == o.Namespace && c.Status.Phase == corev1.ClaimBound {
				there = append(there, c.Name)
			}
		}
		near := kube.Nearest(o.Name, there)
		if len(near) != 1 {
			return no("%d bound claims in namespace %s have nearly that name; make the claim, or restore it with its volume", len(near), o.Namespace)
		}
		for _, w := range claiming(q.s, o) {
			s, err := r.renamed(ctx, w, o.Name, near[0])
			if err != nil {
				return draft{}, err
			}
			if s != nil {
				return draft{steps: []incident.Step{*s}, title: fmt.Sprintf("let %s use claim %s", inWords(w), near[0]),
					why: fmt.Sprintf("Claim %s does not exist; %s does, and is bound.", o.Name, near[0])}, nil
			}
		}
	}
	return no("no workload's template names the claim")
}

// claiming are the workloads with pods that name a claim.
func claiming(s *snapshot.Snapshot, claim incident.Object) []incident.Object {
	var out []incident.Object
	for _, p := range s.PodsIn(claim.Namespace) {
		if w := s.WorkloadOf(p); restartable(w) && slices.Contains(kube.ClaimsOf(p), claim) && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// renamed is the step by which a workload's volume is of another claim; nil if none of its volumes is of the claim. It takes the volume as it is.
func (r *Recovery) renamed(ctx context.Context, w incident.Object, from, to string) (*incident.Step, error) {
	b, err := r.o.Reader.Get(ctx, w)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", w, err)
	}
	o, err := decodeObject(b)
	if err != nil {
		return nil, err
	}
	volumes, _ := o.at("spec", "template", "spec", "volumes").([]any)
	for _, v := range volumes {
		v := object(asMap(v))
		if v.text("persistentVolumeClaim", "claimName") != from {
			continue
		}
		v = v.clone()
		v.set(to, "persistentVolumeClaim", "claimName")
		value, err := json.Marshal(v)
		return &incident.Step{Kind: "SetVolume", Target: incident.Target{Object: w},
			Params: map[string]string{"volume": v.text("name"), paramValue: string(value)}}, err
	}
	return nil, nil
}
