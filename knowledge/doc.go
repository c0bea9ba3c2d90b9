// Package knowledge is what was learnt from incidents: postmortems, found again when something like them happens.
//
// A [Document] is a postmortem as Markdown with YAML front matter, one file each, in a folder that people keep as they like (a git
// checkout serves well). [Parse] and [Format] turn one into the other. [Open] reads a folder into an [Index], which holds every
// document in pieces ([Chunk]) in two ways, both in memory: as words, in bleve, and, if there is an [Embedder], as vectors, in
// chromem-go. What an embedder made of a piece is kept in a [Cache], by the model's digest and the piece's hash.
//
// [Index.Search] finds by words and meaning, joined by reciprocal rank. [Index.Similar] finds what resembles a diagnosis: that needs
// finding codes in common, not only words; "nothing similar" is an answer. Without an embedder, or with one that is slow, words alone
// decide, and a note says so.
//
// A few postmortems of our own are built in, so that the first incident finds something; a file with the same id replaces one.
package knowledge
