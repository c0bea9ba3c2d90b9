package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// owner is who else writes an object.
type owner struct {
	by      string         // who, and when it undoes a change, a sentence
	instead string         // what holds, a sentence
	hold    *incident.Step // the draft that suspends it; nil where that is not needed, or not known
}

// owned says of a kind of step whether an owner of its target would undo it: not of what ends a pod or restarts, or of what is no object.
func isOwned(kind string) bool {
	return !slices.Contains([]string{RestartWorkload, RestoreHostFiles, DeletePod, EvictPod, "SetCordon", "SetTaint", "RemoveFinalizer",
		"ReleaseVolume", "SetSuspended", "SetAutoSync", TryAgain}, kind)
}

// The marks that an owner leaves on its objects.
const (
	fluxKustomization = "kustomize.toolkit.fluxcd.io/"
	fluxHelm          = "helm.toolkit.fluxcd.io/"
	argoTracking      = "argocd.argoproj.io/tracking-id"
	argoInstance      = "argocd.argoproj.io/instance"
	helmRelease       = "meta.helm.sh/release-name"
	helmNamespace     = "meta.helm.sh/release-namespace"
	managedBy         = "app.kubernetes.io/managed-by"
	appInstance       = "app.kubernetes.io/instance"
)

// ownerOf finds who else writes an object, by its marks, its controller and its field managers: the one whose word is last comes
// first. False for nobody.
func (r *Recovery) ownerOf(ctx context.Context, s *snapshot.Snapshot, target incident.Object) (owner, bool, error) {
	o, err := r.object(ctx, target)
	if o == nil || err != nil {
		return owner{}, false, err
	}
	label := func(key string) string { return o.text("metadata", "labels", key) }
	note := func(key string) string { return o.text("metadata", "annotations", key) }
	app := argoApp(o)
	switch {
	case label(fluxKustomization+"name") != "":
		return r.byKustomization(ctx, incident.Object{Kind: "Kustomization", Namespace: label(fluxKustomization + "namespace"),
			Name: label(fluxKustomization + "name")}, target)
	case label(fluxHelm+"name") != "":
		return r.byHelmRelease(ctx, incident.Object{Kind: "HelmRelease", Namespace: label(fluxHelm + "namespace"),
			Name: label(fluxHelm + "name")},
			target)
	case app != "":
		return r.byApplication(ctx, s, app, target)
	case note(helmRelease) != "":
		return byHelm(s, note(helmRelease), orElse(note(helmNamespace), target.Namespace)), true, nil
	}
	by, ok := byController(o, target.Namespace)
	if !ok {
		by, ok = byManager(o)
	}
	return by, ok, nil
}

// object reads an object as it is; nil where there is none, or none that may be read.
func (r *Recovery) object(ctx context.Context, at incident.Object) (object, error) {
	b, err := r.o.Reader.Get(ctx, at)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("see who owns what the plan changes: %w", err)
	}
	return decodeObject(b)
}

// argoApp is the Application that tracks an object. Its instance label may be Kubernetes' own, which counts only where Argo CD wrote the
// object.
func argoApp(o object) string {
	if id := o.text("metadata", "annotations", argoTracking); id != "" {
		name, _, _ := strings.Cut(id, ":")
		return name
	}
	if name := o.text("metadata", "labels", argoInstance); name != "" {
		return name
	}
	if slices.ContainsFunc(managers(o), func(m string) bool { return strings.HasPrefix(m, "argocd") }) {
		return o.text("metadata", "labels", appInstance)
	}
	return ""
}

func managers(o object) []string {
	fields, _ := o.at("metadata", "managedFields").([]any)
	var out []string
	for _, f := range fields {
		if name, _ := asMap(f)["manager"].(string); name != "" && asMap(f)["subresource"] == nil {
			out = append(out, name)
		}
	}
	return out
}

