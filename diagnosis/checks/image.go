package checks

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func noImage(s *snapshot.Snapshot, p *corev1.Pod, c container, w *corev1.ContainerStateWaiting) ailment {
	o, said := podObject(p), w.Message
	// while it backs off the status says only that; the event before has the registry's words
	e := pullError(s, p, c)
	if e != nil && (w.Reason == "ImagePullBackOff" || said == "") {
		said = e.Message
	}
	a := ailment{code: PodImagePull, alike: c.spec.Name, words: said, since: earlier(p.CreationTimestamp.Time, beganAt(e)), why: imageWords(w.Reason, said)}
	a.what = fmt.Sprintf("cannot get {its|their} image %s%s: %s", c.spec.Image, c.in(p), a.why)
	a.seen = []incident.Evidence{seenAPI(o, c.field(), time.Time{}, strings.TrimSpace(w.Reason+": "+w.Message)), seenEvent(e)}
	for _, ref := range p.Spec.ImagePullSecrets {
		if missing := lastEvent(s, o, "FailedToRetrieveImagePullSecret"); missing != nil {
			a.refs = append(a.refs, snapshot.ObjectOf("Secret", p.Namespace, ref.Name))
			a.seen = append(a.seen, seenEvent(missing))
			a.what += "; its pull secret could not be read"
			break
		}
	}
	return a
}

// pullError is the newest event with which the kubelet said why it could not pull the image.
func pullError(s *snapshot.Snapshot, p *corev1.Pod, c container) *corev1.Event {
	events := s.EventsOf(podObject(p))
	for i := len(events) - 1; i >= 0; i-- {
		if e := events[i]; (e.Reason == "Failed" || e.Reason == "ErrImageNeverPull" || e.Reason == "InspectFailed") && strings.Contains(e.Message, c.spec.Image) {
			return e
		}
	}
	return nil
}

// registrySays orders what registries and runtimes say, the more telling first.
var registrySays = []struct{ words, means string }{
	{"toomanyrequests", "the registry's rate limit is reached"},
	{"429 Too Many Requests", "the registry's rate limit is reached"},
	{"no such host", "the registry's name does not resolve"},
	{"server misbehaving", "the registry's name does not resolve"},
	{"connection refused", "the registry refuses connections"},
	{"i/o timeout", "the registry does not answer"},
	{"certificate", "the registry's certificate is not accepted"},
	{"insufficient_scope", "no such repository, or no permission to pull it"},
	{"pull access denied", "no such repository, or no permission to pull it"},
	{"unauthorized", "no permission to pull it"},
	{"403 Forbidden", "no permission to pull it"},
	{"no match for platform", "it is not there for the node's architecture"},
	{"manifest unknown", "no such tag"},
	{"not found", "no such image or tag"},
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
		return shortest(m[1])
	}
	return shortest(said)
}
