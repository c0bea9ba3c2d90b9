package commands

import (
	"github.com/paramedic-bot/paramedic/internal/clip"
	"github.com/paramedic-bot/paramedic/internal/incident"
)

func verificationBlocks(s *incident.State, r room) []Block {
	v := s.Verification
	if v.Began.IsZero() && v.Ended.IsZero() {
		if happened[incident.VerificationSampled](s) {
			return outdated(helped(s) + "; the cluster was looked at again.")
		}
		return nil
	}
	title := "Watching whether it helped:"
	switch {
	case !v.Ended.IsZero() && v.OK && s.Open():
		title = "It helped where the plan acted; the rest is looked at again:"
	case !v.Ended.IsZero() && v.OK:
		title = "It helped:"
	case !v.Ended.IsZero():
		title = "It did not help:"
	}
	blocks := []Block{checksBrief(title, v.Checks, r)}
	switch {
	case !v.Ended.IsZero():
		return blocks
	case v.GoodSince.IsZero():
		note := Note{Text("Not healthy yet. Watching since "), When(v.Began)}
		if !v.Until.IsZero() {
			note = append(note, Text(", until "), When(v.Until), Text(" at the latest"))
		}
		return append(blocks, append(note, Text(".")))
	case v.Until.IsZero():
		return append(blocks, Note{Text("All healthy since "), When(v.GoodSince), Text("; it has to stay that way for some minutes.")})
	}
	return append(blocks, Note{Text("All healthy since "), When(v.GoodSince), Text("; it has to stay that way until "),
		When(v.Until), Text(".")})
}

// helped is what the last verification came to.
func helped(s *incident.State) string {
	for i := len(s.Log) - 1; i >= 0; i-- {
		if v, ok := s.Log[i].Event.(incident.Verified); ok && v.OK {
			return "It helped"
		} else if ok {
			break
		}
	}
	return "It did not help"
}

func resolutionBlocks(s *incident.State) []Block {
	return append(endBlocks(s), gradeBlocks(s)...)
}

// mostOpeners bounds the people who are told that what they raised goes on elsewhere.
const mostOpeners = 3

// openers notifies those who raised an incident.
func openers(s *incident.State) []Span {
	var out []Span
	told := map[string]bool{}
	for _, g := range s.Signals {
		if g.By.ID == "" || told[g.By.Key()] || len(told) == mostOpeners {
			continue
		}
		told[g.By.Key()] = true
		out = append(out, Text(" "), Mention(g.By.ID, clip.Runes(g.By.Name, maxLabel)))
	}
	return out
}

func endBlocks(s *incident.State) []Block {
	switch {
	case s.Elsewhere() != "":
		p := Paragraph{Bold("Closed "), When(s.ClosedAt), Text(": " + sentence(clip.Runes(s.ClosedBy.Reason, maxLine)) + " See "),
			Mono(s.Elsewhere()), Text(".")}
		return []Block{append(p, openers(s)...)}
	case s.ClosedBy != nil:
		p := Paragraph{Bold("Closed"), Text(" by " + s.ClosedBy.By.Name + " "), When(decidedAt[incident.Closed](s))}
		if s.ClosedBy.Reason != "" {
			p = append(p, Text(": "+clip.Runes(s.ClosedBy.Reason, maxLine)))
		}
		return []Block{p}
	case !s.ResolvedAt.IsZero():
		p := Paragraph{Bold("Resolved "), When(s.ResolvedAt), Text(".")}
		if len(s.Approvals) == 0 {
			return []Block{append(p, Text(" It went away by itself."))}
		}
		return []Block{p}
	}
	return nil
}
