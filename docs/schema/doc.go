// Package schema holds no code: it publishes report.schema.json, the JSON that check and why print. Its tests compare the schema with
// the program's own structs, so that the two cannot differ.
package schema
