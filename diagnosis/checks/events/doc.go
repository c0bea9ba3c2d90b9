// Package events looks at what the events say that no other check has made anything of.
package events
