package podproblem

import (
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

func noImage(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container, w *corev1.ContainerStateWaiting) Problem {
	o, said := finding.PodObject(p), w.Message
	// while it backs off the status says only that; the event before has the registry's words
	e := pullError(s, p, c)
	if e != nil && (w.Reason == "ImagePullBackOff" || said == "") {
		said = e.Message
	}
	a := Problem{Code: PodImagePull, Container: c.Spec.Name, Alike: c.Spec.Name,
		Since:  finding.Earlier(p.CreationTimestamp.Time, kube.BeganAt(e)),
		Reason: imageWords(w.Reason, said)}
	if ofRegistry(said) {
		_, a.Registry = repositoryOf(c.Spec.Image)
	}
	a.Predicate = finding.Say("cannot get {its|their} image %s%s: %s", c.Spec.Image, c.In(p), a.Reason)
	a.Seen = []incident.Evidence{finding.SeenAPI(o, c.Field(), time.Time{}, strings.TrimSpace(w.Reason+": "+w.Message)), finding.SeenEvent(e)}
	secret, seen := pullSecret(s, p)
	if secret != "" {
		a.Refs = append(a.Refs, snapshot.ObjectOf("Secret", p.Namespace, secret))
		a.Seen = append(a.Seen, seen)
		a.Predicate = a.Predicate.And("; its pull secret %s could not be read%s", secret, kube.SecretHint(s, p.Namespace, secret))
	}
	switch a.Reason {
	case noSuchTag, noSuchImage:
		a.Predicate = a.Predicate.And("%s", kube.DidYouMean(otherTags(s, c.Spec.Image)))
	case noPlatform:
		if n := s.Node(p.Spec.NodeName); n != nil && n.Status.NodeInfo.Architecture != "" {
			a.Predicate = a.Predicate.And(" (node %s is %s)", n.Name, n.Status.NodeInfo.Architecture)
		}
	case noPermission, noPermissionOrRepository:
		if len(p.Spec.ImagePullSecrets) == 0 {
			a.Predicate = a.Predicate.And(" (the pod names no pull secret)")
		} else if secret == "" {
			refusedWith(s, p, &a)
		}
	}
	return a
}

// refusedWith says with which pull secrets a registry has refused an image: what is in them may be wrong, or of before: that can't
// be seen.
func refusedWith(s *snapshot.Snapshot, p *corev1.Pod, a *Problem) {
	var names []string
	for _, ref := range p.Spec.ImagePullSecrets {
		names = append(names, ref.Name)
		a.fault = append(a.fault, snapshot.ObjectOf("Secret", p.Namespace, ref.Name))
		if x := kube.SecretNamed(s, p.Namespace, ref.Name); x != nil && !x.Changed.IsZero() {
			names[len(names)-1] += ", written " + finding.Duration(s.At.Sub(x.Changed)) + " ago"
		}
	}
	a.Predicate = a.Predicate.And(" with pull secret %s", finding.ListWords(names, finding.ShownPods))
	a.Refs, a.atMost = append(a.Refs, a.fault...), incident.Likely
}

// unreadSecrets is the kubelet's word for pull secrets that it could not read (pkg/kubelet/kubelet.go).
var unreadSecrets = regexp.MustCompile(`pull secrets \(([^)]*)\)`)

// pullSecret is the pull secret that the pod names and the kubelet could not read, or that is not there.
func pullSecret(s *snapshot.Snapshot, p *corev1.Pod) (string, incident.Evidence) {
	e := kube.LastEvent(s, finding.PodObject(p), "FailedToRetrieveImagePullSecret")
	for _, ref := range p.Spec.ImagePullSecrets {
		if e != nil {
			m := unreadSecrets.FindStringSubmatch(e.Message)
			if m == nil || slices.Contains(strings.Split(m[1], ", "), ref.Name) {
				return ref.Name, finding.SeenEvent(e)
			}
		}
		if s.SecretsSeen && ref.Name != "" && kube.SecretNamed(s, p.Namespace, ref.Name) == nil {
			return ref.Name, finding.SeenAPI(finding.PodObject(p), "spec.imagePullSecrets", time.Time{}, ref.Name)
		}
	}
	return "", incident.Evidence{}
}

// otherTags are the tags of the same repository that pods run with, those that look like it first.
func otherTags(s *snapshot.Snapshot, image string) []string {
	repository, _ := repositoryOf(image)
	var others []string
	for i := range s.Pods {
		p := &s.Pods[i]
		for _, c := range kube.ContainersOf(p) {
			if r, _ := repositoryOf(c.Spec.Image); r == repository && c.Spec.Image != image && c.Status.State.Running != nil {
				others = finding.Union(others, []string{c.Spec.Image})
			}
		}
	}
	slices.Sort(others)
	return others[:min(len(others), 3)]
}

// repositoryOf splits an image's reference into its repository and its registry's host.
func repositoryOf(image string) (repository, host string) {
	repository, _, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(repository, ':'); i > strings.LastIndexByte(repository, '/') {
		repository = repository[:i]
	}
	host, _, ok := strings.Cut(repository, "/")
	if !ok || !strings.ContainsAny(host, ".:") && host != "localhost" {
		host = "docker.io"
	}
	return repository, host
}

// pullError is the newest event with which the kubelet said why it could not pull the image.
func pullError(s *snapshot.Snapshot, p *corev1.Pod, c kube.Container) *corev1.Event {
	events := s.EventsOf(finding.PodObject(p))
	for i := len(events) - 1; i >= 0; i-- {
		if e := events[i]; (e.Reason == "Failed" || e.Reason == "ErrImageNeverPull" || e.Reason == "InspectFailed") &&
			strings.Contains(e.Message, c.Spec.Image) {
			return e
		}
	}
	return nil
}

// What registries and runtimes say, in short.
const (
	noSuchTag                = "no such tag"
	noSuchImage              = "no such image or tag"
	noPermission             = "no permission to pull it"
	noPermissionOrRepository = "no such repository, or no permission to pull it"
	noPlatform               = "it is not there for the node's architecture"
)

// registrySays orders what registries and runtimes say, the more telling first. Some speak of the registry rather than of the image.
var registrySays = []struct {
	words, means string
	registry     bool
}{
	{"toomanyrequests", "the registry's rate limit is reached", true},
	{"429 Too Many Requests", "the registry's rate limit is reached", true},
	{"no such host", "the registry's name does not resolve", true},
	{"server misbehaving", "the registry's name does not resolve", true},
	{"connection refused", "the registry refuses connections", true},
	{"no route to host", "the registry cannot be reached", true},
	{"network is unreachable", "the registry cannot be reached", true},
	{"i/o timeout", "the registry does not answer", true},
	{"Client.Timeout", "the registry does not answer", true},
	{"deadline exceeded", "the registry does not answer", true},
	{"server gave HTTP response to HTTPS client", "the registry speaks plain HTTP, and the runtime wants HTTPS", true},
	{"x509", "the registry's certificate is not accepted", true},
	{"certificate", "the registry's certificate is not accepted", true},
	{"502 Bad Gateway", "the registry fails", true},
	{"503 Service Unavailable", "the registry fails", true},
	{"500 Internal Server Error", "the registry fails", true},
	{"insufficient_scope", noPermissionOrRepository, false},
	{"pull access denied", noPermissionOrRepository, false},
	{"unauthorized", noPermission, false},
	{"denied", noPermission, false},
	{"403 Forbidden", noPermission, false},
	{"no match for platform", noPlatform, false},
	{"manifest unknown", noSuchTag, false},
	{"no space left on device", "the node's disk is full", false},
	{"not found", noSuchImage, false},
}

var registryError = regexp.MustCompile(`(?s)(?:failed to (?:pull|resolve|do request|authorize|fetch)[^:]*: )+(.*)`)

func imageWords(reason, said string) string {
	switch reason {
	case "InvalidImageName":
		return "the name is not a valid image reference"
	case "ErrImageNeverPull":
		return "it is not on the node, and imagePullPolicy is Never"
	}
	for _, r := range registrySays {
		if strings.Contains(said, r.words) {
			return r.means
		}
	}
	if m := registryError.FindStringSubmatch(said); m != nil {
		return finding.ShortMessage(m[1])
	}
	return finding.ShortMessage(said)
}

// ofRegistry says whether a pull failed for the registry rather than for the image.
func ofRegistry(said string) bool {
	for _, r := range registrySays {
		if strings.Contains(said, r.words) {
			return r.registry
		}
	}
	return false
}
