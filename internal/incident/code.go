package incident

// CodeDoc says what a finding's code means.
type CodeDoc struct {
	Code     string   `json:"code"`
	Check    string   `json:"check"` // the check that reports it
	Severity Severity `json:"severity"`
	Root     bool     `json:"root"` // it names what is at fault in itself; the others are symptoms
	Meaning  string   `json:"meaning"`
	Next     string   `json:"next,omitempty"` // what a person would do next
	Example  string   `json:"example"`
	Reads    []string `json:"reads"` // what the check looks at, in words: "pods", "logs", "events"
	// Explains and ExplainedBy are what the rules of causes may link it with, where they find proof.
	Explains    []CodeLink `json:"explains"`
	ExplainedBy []CodeLink `json:"explainedBy"`
}

// CodeLink is one rule that may link two codes.
type CodeLink struct {
	Code string `json:"code"` // the other one
	Rule string `json:"rule"`
	Says string `json:"says"` // what the rule says follows
}

// FoundFingerprint is the fingerprint of a signal about a cause that was found: who asks for an incident about it joins the one that has
// it.
func FoundFingerprint(cluster string, c Cause) string {
	f := "found/" + cluster + "/" + c.Code
	if len(c.Objects) > 0 {
		f += "/" + c.Objects[0].String()
	}
	return f
}
