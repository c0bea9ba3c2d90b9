package served

import (
	"testing"

	"github.com/paramedic-bot/paramedic/internal/bundle"
	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
)

// The suite passes on the API server in this process, too.
func TestSteps(t *testing.T) {
	steptest.Run(t, func(t *testing.T) steptest.World {
		a := New(t, nil)
		a.Forbid(func(at bundle.Attributes) bool { return at.User.Name == "ben" })
		return a.World(t)
	})
}
