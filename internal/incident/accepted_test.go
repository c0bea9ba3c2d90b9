package incident_test

import (
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// What is accepted follows from the log and the time alone.
func TestInForce(t *testing.T) {
	at := time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)
	web := incident.Object{Kind: "Deployment", Namespace: "shop", Name: "web"}
	log := []incident.Recorded{
		{Version: 1, At: at, Event: incident.FindingAccepted{Code: "X", Object: web, Reason: "old", Until: at.Add(time.Minute)}},
		{Version: 2, At: at.Add(time.Second), Event: incident.FindingAccepted{Code: "X", Object: web, Reason: "new", Until: at.Add(time.Hour)}},
		{Version: 3, At: at, Event: incident.FindingAccepted{Code: "A", Object: web, Worst: incident.Warning}},
		{Version: 4, At: at, Event: incident.AcceptanceWithdrawn{Code: "B", Object: web}},
	}
	list := incident.InForce(log, at.Add(30*time.Minute))
	if len(list) != 2 || list[0].Code != "A" || list[1].Reason != "new" || !list[1].At.Equal(at.Add(time.Second)) {
		t.Fatalf("%+v", list)
	}
	if list[0].Covers(incident.Critical) || !list[0].Covers(incident.Warning) || !list[1].Covers(incident.Critical) {
		t.Error("how bad it may be")
	}
	if list = incident.InForce(log, at.Add(time.Hour)); len(list) != 1 {
		t.Errorf("expired: %+v", list)
	}
	log = append(log, incident.Recorded{Version: 5, At: at, Event: incident.AcceptanceWithdrawn{Code: "A", Object: web}})
	if list = incident.InForce(log, at.Add(time.Hour)); len(list) != 0 {
		t.Errorf("withdrawn: %+v", list)
	}
}