func (r *Recovery) byKustomization(ctx context.Context, k, target incident.Object) (owner, bool, error) {
	o, err := r.object(ctx, k)
	if err != nil {
		return owner{}, false, err
	}
	every := orElse(o.text("spec", "interval"), "its interval")
	out := owner{by: fmt.Sprintf("Flux's %s applies it again every %s, and undoes the change", inWords(k), every),
		instead: fmt.Sprintf("Change it in the source of %s", inWords(k))}
	if o == nil {
		return out, true, nil
	}
	from := incident.Object{Kind: o.text("spec", "sourceRef", "kind"), Name: o.text("spec", "sourceRef", "name"),
		Namespace: orElse(o.text("spec", "sourceRef", "namespace"), k.Namespace)}
	if from.Kind == "GitRepository" {
		git, err := r.object(ctx, from)
		if err != nil {
			return owner{}, false, err
		}
		ref := git.text("spec", "ref", "branch")
		for _, other := range []string{"tag", "semver", "commit", "name"} {
			ref = orElse(ref, git.text("spec", "ref", other))
		}
		out.instead = pullRequest(git.text("spec", "url"), o.text("spec", "path"), ref, target, out.instead)
	} else if from.Name != "" {
		out.instead = fmt.Sprintf("Change it in %s, which %s is made from, folder %s", inWords(from), inWords(k), orElse(o.text("spec", "path"),
			"./"))
	}
	if suspended, _ := o.at("spec", "suspend").(bool); suspended {
		out.by = fmt.Sprintf("Flux's %s applies it again once it is resumed, and undoes the change; it is suspended now", inWords(k))
		return out, true, nil
	}
	out.hold = suspend(k, target, "kustomization")
	return out, true, nil
}

// suspend is the step that keeps Flux from undoing a change, with what ends it.
func suspend(o, target incident.Object, resource string) *incident.Step {
	return &incident.Step{Kind: "SetSuspended", Target: incident.Target{Object: o}, Params: map[string]string{paramValue: "true"},
		Source: fmt.Sprintf("the marks on %s, which name %s as its owner", target, o),
		Instead: fmt.Sprintf("This ends it, once the change is in the source: flux resume %s %s -n %s. Until then nothing that it applies "+
			"is updated",
			resource, o.Name, o.Namespace)}
}

func (r *Recovery) byHelmRelease(ctx context.Context, h, target incident.Object) (owner, bool, error) {
	o, err := r.object(ctx, h)
	if err != nil {
		return owner{}, false, err
	}
	out := owner{by: fmt.Sprintf("Flux's %s sets it back with its next upgrade", inWords(h)),
		instead: fmt.Sprintf("Change the values of %s where it is kept", inWords(h))}
	if chart := o.text("spec", "chart", "spec", "chart"); chart != "" {
		out.instead += fmt.Sprintf("; its chart is %s", strings.TrimSpace(chart+" "+o.text("spec", "chart", "spec", "version")))
	}
	if o.text("spec", "driftDetection", "mode") == "enabled" {
		out.by = fmt.Sprintf("Flux's %s corrects drift, and undoes the change within %s", inWords(h),
			orElse(o.text("spec", "interval"), "its interval"))
		if suspended, _ := o.at("spec", "suspend").(bool); !suspended {
			out.hold = suspend(h, target, "helmrelease")
		}
	}
	return out, true, nil
}

func (r *Recovery) byApplication(ctx context.Context, s *snapshot.Snapshot, name string, target incident.Object) (owner, bool, error) {
	a := incident.Object{Kind: "Application", Namespace: "argocd", Name: name}
	for i := range s.Customs { // it lies where somebody put Argo CD; one of another namespace is tracked as "namespace_name"
		if c := &s.Customs[i]; c.GetKind() == "Application" && (c.GetName() == name || c.GetNamespace()+"_"+c.GetName() == name) {
			a.Namespace, a.Name = c.GetNamespace(), c.GetName()
			break
		}
	}
	o, err := r.object(ctx, a)
	if err != nil {
		return owner{}, false, err
	}
	out := owner{by: fmt.Sprintf("Argo CD's %s sets it back with its next sync", inWords(a)),
		instead: fmt.Sprintf("Change it in the source of %s", inWords(a))}
	from, _ := o.at("spec", "source").(map[string]any)
	if all, _ := o.at("spec", "sources").([]any); from == nil && len(all) > 0 {
		from, _ = all[0].(map[string]any)
	}
	if src := object(from); src != nil {
		out.instead = pullRequest(src.text("repoURL"), orElse(src.text("path"), src.text("chart")), src.text("targetRevision"), target,
			out.instead)
	}
	if heals, _ := o.at("spec", "syncPolicy", "automated", "selfHeal").(bool); heals {
		out.by = fmt.Sprintf("Argo CD's %s heals itself, and undoes the change within minutes", inWords(a))
		out.hold = &incident.Step{Kind: "SetAutoSync", Target: incident.Target{Object: a}, Params: map[string]string{paramValue: ""},
			Source: fmt.Sprintf("the marks on %s, which name %s as its owner", target, a),
			Instead: fmt.Sprintf("This ends it, once the change is in the source: argocd app set %s --sync-policy automated --self-heal. Until "+
				"then "+
				"nothing that it applies is updated by itself", a.Name)}
		if prunes, _ := o.at("spec", "syncPolicy", "automated", "prune").(bool); prunes {
			out.hold.Instead = strings.Replace(out.hold.Instead, "--self-heal", "--self-heal --auto-prune", 1)
		}
	}
	return out, true, nil
}

