package applog

import (
	"testing"

	"github.com/paramedic-bot/paramedic/diagnosis/logs"
)

func TestMostTelling(t *testing.T) {
	vague := logs.Fact{Kind: logs.DataOfAnotherVersion, Telling: true}
	named := logs.Fact{Kind: logs.DataOfAnotherVersion, Name: "16"}
	other := logs.Fact{Kind: logs.NoSpace, Telling: true}
	for name, c := range map[string]struct {
		facts []logs.Fact
		want  int
	}{
		"the one that says more, after it": {[]logs.Fact{other, vague, named}, 2},
		"not one that came before":         {[]logs.Fact{named, vague}, 1},
		"the vague one alone":              {[]logs.Fact{other, vague}, 1},
		"none":                             {[]logs.Fact{other, named}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mostTelling(c.facts, logs.DataOfAnotherVersion); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
