// Package story tells a diagnosis in prose.
//
// [Template] tells it from the facts alone. A [Teller] asks a model to tell it better and believes nothing that comes back: the
// model may choose a cause among those offered (or "unknown") and write a few sentences that cite evidence, and that is all. The
// answer's schema is made from the very diagnosis; afterwards every sentence must cite evidence that was shown, and every name,
// number and quotation in it must occur in what it cites. Objects at fault, commands and targets never come from the model. An answer
// that fails is refused with the reason and asked for once more; then, as when the model is slow, down or missing, the template
// speaks and [incident.Story.Note] says why.
//
// The prompt fits the model's context by budget. Its fixed part comes first, so that the model's cache keeps it; what a cluster
// wrote (log lines, events, postmortems) stands between boundary markers that cannot be guessed, as data.
//
// The package looks at no cluster and knows no model: it is given one as a [Model].
package story
