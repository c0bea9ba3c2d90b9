package eval

import (
	"cmp"
	"slices"

	"github.com/paramedic-bot/paramedic/internal/incident"
)

// Count is how often something was so, of how often it could have been.
type Count struct {
	Yes int `json:"yes"`
	Of  int `json:"of"`
}

func (c *Count) add(yes bool) {
	c.Of++
	if yes {
		c.Yes++
	}
}

// Board sums results up.
type Board struct {
	Cases    Count   `json:"cases"`          // passed
	Errors   int     `json:"errors"`         // could not be run; they count nowhere else
	Top1     Count   `json:"top1"`           // cases with something at fault whose first cause names it
	Top3     Count   `json:"top3"`           // … whose first three causes name all of it
	Right    Count   `json:"right"`          // … for the right reason
	Alarmed  Count   `json:"alarmed"`        // quiet cases with a false alarm
	Alarms   int     `json:"alarms"`         // false alarms in all cases, about what is well
	Misnamed int     `json:"misnamed"`       // symptoms taken for roots
	Agree    Count   `json:"agree,omitzero"` // restricted looks at live faults whose answer stands beside that of the whole look
	Swayed   int     `json:"swayed"`         // cases in which untrusted words did what they may not
	Median   float64 `json:"medianSeconds"`
	Slowest  float64 `json:"maxSeconds"`

	Suspected  int           `json:"suspected"`  // of the first answers that are right, those that are merely suspected
	Surely     Count         `json:"surely"`     // of the first answers that are right, those that are certain
	Confidence []Calibration `json:"confidence"` // certain, likely, possible
	Asked      AskedBoard    `json:"asked"`
	Ablations  *Ablations    `json:"ablations,omitempty"`
	Variations []VariedBoard `json:"variations,omitempty"` // in the order of the list
	Areas      []Area        `json:"areas"`                // by name
	Model      *ModelBoard   `json:"model,omitempty"`
}

// Calibration is how often a first cause of a confidence was right: named what is at fault, for the right reason. In a quiet case none is.
type Calibration struct {
	Confidence incident.Confidence `json:"confidence"`
	Right      Count               `json:"right"`
}

// Area is the score of one area's cases.
type Area struct {
	Name  string `json:"name"`
	Cases Count  `json:"cases"`
	Top1  Count  `json:"top1"`
}

// ModelBoard is how a model did on the cases that it was asked about.
type ModelBoard struct {
	Name      string `json:"name"`
	Top1      Count  `json:"top1"`      // cases with something at fault where the cause told names it, whoever told
	Rules     Count  `json:"rules"`     // the same cases by rules alone
	Fallbacks Count  `json:"fallbacks"` // the template spoke for it
	Refused   int    `json:"refused"`   // answers that the check of citations refused
	Prompt    int    `json:"promptTokens"`
	Answer    int    `json:"answerTokens"`
}

// Score sums results up. Results that could not be run are counted as errors alone.
func Score(results []Result) Board {
	b := Board{Confidence: []Calibration{{Confidence: incident.Certain}, {Confidence: incident.Likely}, {Confidence: incident.Possible}},
		Areas: []Area{}}
	var seconds []float64
	for _, r := range results {
		if r.Error != "" {
			b.Errors++
			continue
		}
		seconds = append(seconds, r.Seconds)
		b.Cases.add(r.Passed())
		b.add(r)
		b.Asked.add(r)
		b.ablated(r)
		b.varied(r)
		b.area(r)
		b.model(r)
	}
	slices.Sort(seconds)
	if n := len(seconds); n > 0 {
		b.Median, b.Slowest = (seconds[(n-1)/2]+seconds[n/2])/2, seconds[n-1]
	}
	return b
}

func (b *Board) add(r Result) {
	if r.Quiet {
		b.Alarmed.add(len(r.FalseAlarms) > 0)
	} else {
		b.Top1.add(r.Top1)
		b.Top3.add(r.Top3)
		b.Right.add(r.Right)
		if r.Top1 && r.Right {
			b.Surely.add(r.Confidence == incident.Certain)
		}
		if r.Top1 && r.Suspected {
			b.Suspected++
		}
	}
	b.Alarms += len(r.FalseAlarms)
	b.Misnamed += len(r.Misnamed)
	if len(r.Swayed) > 0 {
		b.Swayed++
	}
	for _, v := range r.Views[min(1, len(r.Views)):] {
		b.Agree.add(v.Wrong+v.Error == "")
	}
	for i := range b.Confidence {
		if b.Confidence[i].Confidence == r.Confidence {
			b.Confidence[i].Right.add(!r.Quiet && r.Top1 && r.Right)
		}
	}
}

func (b *Board) area(r Result) {
	i, ok := slices.BinarySearchFunc(b.Areas, r.Area(), func(a Area, name string) int { return cmp.Compare(a.Name, name) })
	if !ok {
		b.Areas = slices.Insert(b.Areas, i, Area{Name: r.Area()})
	}
	b.Areas[i].Cases.add(r.Passed())
	if !r.Quiet {
		b.Areas[i].Top1.add(r.Top1)
	}
}

func (b *Board) model(r Result) {
	if r.Told == nil || r.Told.Model == "" {
		return
	}
	if b.Model == nil {
		b.Model = &ModelBoard{Name: r.Told.Model}
	}
	if !r.Quiet {
		b.Model.Top1.add(r.Told.Right)
		b.Model.Rules.add(r.Top1)
	}
	b.Model.Fallbacks.add(r.Told.By != r.Told.Model)
	b.Model.Refused += r.Told.Refused
	b.Model.Prompt += r.Told.Prompt
	b.Model.Answer += r.Told.Answer
}
