package app

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/redact"
)

// What says who decided, about what and as whom is never changed by redaction: an approval of a hash that reads otherwise would approve
// nothing, or something else.
func TestRedactionChangesNoAct(t *testing.T) {
	l := &ledger{redact: redact.New().String}
	for n := range 300 {
		sum := sha256.Sum256(fmt.Append(nil, n))
		hash := hex.EncodeToString(sum[:])
		by := incident.Person{Team: "T0" + hash[:8], ID: "U0" + hash[8:16], Name: "Ada Lovelace"}
		as := incident.Identity{User: []string{"ada@example.com", "token-admin", "secret-operator", "oidc:key-" + hash[:6]}[n%4],
			Groups: []string{"secrets-admins", "password-reset"}}
		at := time.Unix(int64(n), 0).UTC()
		for _, e := range []incident.Event{
			incident.PlanApproved{Approval: incident.Approval{PlanHash: hash, By: by, As: as, At: at, Expires: at.Add(time.Hour), Terminal: true}},
			incident.PlanReviewed{PlanHash: hash, By: by, As: as, Checks: []incident.Check{{Name: "step 1: rights", OK: true,
				Detail: "may patch configmaps coredns"}}},
			incident.PlanRejected{PlanHash: hash, By: by},
			incident.PlanSuperseded{PlanHash: hash, Reason: "ConfigMap/kube-system/coredns was changed since the plan was made"},
			incident.Stopped{PlanHash: hash, By: by},
			incident.StepDone{PlanHash: hash, Step: "12", Outcome: incident.StepOK, Detail: "ConfigMap/kube-system/coredns changed, as " + as.User},
			incident.StepUnclear{PlanHash: hash, Step: "3"}, incident.StepDecided{PlanHash: hash, Step: "3", By: by, Done: true},
			incident.PostmortemPublished{By: by},
			incident.Closed{By: by, Into: "INC-12"}, incident.LookAgainRequested{By: by, Healed: "INC-3"},
		} {
			if got := l.redacted([]incident.Event{e})[0]; !reflect.DeepEqual(got, e) {
				t.Fatalf("%T is changed:\n%+v\n%+v", e, e, got)
			}
		}
	}
}
