// Package ollama is the model and the embedder: Ollama on this machine or another of one's own, over its API. No other package
// imports that API.
//
// A [Client] answers one prompt at a time ([Client.Chat], and [Client.Complete] for callers that want the text alone), embeds texts
// ([Client.Embed]) and says what is there ([Client.Look]). Every answer is bounded: by the context's deadline, by tokens and by
// bytes, for small models repeat themselves without end. Errors say what to do: start Ollama, or pull the model. The package pulls
// none itself, and it knows nothing of incidents.
package ollama
