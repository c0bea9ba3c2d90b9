// Package redact takes secrets out of text, at one place, before the text reaches the model, Slack, a bundle or a log.
//
// A [Redactor] knows two sets of rules, both data: those of gitleaks (gitleaks/gitleaks.toml, MIT, v8.30.1) for the tokens of
// services, and our own (kubernetes.toml) for what clusters leak: passwords in assignments and connection strings, authorization
// headers, kubeconfig and Docker credentials, private keys, environment variables. Secret objects in YAML and JSON are found by their
// structure. What a rule finds is replaced by "[REDACTED:rule-id]"; the lines stay as they are, and redacting twice changes nothing.
//
// Speed comes from looking once: one automaton over all rules' keywords walks the text, and a rule's regular expression runs only
// where one of its keywords stands, anchored there if every match of the rule begins with a keyword. A regular expression is compiled
// when its keyword is first met.
//
// It is not a proof that no secret is left: what looks like an ordinary word is one. Where a value's name is known, [Redactor.Value]
// knows more than [Redactor.String].
package redact
