package incident

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Hush is what a silence is about: a namespace, a code or an alert's name, or an incident; one of the three. The zero value is nothing.
type Hush struct {
	Namespace string `json:"namespace,omitempty"`
	Code      string `json:"code,omitempty"` // of a finding; or an alert's name
	Incident  string `json:"incident,omitempty"`
}

// IsZero says whether h is about nothing.
func (h Hush) IsZero() bool { return h == Hush{} }

// String is "namespace shop", the code, or the incident.
func (h Hush) String() string {
	if h.Namespace != "" {
		return "namespace " + h.Namespace
	}
	return cmp.Or(h.Code, h.Incident)
}

// Compare orders by what they are about.
func (h Hush) Compare(o Hush) int { return strings.Compare(h.String(), o.String()) }

// Silence is somebody's word that nobody is to be woken by something for a while. It always ends.
type Silence struct {
	Hush
	Reason string    `json:"reason"`
	By     Person    `json:"by"`
	At     time.Time `json:"at"`
	Until  time.Time `json:"until"`
	// Held are the alerts that opened no incident because of it, the newest of each fingerprint, in order of arrival; at most [MostHeld].
	Held []Signal `json:"held,omitempty"`
	// More counts the alerts beyond them.
	More int `json:"more,omitempty"`
}

// Holds says whether it is in force at a time.
func (s Silence) Holds(at time.Time) bool { return at.Before(s.Until) }

// Quiets says whether it is about an alert, or about the incident that the alert belongs to; in is nil where it belongs to none.
func (s Silence) Quiets(g Signal, in *State) bool {
	switch {
	case s.Namespace != "":
		return g.Labels["namespace"] == s.Namespace
	case s.Code != "":
		if g.Labels["alertname"] == s.Code {
			return true
		}
		return in != nil && in.Diagnosis != nil && len(in.Diagnosis.Causes) > 0 && in.Diagnosis.Causes[0].Code == s.Code
	}
	return in != nil && s.Incident != "" && in.ID == s.Incident
}

// QuietsLook says whether it is about the incident, or about what a look ranks first.
func (s Silence) QuietsLook(id string, d *Diagnosis) bool {
	if s.Incident != "" || len(d.Causes) == 0 {
		return s.Incident == id
	}
	first := d.Causes[0]
	outside := func(o Object) bool { return o.Namespace != s.Namespace }
	return s.Code != "" && first.Code == s.Code || s.Namespace != "" && len(first.Objects) > 0 && !slices.ContainsFunc(first.Objects, outside)
}

const (
	// MostSilences bounds what may be silenced at a time.
	MostSilences = 100
	// MostHeld bounds the alerts that a silence remembers.
	MostHeld = 500
	// LongestSilence is how long a silence may last: what is to be silent for longer is accepted, or its alert is wrong.
	LongestSilence = 31 * 24 * time.Hour
)

type (
	// SilenceSet says that nobody is woken by what the silence is about. It takes the place of an older one about the same.
	SilenceSet struct {
		Hush   Hush      `json:"hush"`
		Reason string    `json:"reason"`
		By     Person    `json:"by"`
		Until  time.Time `json:"until"`
	}
	// SilenceEnded says that a silence is over: ended by a person, or, where By is nobody, that its time was over and what it held was
	// taken in.
	SilenceEnded struct {
		Hush Hush   `json:"hush"`
		By   Person `json:"by,omitzero"`
		// Taken is how many of the alerts that it held fired still, and went where alerts go.
		Taken int `json:"taken,omitempty"`
	}
	// AlertHeld says that an alert opened no incident because of a silence, or that one which was held is over.
	AlertHeld struct {
		Hush   Hush   `json:"hush"`
		Signal Signal `json:"signal"`
	}
)

func (SilenceSet) event()   {}
func (SilenceEnded) event() {}
func (AlertHeld) event()    {}

// Silences are those that were set and not ended, going by their log, in order of what they are about: also those whose time is over.
func Silences(log []Recorded) []Silence {
	var out []Silence
	find := func(h Hush) int { return slices.IndexFunc(out, func(s Silence) bool { return s.Hush == h }) }
	for _, r := range log {
		switch e := r.Event.(type) {
		case SilenceSet:
			s := Silence{Hush: e.Hush, Reason: e.Reason, By: e.By, At: r.At, Until: e.Until}
			if i := find(e.Hush); i >= 0 {
				s.Held, s.More = out[i].Held, out[i].More
				out[i] = s
			} else {
				out = append(out, s)
			}
		case SilenceEnded:
			if i := find(e.Hush); i >= 0 {
				out = slices.Delete(out, i, i+1)
			}
		case AlertHeld:
			if i := find(e.Hush); i >= 0 {
				out[i].Hold(e.Signal)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Silence) int { return a.Compare(b.Hush) })
	return out
}

// Hold notes an alert that is held, in the place of what was known of it.
func (s *Silence) Hold(g Signal) {
	i := slices.IndexFunc(s.Held, func(o Signal) bool { return o.Fingerprint == g.Fingerprint })
	switch {
	case i >= 0:
		s.Held[i] = g
	case len(s.Held) < MostHeld:
		s.Held = append(s.Held, g)
	default:
		s.More++
	}
}

// hush bounds what a silence is about.
func (c *clipper) hush(h *Hush) { c.texts(maxName, &h.Namespace, &h.Code, &h.Incident) }
