package redact

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/BurntSushi/toml"
)

//go:embed gitleaks/gitleaks.toml
var gitleaksTOML string

//go:embed kubernetes.toml
var kubernetesTOML string

// The format of gitleaks' configuration, as far as it is used here.
type (
	tomlRules struct {
		Allowlist tomlAllowlist
		Rules     []tomlRule
	}
	tomlRule struct {
		ID          string
		Regex       string
		Path        string
		SecretGroup int
		Entropy     float64
		Keywords    []string
		Allowlists  []tomlAllowlist
		General     bool // our own file only: where another rule finds the same, that one names it
		Looks       bool // our own file only: what is found has to look like a secret
	}
	tomlAllowlist struct {
		Condition   string
		Paths       []string
		Commits     []string
		RegexTarget string
		Regexes     []string
		StopWords   []string
		ExtendRule  string // our own file only: the rule that the list is added to
	}
)

// replaced are gitleaks' rules that ours do better here: a token followed by a comma, a key whose end was cut off, a Secret's every
// value; and what tell.go does for all names.
var replaced = []string{"jwt", "private-key", "kubernetes-secret-yaml", "generic-api-key", "hashicorp-tf-password"}

// ruleSet is all rules, ours first, and what is never a secret.
type ruleSet struct {
	rules []*rule
	allow allowlist
}

func loadRules() (*ruleSet, error) {
	var ours struct {
		tomlRules
		Allowlists []tomlAllowlist
	}
	if err := toml.Unmarshal([]byte(kubernetesTOML), &ours); err != nil {
		return nil, fmt.Errorf("parse kubernetes.toml: %w", err)
	}
	var theirs tomlRules
	if err := toml.Unmarshal([]byte(gitleaksTOML), &theirs); err != nil {
		return nil, fmt.Errorf("parse gitleaks.toml: %w", err)
	}
	theirs.Rules = slices.DeleteFunc(theirs.Rules, func(t tomlRule) bool { return slices.Contains(replaced, t.ID) })
	known := &ruleSet{}
	var err error
	theirs.Allowlist.Regexes = append(theirs.Allowlist.Regexes, ours.Allowlist.Regexes...)
	if known.allow, _, err = newAllowlist(theirs.Allowlist); err != nil {
		return nil, fmt.Errorf("the global allow list: %w", err)
	}
	for _, t := range slices.Concat(ours.Rules, theirs.Rules) {
		if t.Regex == "" { // a rule about files' names
			continue
		}
		for _, l := range ours.Allowlists {
			if l.ExtendRule == t.ID {
				t.Allowlists = append(t.Allowlists, l)
			}
		}
		r, err := newRule(t)
		if err != nil {
			return nil, err
		}
		known.rules = append(known.rules, r)
		if r.rank = len(known.rules); t.General {
			r.rank += byName - 1
		}
	}
	return known, nil
}
