// Package redact takes secrets out of text, at one place, before the text reaches the model, Slack, a bundle or a log.
//
// A text is looked at in views: as it reads, without colours and characters that nobody sees, and once more for each level of escapes of
// JSON, YAML, HTML or URLs that it has (view.go). What a view shows is mapped back to the text.
//
// Most secrets are found by what stands before them. A name is taken apart into words, of many languages, which say what class of value to
// expect (name.go); what is between a name and its value, from "=" to a column of a table, says how sure that is (tell.go, between.go,
// table.go); and the value itself must not be a reference, a placeholder, a path or a word about a secret, and must look random where the
// name tells less (value.go). Secret objects in YAML and JSON are found by their structure (object.go, json.go). Secrets without a telling
// name are found by rules, which are data: those of gitleaks (gitleaks/gitleaks.toml, MIT, v8.30.1) for the tokens of services, and our
// own (kubernetes.toml) for headers, connection strings, command lines, statements, hashes and keys.
//
// What is found is replaced by "[REDACTED:rule-id]"; the lines stay as they are, and redacting twice changes nothing. A [Walker] redacts
// objects, whose structure is known, and [Values] any value of Go.
//
// Speed comes from looking once: one automaton over all words walks the text, and anything costlier runs only where one of them stands.
//
// It is not a proof that no secret is left: what looks like an ordinary word is one. How much it finds is measured: docs/redaction.md.
// Where a value's name is known, [Redactor.Value] knows more than [Redactor.String].
package redact
