// Package workloads reports workloads that have fewer pods than they should, rollouts that do not end, Jobs that fail, autoscalers and
// disruption budgets that do not do what they are there for.
package workloads
