package notices

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Probe asks whether a home is there. It tells nobody anything: a form that can't be asked without telling has its address looked up alone.
func Probe(ctx context.Context, h Home) incident.Check {
	check := incident.Check{Name: h.Name()}
	failed := func(err error) incident.Check {
		check.Detail = h.secret().Replace(err.Error())
		return check
	}
	if err := h.Check(); err != nil {
		return failed(err)
	}
	client, err := h.client()
	if err != nil {
		return failed(err)
	}
	r := &route{Deliverer: &Deliverer{Options: Options{Now: time.Now}}, home: h, client: client, hide: h.secret().Replace}
	probe := forms[h.Form].probe
	if probe == nil {
		return resolved(ctx, h, check, failed)
	}
	target, header := probe(h)
	answer, err := r.ask(ctx, http.MethodGet, target, header, nil, mostAnswer)
	switch {
	case errors.As(err, new(forbidden)):
		return failed(errors.Join(err, errors.New(map[Form]string{Discord: "the webhook is gone, or its url is wrong"}[h.Form])))
	case err != nil:
		return failed(err)
	}
	check.OK, check.Detail = true, "it answers; whether it takes notices shows with the first one"
	var said struct {
		Healthy *bool  `json:"healthy"` // ntfy
		Health  string `json:"health"`  // Gotify
		Name    string `json:"name"`    // of Discord's webhook
	}
	switch err := json.Unmarshal(answer, &said); {
	case err != nil:
		check.OK, check.Detail = false, "something answers there that is not "+string(h.Form)+"; is the url right?"
	case h.Form == Ntfy && (said.Healthy == nil || !*said.Healthy), h.Form == Gotify && said.Health != "green":
		check.OK, check.Detail = false, "it does not say that it is well"
	case h.Form == Discord:
		check.Detail = "the webhook is there"
	}
	return check
}

// resolved says whether the home's host has an address.
func resolved(ctx context.Context, h Home, check incident.Check, failed func(error) incident.Check) incident.Check {
	u, err := url.Parse(h.URL)
	if err != nil {
		return failed(errors.New("the url can't be read"))
	}
	if h.Way.Proxy == "" {
		if _, err := net.DefaultResolver.LookupHost(ctx, u.Hostname()); err != nil {
			return failed(err)
		}
	}
	check.OK, check.Detail = true, "its address is known; nothing was sent, so whether it takes notices shows with the first one"
	return check
}
