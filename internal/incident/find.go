package incident

// Wrong says whether any finding is of severity warning or more.
func (d *Diagnosis) Wrong() bool {
	for _, f := range d.Findings {
		if f.Severity.Rank() >= Warning.Rank() {
			return true
		}
	}
	return false
}

// Finding returns the finding with the id, or nil.
func (d *Diagnosis) Finding(id string) *Finding {
	for i := range d.Findings {
		if d.Findings[i].ID == id {
			return &d.Findings[i]
		}
	}
	return nil
}

// Cause returns the cause with the id, or nil.
func (d *Diagnosis) Cause(id string) *Cause {
	for i := range d.Causes {
		if d.Causes[i].ID == id {
			return &d.Causes[i]
		}
	}
	return nil
}

// EvidenceByID returns the evidence with the id, or nil.
func (d *Diagnosis) EvidenceByID(id string) *Evidence {
	for i := range d.Evidence {
		if d.Evidence[i].ID == id {
			return &d.Evidence[i]
		}
	}
	return nil
}

// Codes lists the causes' codes and then the other findings' codes, each once.
func (d *Diagnosis) Codes() []string {
	var codes []string
	seen := map[string]bool{}
	add := func(c string) {
		if !seen[c] {
			seen[c] = true
			codes = append(codes, c)
		}
	}
	for _, c := range d.Causes {
		add(c.Code)
	}
	for _, f := range d.Findings {
		add(f.Code)
	}
	return codes
}
