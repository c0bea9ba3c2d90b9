// Package catalog is everything that a diagnosis can find, for people: the checks' codes with their meaning, and what the rules of causes
// may link each with. It is derived from the registries ([checks.All], [cause.Rules]) and says nothing of its own; [Markdown] is
// docs/checks.md.
package catalog
