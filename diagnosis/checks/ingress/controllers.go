package ingress

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// ControllerPods are the pods of the controllers that serve an Ingress, as far as these are known by their class; of one whose class is not
// there, those of any controller.
func ControllerPods(s *snapshot.Snapshot, ingress incident.Object) []*corev1.Pod {
	for i := range s.Ingresses {
		if ingressObject(&s.Ingresses[i]) == ingress {
			return servedBy(s, &s.Ingresses[i])
		}
	}
	return nil
}

// ControllerOf is what the class of an Ingress names as its controller, such as "haproxy.org/ingress-controller"; "" where that is not
// known.
func ControllerOf(s *snapshot.Snapshot, ingress incident.Object) string {
	for i := range s.Ingresses {
		g := &s.Ingresses[i]
		if ingressObject(g) != ingress {
			continue
		}
		name := classOf(s, g)
		for j := range s.IngressClasses {
			if s.IngressClasses[j].Name == name {
				return s.IngressClasses[j].Spec.Controller
			}
		}
	}
	return ""
}

func servedBy(s *snapshot.Snapshot, g *networkingv1.Ingress) []*corev1.Pod {
	class, name := "", classOf(s, g)
	for i := range s.IngressClasses {
		if s.IngressClasses[i].Name == name {
			class = s.IngressClasses[i].Spec.Controller
		}
	}
	var out []*corev1.Pod
	for i := range s.Pods {
		p := &s.Pods[i]
		if kube.HasEnded(p) {
			continue
		}
		for _, c := range controllers {
			if (class == "" || class == c.class) && isController(c.class, &p.Spec) {
				out = append(out, p)
				break
			}
		}
	}
	return out
}

// Untold are the pods of the controllers that serve Ingresses with certificates from Secrets, where Secrets cannot be seen: that one is
// missing is then in their logs alone.
func Untold(s *snapshot.Snapshot) []*corev1.Pod {
	if s.SecretsSeen {
		return nil
	}
	for i := range s.Ingresses {
		for _, t := range s.Ingresses[i].Spec.TLS {
			if t.SecretName != "" {
				if pods := servedBy(s, &s.Ingresses[i]); len(pods) > 0 {
					return pods
				}
			}
		}
	}
	return nil
}
