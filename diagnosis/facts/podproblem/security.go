package podproblem

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
)

// securityRule is how the kubelet or a runtime says that a container's security settings keep it from running.
type securityRule struct {
	words string
	field string // of the securityContext
	means string
	next  string // what would have to change
}

// securityRules are in the words of pkg/kubelet/kuberuntime/security_context_others.go, of containerd and of runc.
var securityRules = []securityRule{
	{"runAsNonRoot and image will run as root", "runAsNonRoot", "it must not run as root, and its image does",
		"set runAsUser, or build the image with a USER"},
	{"runAsNonRoot and image has non-numeric user", "runAsNonRoot",
		"it must not run as root, and its image's user%s is a name, of which that cannot be known", "set runAsUser to its number"},
	{"runAsNonRoot and image has an invalid user", "runAsNonRoot", "it must not run as root, and its image's user is not valid",
		"set runAsUser"},
	{"runAsUser breaks non-root policy", "runAsUser", "it must not run as root, and runAsUser is 0", "set another runAsUser"},
	{"seccomp", "seccompProfile", "its seccomp profile cannot be loaded on the node", "put the profile on the node, or name another"},
	{"apparmor", "appArmorProfile", "its AppArmor profile is not loaded on the node", "load the profile on the node, or name another"},
	{"capabilit", "capabilities", "a capability that it asks for is unknown or not allowed", "correct capabilities.add"},
	{"no new privileges", "allowPrivilegeEscalation", "it wants more privileges than it may gain", "see allowPrivilegeEscalation"},
}

var nonNumericUser = regexp.MustCompile(`non-numeric user( \([^)]*\))`)

// refusedFor says which security setting keeps a container from being created or a pod from being admitted, going by the words.
func refusedFor(p *corev1.Pod, name, message string) (a Problem, ok bool) {
	low := strings.ToLower(message)
	for _, r := range securityRules {
		if !strings.Contains(low, strings.ToLower(r.words)) {
			continue
		}
		means := r.means
		if strings.Contains(means, "%s") {
			who := ""
			if m := nonNumericUser.FindStringSubmatch(message); m != nil {
				who = m[1]
			}
			means = fmt.Sprintf(means, who)
		}
		path, value := securityField(p, name, r.field)
		a = Problem{Code: PodSecurityRefused, Alike: name, Reason: means, Since: p.CreationTimestamp.Time, node: p.Spec.NodeName,
			Predicate: finding.Say("{is|are} refused for {its|their} %s: %s (%s)", path, means, r.next)}
		a.Seen = append(a.Seen, finding.SeenAPI(finding.PodObject(p), path, time.Time{}, value))
		return a, true
	}
	return Problem{}, false
}

// securityField is where the pod has a security setting, the container's before the pod's, and its value.
func securityField(p *corev1.Pod, name, field string) (path, value string) {
	for _, list := range []struct {
		field string
		in    []corev1.Container
	}{{"initContainers", p.Spec.InitContainers}, {"containers", p.Spec.Containers}} {
		for i := range list.in {
			if c := &list.in[i]; c.Name == name && c.SecurityContext != nil {
				if v := containerSetting(c.SecurityContext, field); v != "" {
					return "spec." + list.field + "[" + name + "].securityContext." + field, v
				}
			}
		}
	}
	path = "spec.securityContext." + field
	if sc := p.Spec.SecurityContext; sc != nil {
		switch {
		case field == "runAsNonRoot" && sc.RunAsNonRoot != nil:
			return path, fmt.Sprint(*sc.RunAsNonRoot)
		case field == "runAsUser" && sc.RunAsUser != nil:
			return path, fmt.Sprint(*sc.RunAsUser)
		case field == "seccompProfile" && sc.SeccompProfile != nil:
			return path, profile(string(sc.SeccompProfile.Type), sc.SeccompProfile.LocalhostProfile)
		case field == "appArmorProfile" && sc.AppArmorProfile != nil:
			return path, profile(string(sc.AppArmorProfile.Type), sc.AppArmorProfile.LocalhostProfile)
		}
	}
	return "securityContext." + field, ""
}

func containerSetting(sc *corev1.SecurityContext, field string) string {
	switch {
	case field == "runAsNonRoot" && sc.RunAsNonRoot != nil:
		return fmt.Sprint(*sc.RunAsNonRoot)
	case field == "runAsUser" && sc.RunAsUser != nil:
		return fmt.Sprint(*sc.RunAsUser)
	case field == "seccompProfile" && sc.SeccompProfile != nil:
		return profile(string(sc.SeccompProfile.Type), sc.SeccompProfile.LocalhostProfile)
	case field == "appArmorProfile" && sc.AppArmorProfile != nil:
		return profile(string(sc.AppArmorProfile.Type), sc.AppArmorProfile.LocalhostProfile)
	case field == "capabilities" && sc.Capabilities != nil:
		return fmt.Sprintf("add %v, drop %v", sc.Capabilities.Add, sc.Capabilities.Drop)
	case field == "allowPrivilegeEscalation" && sc.AllowPrivilegeEscalation != nil:
		return fmt.Sprint(*sc.AllowPrivilegeEscalation)
	}
	return ""
}

func profile(kind string, name *string) string {
	if name != nil {
		return kind + " " + *name
	}
	return kind
}
