package kube

import (
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Component names a part of the control plane.
func Component(name string) incident.Object { return snapshot.ObjectOf("Component", "", name) }
