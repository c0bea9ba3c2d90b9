package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paramedic-bot/paramedic/commands"
	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

// TryPolicy says what a watch's configuration makes of what is seen now, or is seen in a bundle: of every cause, and of what may still be
// normal. It goes by when each began, for nobody has watched it.
func TryPolicy(ctx context.Context, c WatchConfig, eyes *Eyes) (all []commands.Judged, at time.Time, err error) {
	var errs []error
	c.validate(func(field, format string, args ...any) { errs = append(errs, fmt.Errorf(field+": "+format, args...)) })
	if err := errors.Join(errs...); err != nil {
		return nil, at, fmt.Errorf("the policy is not usable:\n%w", err)
	}
	d, err := eyes.lookTwice(ctx, diagnosis.Scope{})
	if err != nil {
		return nil, at, err
	}
	policy := c.policy(func(string, string, ...any) {})
	for _, v := range policy.Judge(d, func(incident.Cause) time.Time { return time.Time{} }, d.At) {
		c := v.Cause
		all = append(all, commands.Judged{Code: c.Code, Title: c.Title, Objects: c.Objects, Raised: v.Raise, At: v.At, Why: v.Why})
	}
	return all, d.At, nil
}
