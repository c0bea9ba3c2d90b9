package straight_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/straight"
)

func TestRefuse(t *testing.T) {
	s := httptest.NewServer(http.RedirectHandler("https://user:secret@evil.example/path?token=secret", http.StatusTemporaryRedirect))
	defer s.Close()
	_, err := (&http.Client{CheckRedirect: straight.Refuse}).Get(s.URL)
	var r *straight.Redirect
	if !errors.As(err, &r) || r.Error() != s.URL+" redirects to https://evil.example, which is not followed" {
		t.Errorf("%v", err)
	}
}

func TestUnproxied(t *testing.T) {
	if straight.Unproxied().Proxy != nil {
		t.Error("a proxy of the environment is asked")
	}
}
