package slackapp

// Arbitrary lets the tests outside of the package make any Reply.
var Arbitrary = arbitrary
