package kube

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// HPACondition is an autoscaler's condition; nil if it has none of the type.
func HPACondition(h *autoscalingv2.HorizontalPodAutoscaler,
	t autoscalingv2.HorizontalPodAutoscalerConditionType) *autoscalingv2.HorizontalPodAutoscalerCondition {
	for i := range h.Status.Conditions {
		if h.Status.Conditions[i].Type == t {
			return &h.Status.Conditions[i]
		}
	}
	return nil
}

// SeenHPA is the evidence of an autoscaler's condition.
func SeenHPA(o incident.Object, c *autoscalingv2.HorizontalPodAutoscalerCondition) incident.Evidence {
	return finding.SeenAPI(o, "status.conditions["+string(c.Type)+"]", c.LastTransitionTime.Time, c.Reason+": "+c.Message)
}
