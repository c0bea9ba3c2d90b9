package ingress

import (
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/facts/podproblem"
	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// classAnnotation is how Ingresses named their class before spec.ingressClassName.
const classAnnotation = "kubernetes.io/ingress.class"

// classOf is the class that an Ingress names, or the default one; "" if there is neither.
func classOf(s *snapshot.Snapshot, g *networkingv1.Ingress) string {
	if n := g.Spec.IngressClassName; n != nil {
		return *n
	}
	if n := g.Annotations[classAnnotation]; n != "" {
		return n
	}
	for i := range s.IngressClasses {
		if s.IngressClasses[i].Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true" {
			return s.IngressClasses[i].Name
		}
	}
	return ""
}

func ingressClass(s *snapshot.Snapshot, name string) *networkingv1.IngressClass {
	i := slices.IndexFunc(s.IngressClasses, func(c networkingv1.IngressClass) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &s.IngressClasses[i]
}

// checkIngressClass reports an Ingress that no controller takes up for its class. One that has an address was taken up by somebody.
func checkIngressClass(s *snapshot.Snapshot, r *finding.Report, g *networkingv1.Ingress) {
	if finding.NotSeen(s, "ingressclasses.networking.k8s.io", "") || s.Namespace != "" || len(g.Status.LoadBalancer.Ingress) > 0 {
		return
	}
	class := classOf(s, g)
	if class == "" && servesUnclassed(s) {
		return
	}
	if class != "" && (ingressClass(s, class) != nil || g.Spec.IngressClassName == nil) {
		return // the annotation's words are the controller's own, and need no IngressClass
	}
	var names []string
	for i := range s.IngressClasses {
		names = append(names, s.IngressClasses[i].Name)
	}
	o := ingressObject(g)
	title, field, seen := fmt.Sprintf("Ingress %s/%s names IngressClass %s, which does not exist", g.Namespace, g.Name, class),
		"spec.ingressClassName", class
	switch {
	case class == "" && len(names) == 0:
		title, seen = fmt.Sprintf("Ingress %s/%s has no controller: it names no class, and the cluster has none", g.Namespace, g.Name), "none"
	case class == "":
		title, seen = fmt.Sprintf("Ingress %s/%s names no IngressClass, and none is the default%s", g.Namespace, g.Name, kube.DidYouMean(names)),
			"none"
	case len(kube.Nearest(class, names)) > 0:
		title += kube.DidYouMean(kube.Nearest(class, names))
	default:
		title += kube.DidYouMean(names)
	}
	f := r.Find(IngressClassMissing, o, title)
	if f.Since = g.CreationTimestamp.Time; class == "" {
		f.Unless(finding.Pods) // a controller may take up what names no class
	}
	f.Cite(finding.SeenAPI(o, field, g.CreationTimestamp.Time, seen), finding.SeenAPI(o, "status.loadBalancer", time.Time{}, "no address")).
		MayPass(finding.SlowIngress, f.Since)
}

// controllers are those that run as pods of the cluster, by the controller that their IngressClass names, with what their images are
// called.
var controllers = []struct{ class, image string }{
	{"k8s.io/ingress-nginx", "ingress-nginx/controller"},
	{"k8s.io/ingress-nginx", "nginx-ingress-controller"},
	{"nginx.org/ingress-controller", "nginx-ingress"},
	{"traefik.io/ingress-controller", "traefik"},
	{"haproxy-ingress.github.io/controller", "haproxy-ingress"},
	{"haproxy.org/ingress-controller", "kubernetes-ingress"},
	{"ingress-controllers.konghq.com/kong", "kong"},
	{"projectcontour.io/", "contour"},
}

// servesUnclassed says whether a controller runs that takes up Ingresses without a class: Traefik does unless it is told a class of its
// own, others if they are told to.
func servesUnclassed(s *snapshot.Snapshot) bool {
	type key struct{}
	return snapshot.Once(s, key{}, func() bool {
		return slices.ContainsFunc(s.Pods, func(p corev1.Pod) bool {
			traefik := isController("traefik.io/ingress-controller", &p.Spec)
			for _, c := range p.Spec.Containers {
				for _, a := range slices.Concat(c.Command, c.Args) {
					a = strings.ToLower(a)
					if strings.Contains(a, "watch-ingress-without-class") && !strings.HasSuffix(a, "=false") ||
						strings.Contains(a, "empty-ingress-class") {
						return kube.IsReady(&p)
					}
					traefik = traefik && !strings.Contains(a, "kubernetesingress.ingressclass")
				}
			}
			return traefik && kube.IsReady(&p)
		})
	})
}

func isController(class string, spec *corev1.PodSpec) bool {
	for _, c := range controllers {
		if !strings.HasPrefix(class, c.class) {
			continue
		}
		for i := range spec.Containers {
			if name, _, _ := strings.Cut(spec.Containers[i].Image, "@"); strings.Contains(name, c.image) {
				return true
			}
		}
	}
	return false
}

// checkIngressControllers looks, for each class in use whose controller is known to run as pods, whether one of them is ready.
func checkIngressControllers(s *snapshot.Snapshot, r *finding.Report) {
	if finding.NotSeen(s, "pods", "") || s.Namespace != "" {
		return
	}
	used := map[string][]*networkingv1.Ingress{}
	for i := range s.Ingresses {
		class := classOf(s, &s.Ingresses[i])
		used[class] = append(used[class], &s.Ingresses[i])
	}
	for i := range s.IngressClasses {
		c := &s.IngressClasses[i]
		if known := slices.ContainsFunc(controllers, func(x struct{ class, image string }) bool {
			return strings.HasPrefix(c.Spec.Controller,
				x.class)
		}); !known || len(used[c.Name]) == 0 {
			continue
		}
		var pods []*corev1.Pod
		for j := range s.Pods {
			if p := &s.Pods[j]; !kube.HasEnded(p) &&
				isController(c.Spec.Controller, &p.Spec) {
				pods = append(pods, p)
			}
		}
		if starting, unknown := podproblem.OnlyStarting(s, pods); !unknown && !slices.ContainsFunc(pods, kube.IsReady) {
			marked := r.NotYet(starting.Max(finding.Lasts(finding.Settling, c.CreationTimestamp.Time)), s.At)
			noController(s, r, c, pods, used[c.Name])
			marked()
		}
	}
}

func noController(s *snapshot.Snapshot, r *finding.Report, c *networkingv1.IngressClass, pods []*corev1.Pod,
	ingresses []*networkingv1.Ingress) {
	o := snapshot.ObjectOf("IngressClass", "", c.Name)
	who := fmt.Sprintf("%d Ingresses", len(ingresses))
	if len(ingresses) == 1 {
		who = "Ingress " + ingresses[0].Namespace + "/" + ingresses[0].Name
	}
	title := finding.Inflect(len(ingresses), "IngressClass %s, which %s {names|name}, has no controller: ", c.Name, who)
	var workload *appsv1.Deployment
	for i := range s.Deployments {
		if d := &s.Deployments[i]; isController(c.Spec.Controller, &d.Spec.Template.Spec) {
			workload = d
		}
	}
	if len(pods) == 0 && workload == nil {
		if slices.ContainsFunc(ingresses, func(g *networkingv1.Ingress) bool { return len(g.Status.LoadBalancer.Ingress) > 0 }) {
			return // somebody has served them, under a name of its own perhaps
		}
		var soon finding.Term // and somebody may yet serve those that are new
		for _, g := range ingresses {
			soon = soon.Max(finding.Lasts(finding.SlowIngress, g.CreationTimestamp.Time))
		}
		defer r.NotYet(soon, s.At)()
	}
	f := r.Find(IngressNoController, o, title+"no pod of "+c.Spec.Controller+" is in the cluster")
	f.Cite(finding.SeenAPI(o, "spec.controller", time.Time{}, c.Spec.Controller))
	f.Pods = pods
	if len(pods) > 0 {
		f.Workload = s.WorkloadOf(pods[0])
		f.Title = finding.OneLine(title+"no pod of "+finding.Short(f.Workload)+" is ready", finding.MaxTitle)
		for _, p := range pods[:min(len(pods), finding.ShownPods)] {
			f.Since = kube.Latest(f.Since, kube.UnreadySince(p))
			f.Cite(finding.SeenAPI(finding.PodObject(p), "status.conditions[Ready]", kube.UnreadySince(p), "not ready"))
		}
		return
	}
	f.Root = true
	if workload == nil {
		return
	}
	f.Workload = snapshot.ObjectOf("Deployment", workload.Namespace, workload.Name)
	f.Fault = []incident.Object{f.Workload}
	name := fmt.Sprintf("Deployment %s/%s", workload.Namespace, workload.Name)
	if kube.Replicas(workload.Spec.Replicas) == 0 {
		f.Final = true // its own setting says so
		f.Title = finding.OneLine(title+name+" is scaled to 0", finding.MaxTitle)
		f.Cite(finding.SeenAPI(f.Workload, "spec.replicas", time.Time{}, "0"))
		return
	}
	f.Root = false
	f.Title = finding.OneLine(title+name+" has no pods", finding.MaxTitle)
}
