package recovery

import (
	"context"
	"errors"
	"fmt"
	"net"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// edit is what the kinds of step have in common that change one Kubernetes object.
type edit struct{}

func (edit) rights(s incident.Step) []incident.Right {
	return []incident.Right{rightOn("patch", s.Target.Object)}
}

func (edit) look(ctx context.Context, r *Recovery, s incident.Step) (subject, error) {
	b, err := r.o.Reader.Get(ctx, s.Target.Object)
	if err != nil {
		return subject{}, err
	}
	o, err := decodeObject(b)
	if err != nil {
		return subject{}, fmt.Errorf("%s: %w", s.Target.Object, err)
	}
	return subjectOf(o), nil
}

func subjectOf(o object) subject {
	return subject{uid: o.text("metadata", "uid"), hash: specHash(o), object: o}
}

// ends: what is changed has to be there.
func (edit) ends(incident.Step) bool { return false }

// between: one patch is done or not done.
func (edit) between(incident.Step, loader, subject) (string, bool) { return "", false }

func (edit) dryRun(ctx context.Context, _ *Recovery, w Writer, s incident.Step, from, to subject) (string, error) {
	o, err := patch(ctx, w, s.Target.Object, from, to, true)
	if err != nil {
		return "", err
	}
	return specHash(o), nil
}

func (edit) commit(ctx context.Context, _ *Recovery, w Writer, s incident.Step, from, to subject) error {
	o, err := patch(ctx, w, s.Target.Object, from, to, false)
	if err != nil {
		return outcome(err)
	}
	return asShown(s, specHash(o))
}

// asShown says of what a write has made whether it is what the dry-run said: an admission webhook may have had another mind. What it is
// then, is for a person to look at.
func asShown(s incident.Step, hash string) error {
	if hash == s.Params[paramAfter] {
		return nil
	}
	return fmt.Errorf("%w: the API server made something else of %s than its dry-run said (an admission webhook, perhaps)", ErrUnclear,
		s.Target.Object)
}

func patch(ctx context.Context, w Writer, o incident.Object, from, to subject, dryRun bool) (object, error) {
	p, err := mergePatch(from.object, to.object)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o, err)
	}
	b, err := w.Patch(ctx, o, p, dryRun)
	if err != nil {
		return nil, err
	}
	return decodeObject(b)
}

// outcome marks the errors of a write after which nobody knows whether it happened: everything but a refusal by the server and a
// connection that never came to be.
func outcome(err error) error {
	if err == nil {
		return nil
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return err
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) && !apierrors.IsTimeout(err) && !apierrors.IsServerTimeout(err) && !apierrors.IsInternalError(err) &&
		!apierrors.IsServiceUnavailable(err) && !apierrors.IsUnexpectedServerError(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnclear, err)
}
