package cli

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"k8s.io/klog/v2"
)

// What client-go writes by itself is in the log of a serve that is to say everything, and nowhere else.
func TestClientGoAlarmsNobody(t *testing.T) {
	out := &bytes.Buffer{}
	into := listened().into
	t.Cleanup(func() { into.Store(nil) })
	for _, c := range []struct {
		log  *slog.Logger
		want string
	}{
		{nil, ""},
		{slog.New(slog.NewTextHandler(out, nil)), ""},
		{slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})), `level=DEBUG msg="client-go: the body" err=canceled of=lab`},
	} {
		out.Reset()
		into.Store(c.log)
		klog.LoggerWithValues(klog.Background(), "of", "lab").Error(errors.New("canceled"), "the body")
		if got := out.String(); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("it says %q, want %q", got, c.want)
		}
	}
}
