package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/store"
	"github.com/paramedic-bot/paramedic/internal/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) storetest.Store {
		return openAt(t, filepath.Join(t.TempDir(), "state.db"), store.Options{Now: now})
	})
}

func openAt(t *testing.T, path string, opts store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
