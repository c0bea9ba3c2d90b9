// Package picture draws what people would rather look at than read, as PNG: what broke what ([Graph]), and when restarts were seen
// ([Course]). What is drawn is decided elsewhere, in internal/incident, whose Graph and Course also tell the same in words; this package
// places, wraps and colours it. It is pure: the same input gives the same bytes.
//
// A picture is an opaque dark card with light text, so that it can be read on a light page and does not glare on a dark one. It is at most
// 1,200 pixels wide, and its letters can be read when it is shown 400 wide.
package picture
