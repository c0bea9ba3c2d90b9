package recovery_test

import (
	"testing"

	"github.com/paramedic-bot/paramedic/internal/recovery/steptest"
)

func TestSteps(t *testing.T) {
	steptest.Run(t, func(*testing.T) steptest.World {
		w, _ := steptest.NewWorld()
		return w
	})
}
