package app

import (
	"fmt"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// An alert of a namespace that has a channel of its own is told there, and joins no incident that is told elsewhere, whatever it has in
// common with it; nor does an incident with the same cause go on in another channel.
func TestNamespacesHaveChannels(t *testing.T) {
	d := open(t) // INC-1, told where all are
	d.route = SlackConfig{Routes: []RouteConfig{{Namespaces: []string{"shop", "cart"}, Channel: "C0SHOP"}}}.channel
	alert := func(name, namespace string) incident.Signal {
		return incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: name, Title: name, Group: "g",
			Labels: map[string]string{"namespace": namespace, "deployment": "web"}}
	}
	where := func(signals ...incident.Signal) (ids []string) {
		t.Helper()
		ids, err := d.receive(t.Context(), signals)
		if err != nil {
			t.Fatal(err)
		}
		return ids
	}
	if got, want := fmt.Sprint(where(alert("p", "shop"), alert("b", "bank"), alert("c", "cart"), alert("d", "shop"))),
		"[INC-2 INC-3 INC-2 INC-2]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := where(alert("e", "bank"), alert("p", "shop")); got[0] != "INC-3" || got[1] != "INC-2" {
		t.Error(got)
	}
	for id, want := range map[string]string{"INC-1": "", "INC-2": "C0SHOP", "INC-3": ""} {
		if s, err := d.Get(t.Context(), id); err != nil || s.Channel != want {
			t.Errorf("%s is told in %q, want %q; %v", id, s.Channel, want, err)
		}
	}
	for _, id := range []string{"INC-2", "INC-3"} {
		d.look(t, id, "SameCause")
	}
	if s, _ := d.Get(t.Context(), "INC-3"); !s.Open() {
		t.Errorf("%+v", s.ClosedBy)
	}
	// More than may be open join the newest of their own channel.
	for n := range 2 * mostOpen {
		where(incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: fmt.Sprint("storm", n), Title: "x", Group: fmt.Sprint(n),
			Labels: map[string]string{"namespace": "bank"}})
		d.look(t, where(alert("b", "bank"))[0])
	}
	for n := range 2 {
		ids := where(incident.Signal{Kind: "alert", Status: incident.Firing, Fingerprint: fmt.Sprint("late", n), Title: "x",
			Group: fmt.Sprint("late", n), Labels: map[string]string{"namespace": "cart"}})
		if s, err := d.Get(t.Context(), ids[0]); err != nil || s.Channel != "C0SHOP" {
			t.Errorf("%s: told in %q; %v", ids, s.Channel, err)
		}
	}
}
