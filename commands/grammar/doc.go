// Package grammar reads what people type in their own words as one of the questions that Paramedic can answer: a command line that only
// reads. It is pure and deterministic: a table of rules over classes of words, with slots for a namespace, an object, an incident and a
// time. Case, politeness and slips are tolerated; what would change something is never read as anything.
//
// [Read] gives a [Reading]: the words of a command, what was taken for a misspelt name, or, where nothing was understood, what is nearest.
// Which objects there are is for the caller to say ([NewNames]), and so is whether the asker may know of them.
package grammar
