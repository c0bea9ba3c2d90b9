// Package incident is Paramedic's domain: what an Incident is, what can happen to it, and what is to be done next.
//
// An incident is its log. Everything that happens is an [Event] appended to the incident's stream; [Fold] turns a stream into a
// [State], and [Next] turns a State and the time into the [Work] that is to be done now. All three are pure, so that crash recovery,
// audit, the Slack thread and the postmortem's timeline are functions of one list, and can be tested as tables.
//
// The words are those of the design: a [Signal] asks for attention, [Evidence] is an observed fact, a [Finding] is what a check
// concludes from it, a [Cause] explains findings, a [Diagnosis] ranks causes, a [Story] tells it in prose, a [Plan] is a runbook bound to
// objects, an [Approval] is a person's yes to one plan hash, a [Verification] proves that it helped, a [Postmortem] writes it up.
//
// The package does no I/O and imports the standard library alone.
package incident
