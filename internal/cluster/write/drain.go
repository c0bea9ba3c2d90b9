package write

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubectl/pkg/drain"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// ToEvict lists the pods of a node that a drain evicts, by the rules of kubectl drain: not those of DaemonSets, nor static pods' mirrors. alone allows
// for pods without a controller, and data for those with data in an emptyDir; such a pod that is not allowed for is refused, in words.
func (r *Reader) ToEvict(ctx context.Context, node string, alone, data bool) (pods []corev1.Pod, refused []string, err error) {
	pods, refused, err = judge(ctx, r.core, node, alone, data)
	if err != nil {
		return nil, nil, explain("list the pods of node "+node, r.host, incident.Identity{}, incident.Right{Verb: "list", Resource: "pods"}, err)
	}
	return pods, refused, nil
}

// judge is [Reader.ToEvict] for any client.
func judge(ctx context.Context, client kubernetes.Interface, node string, alone, data bool) (pods []corev1.Pod, refused []string, err error) {
	h := drain.Helper{Ctx: ctx, Client: client, Force: alone, DeleteEmptyDirData: data, IgnoreAllDaemonSets: true, ChunkSize: maxList}
	list, errs := h.GetPodsForDeletion(node)
	if list == nil { // the errors beside a list are the pods that it refuses
		if len(errs) == 0 {
			return nil, nil, fmt.Errorf("list the pods of node %s: no answer", node)
		}
		return nil, nil, errs[0]
	}
	for _, e := range errs {
		refused = append(refused, e.Error())
	}
	return list.Pods(), refused, nil
}
