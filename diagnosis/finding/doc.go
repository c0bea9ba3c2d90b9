// Package finding holds what the floors of a diagnosis pass on to one another: a [Check] and its [Code] values, the [Report] that a check
// fills, the [Finding] with the evidence it rests on and what the causes need to know of it, typed ([Detail]).
//
// It also makes the words of titles: constant templates and what is put into them ([Say], [Inflect]), so that words of others are never
// taken for a template; and it has the times that several areas wait before they tell of something (patience.go).
//
// It knows no check. [incident.Finding] is the record's; a Finding embeds it and leaves the rest behind.
package finding
