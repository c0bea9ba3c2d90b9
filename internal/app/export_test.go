package app

import (
	"context"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// NewSight is what the server gives its commands.
func NewSight(a *Access, r Rights, told func(context.Context, string) ([]store.Delivery, error)) commands.Sight {
	return &sight{a, r, told}
}
