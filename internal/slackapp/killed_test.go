package slackapp_test

import (
	"context"
	"errors"
	"net/http"
)

// mortal is the network of a process: after its death nothing leaves it.
type mortal struct{ dead context.Context }

func (m mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.dead.Err() != nil {
		return nil, errors.New("killed")
	}
	return http.DefaultTransport.RoundTrip(r)
}

func network(dead context.Context) *http.Client { return &http.Client{Transport: mortal{dead}} }