// pullRequest is where a change is made for good, as its owner names the place; without a repository, what is said otherwise.
func pullRequest(repository, path, at string, target incident.Object, otherwise string) string {
	if repository == "" {
		return otherwise
	}
	return fmt.Sprintf("Pull request against %s, revision %s, folder %s: change %s as shown here", repository, orElse(at, "HEAD"),
		orElse(path, "./"), inWords(target))
}

// byHelm: a release's revisions are the Secrets that hold them, where those were seen.
func byHelm(s *snapshot.Snapshot, release, namespace string) owner {
	newest, before := 0, 0
	for _, x := range s.Secrets {
		n := 0
		text, ok := strings.CutPrefix(x.Name, "sh.helm.release.v1."+release+".v")
		if _, err := fmt.Sscanf(text, "%d", &n); !ok || err != nil || x.Namespace != namespace {
			continue
		}
		if n > newest {
			newest, before = n, newest
		} else if n > before {
			before = n
		}
	}
	out := owner{by: fmt.Sprintf("Helm's release %s in %s sets it back with its next upgrade", release, namespace)}
	if before > 0 {
		out.instead = fmt.Sprintf("Change the release's values; or, if its revision %d broke it: helm rollback %s %d -n %s",
			newest, release, before, namespace)
	} else { // 0 stands for the revision before, whichever it is
		out.instead = fmt.Sprintf("Change the release's values; or, if its newest revision broke it: helm rollback %s 0 -n %s",
			release, namespace)
	}
	return out
}

// byController: a controller of a kind that is not Kubernetes' own is an operator.
func byController(o object, namespace string) (owner, bool) {
	refs, _ := o.at("metadata", "ownerReferences").([]any)
	for _, ref := range refs {
		m := object(asMap(ref))
		controls, _ := m["controller"].(bool)
		if group, _, ok := strings.Cut(m.text("apiVersion"), "/"); controls && ok && snapshot.IsCustomGroup(group) {
			by := incident.Object{Kind: m.text("kind"), Namespace: namespace, Name: m.text("name")}
			return owner{by: fmt.Sprintf("The operator of %s made it, and undoes the change when it looks next", inWords(by)),
				instead: fmt.Sprintf("Change %s instead: kubectl edit %s.%s %s -n %s", inWords(by), strings.ToLower(by.Kind), group, by.Name,
					namespace)}, true
		}
	}
	return owner{}, false
}

// byManager: what nothing but a label or a field manager tells of.
func byManager(o object) (owner, bool) {
	known := map[string]string{"kustomize-controller": "Flux", "helm-controller": "Flux", "helm": "Helm", "argocd-controller": "Argo CD",
		"argocd-application-controller": "Argo CD"}
	for _, m := range managers(o) {
		if name := known[strings.ToLower(m)]; name != "" {
			return owner{by: fmt.Sprintf("%s wrote it (field manager %s), and may undo the change", name, m),
				instead: fmt.Sprintf("Change it in the source that %s applies", name)}, true
		}
	}
	if by := o.text("metadata", "labels", managedBy); by != "" {
		return owner{by: fmt.Sprintf("It is labelled as managed by %s, which may undo the change", by),
			instead: fmt.Sprintf("Change it in the source that %s applies", by)}, true
	}
	return owner{}, false
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
