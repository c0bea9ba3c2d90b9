package recovery

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// notPulled are the kubelet's reasons for a container whose image it has not (pkg/kubelet/images).
var notPulled = []string{"ErrImagePull", "ImagePullBackOff", "InvalidImageName"}

// What registries and containerd say of an image that is not there, and to who may not have it.
var (
	notThere   = []string{"not found", "manifest unknown", "does not exist", "invalid reference format", "repository name must be"}
	notAllowed = []string{" 401", " 403", "unauthorized", "denied", "forbidden", "authorization failed", "no basic auth"}
)

// registryOf and the rest of an image's name. The registry is "" for Docker Hub's short names.
func registryOf(image string) string {
	first, _, slash := strings.Cut(image, "/")
	if slash && (strings.ContainsAny(first, ".:") || first == "localhost") {
		return first
	}
	return ""
}

func repositoryOf(image string) (repository, tag string) {
	image, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndex(image, ":"); i > strings.LastIndex(image, "/") {
		return image[:i], image[i+1:]
	}
	return image, ""
}

// mistyped says whether two repositories differ in one part of their path, and there by a letter or two.
func mistyped(a, b string) bool {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	differ := 0
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			differ++
			if d := kube.Distance(x[i], y[i]); d > 2 || 2*d >= len(y[i]) {
				return false
			}
		}
	}
	return len(x) == len(y) && differ == 1
}

// mendImage lets a container have an image that is known to be there, or the credentials with which others pull from its registry.
func mendImage(p patient) (remedy, string) {
	if p.worked() {
		return remedy{}, fmt.Sprintf("the revision of %s before worked", p.o)
	}
	var out remedy
	why := fmt.Sprintf("no container of %s waits for its image", p.o)
	p.ill(func(pod *corev1.Pod, c kube.Container, t container) {
		w := c.Status.State.Waiting
		if w == nil || !slices.Contains(notPulled, w.Reason) || len(out.steps) > 0 {
			return
		}
		said := strings.ToLower(w.Message)
		for _, e := range p.s.EventsOf(podObject(pod)) {
			if e.Reason == "Failed" || e.Reason == "InspectFailed" {
				said += "\n" + strings.ToLower(e.Message)
			}
		}
		says := func(phrases []string) bool {
			return slices.ContainsFunc(phrases, func(w string) bool { return strings.Contains(said, w) })
		}
		if strings.Contains(said, "no match for platform") {
			out, why = mendArchitecture(p)
			return
		}
		why = fmt.Sprintf("the image %s is neither known to be missing nor refused, so another one would help no more", t.Image)
		if says(notAllowed) {
			out, why = p.pullAs(t)
		}
		if len(out.steps) == 0 && (says(notThere) || says(notAllowed) || w.Reason == "InvalidImageName") {
			if m, reason := p.otherImage(t); reason == "" {
				out, why = m, ""
			} else if !says(notAllowed) {
				why = reason
			}
		}
	})
	if len(out.steps) > 0 {
		return out, ""
	}
	return remedy{}, why
}

// pullAs takes the Secrets with which others pull from the same registry, or the one whose name looks like the one that is missing.
func (p patient) pullAs(t container) (remedy, string) {
	title := "let " + inWords(p.o) + " pull with credentials that exist"
	secrets, known := p.shelf("Secret")
	for i, ref := range p.spec.ImagePullSecrets {
		if _, there := secrets[ref.Name]; there || !known {
			continue
		}
		var names []string
		for _, x := range p.s.Secrets {
			if x.Namespace == p.o.Namespace && x.Type == string(corev1.SecretTypeDockerConfigJson) {
				names = append(names, x.Name)
			}
		}
		near := kube.Near(ref.Name, names)
		if len(near) != 1 {
			return remedy{}, fmt.Sprintf("Secret %s, with which %s pulls, does not exist, and not exactly one for a registry looks like it",
				ref.Name, p.o)
		}
		list, _ := p.at("imagePullSecrets").([]any)
		asMap(list[i])["name"] = near[0]
		return remedy{[]incident.Step{p.set("SetImagePullSecrets", list)}, title,
			fmt.Sprintf("Secret %s does not exist, and %s does, the only one for a registry that looks like it.", ref.Name, near[0])}, ""
	}
	var lists [][]corev1.LocalObjectReference
	var who string
	for _, o := range p.others() {
		if o.Namespace != p.o.Namespace || len(o.Spec.ImagePullSecrets) == 0 {
			continue
		}
		for _, c := range o.Spec.Containers {
			if registryOf(c.Image) == registryOf(t.Image) {
				lists, who = append(lists, o.Spec.ImagePullSecrets), inWords(p.s.WorkloadOf(o))
			}
		}
	}
	list, ok := onlyOne(lists)
	if !ok || string(encode(list)) == string(encode(p.spec.ImagePullSecrets)) {
		return remedy{}, fmt.Sprintf("the registry of %s refuses it, and nobody in namespace %s shows with which Secret it can be pulled",
			t.Image,
			p.o.Namespace)
	}
	return remedy{[]incident.Step{p.set("SetImagePullSecrets", list)}, title,
		fmt.Sprintf("%s pulls from the same registry with %s and runs.", who, list[0].Name)}, ""
}

// otherImage is the one that runs: of the same repository, or of the same tag in one whose name looks like it.
func (p patient) otherImage(t container) (remedy, string) {
	repository, tag := repositoryOf(t.Image)
	var same, like []string
	runs := map[string]string{}
	for _, o := range append(slices.Clone(p.well), p.others()...) {
		for _, c := range o.Spec.Containers {
			other, otherTag := repositoryOf(c.Image)
			switch {
			case c.Image == t.Image:
				continue
			case other == repository:
				same = append(same, c.Image)
			case otherTag == tag && tag != "" && mistyped(repository, other):
				like = append(like, c.Image)
			default:
				continue
			}
			if runs[c.Image] == "" {
				runs[c.Image] = inWords(p.s.WorkloadOf(o))
			}
		}
	}
	image, ok := onlyOne(same)
	if !ok && len(same) == 0 {
		image, ok = onlyOne(like)
	}
	if !ok {
		return remedy{}, fmt.Sprintf("not exactly one image like %s runs in the cluster, so nothing shows which one is meant", t.Image)
	}
	return remedy{[]incident.Step{p.set("SetImage", image, t.in()...)}, fmt.Sprintf("give %s image %s", inWords(p.o), image),
		fmt.Sprintf("%s runs with %s, the only image like it in the cluster.", runs[image], image)}, ""
}
