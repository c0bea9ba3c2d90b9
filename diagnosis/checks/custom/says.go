package custom

import (
	"regexp"
	"strings"

	"github.com/paramedic-bot/paramedic/diagnosis/finding"
	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// Says is the detail of findings about custom resources: what their own words name, and whom they refer to. The form of the words is up to
// the controller that writes them.
type Says struct {
	Message  string            // the reason and the message, for the name of a kind that only the rule knows
	Objects  []incident.Object // that are spelled out, as Kind/namespace/name
	Quoted   []string          // what stands in quotation marks: a name, or a namespace and a name
	Webhooks []string          // that the API server's words name, where the message passes these on
	Issuer   bool              // it waits for a cert-manager issuer to be ready
	Named    string            // the name that it goes by and that nothing has

	Needs       []Need            // whom it refers to
	Calls       []logs.Fact       // what its message says was not reached
	Controllers []incident.Object // the workloads that care for it, as far as roles tell
	Users       []User            // the workloads that go by it in their settings
}

var (
	pathLike = regexp.MustCompile(`[A-Za-z0-9./_-]+`)
	inQuotes = regexp.MustCompile(`'([^'"\s]+)'|"([^'"\s]+)"`)
)

// saysOf reads what an object's signs name, the foremost first.
func saysOf(x sign, others []sign) Says {
	d := Says{Message: x.reason + ": " + x.message}
	for _, y := range others {
		if y.field != x.field && y.message != "" {
			d.Message += "\n" + y.message
		}
	}
	d.Issuer = strings.Contains(d.Message, "issuer does not have a Ready status condition")
	d.Webhooks = kube.WebhooksIn(d.Message)
	for _, m := range inQuotes.FindAllStringSubmatch(d.Message, -1) {
		d.Quoted = finding.Union(d.Quoted, []string{m[1] + m[2]})
	}
	for _, path := range pathLike.FindAllString(d.Message, -1) {
		if parts := strings.Split(strings.TrimRight(path, "."), "/"); len(parts) == 3 {
			d.Objects = finding.Union(d.Objects, []incident.Object{snapshot.ObjectOf(parts[0], parts[1], parts[2])})
		}
	}
	for _, f := range logs.Read("error: " + d.Message).Facts {
		if f.Kind.Network() {
			d.Calls = append(d.Calls, f)
		}
	}
	return d
}

// Names says whether the words say the object's kind and its name, side by side: "BackupStorageLocation minio is in Unavailable status".
func (d Says) Names(o incident.Object) bool {
	for rest := d.Message; ; {
		i := strings.Index(strings.ToLower(rest), strings.ToLower(o.Kind)+" ")
		if i < 0 {
			return false
		}
		rest = rest[i+len(o.Kind)+1:]
		if after, ok := strings.CutPrefix(strings.TrimLeft(rest, `"'`), o.Name); ok && !wordGoesOn(after) {
			return true
		}
	}
}

// Referred are the objects that its settings refer to and whose names a line says.
func (d Says) Referred(line string) []incident.Object {
	var out []incident.Object
	for _, n := range d.Needs {
		if strings.HasPrefix(n.Field, "spec") && hasWord(line, n.Object.Name) {
			out = append(out, n.Object)
		}
	}
	return out
}

// wordGoesOn says whether a name does not end where the text begins.
func wordGoesOn(text string) bool {
	return text != "" && (text[0] == '-' || text[0] >= 'a' && text[0] <= 'z' || text[0] >= '0' && text[0] <= '9')
}
