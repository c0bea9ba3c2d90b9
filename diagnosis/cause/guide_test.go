package cause

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// docs/diagnosis.md tells the numbers that causes are ranked by.
func TestTheGuideTellsTheWeights(t *testing.T) {
	guide, err := os.ReadFile("../../docs/diagnosis.md")
	if err != nil {
		t.Fatal(err)
	}
	c, s := confidenceWeight, severityWeight
	for _, row := range []string{
		fmt.Sprintf("the cause's own included | %g |", s[incident.Critical]),
		fmt.Sprintf("each warning | %g |", s[incident.Warning]),
		fmt.Sprintf("certain, likely, possible | %g, %g, %g |", c[incident.Certain], c[incident.Likely], c[incident.Possible]),
		fmt.Sprintf("should be there and is not | %g |", missingWeight),
		fmt.Sprintf("whose remedy it blocks | %d |", blockWeight),
		fmt.Sprintf("on the way to it | %d |", changeWeight),
	} {
		if !strings.Contains(string(guide), row) {
			t.Errorf("docs/diagnosis.md does not say %q", row)
		}
	}
}
