// Package status keeps what a replica of the webhook knows about itself, in one
// place that whoever loads rules, configuration and exceptions fills, and serves
// it together with recent admissions to those whom the API server lets.
package status

import (
	"time"
)

// State is what a replica says about itself. It holds no objects and no secrets.
type State struct {
	// Program is webhook.
	Program string `json:"program"`
	Version string `json:"version"`
	// Replica is the pod's name, or the host's outside a cluster.
	Replica string    `json:"replica"`
	Started time.Time `json:"started"`
	// Time is when the state was asked for, by the replica's clock.
	Time time.Time `json:"time"`
	// NotReady is what /readyz says when it does not say ok.
	NotReady      string        `json:"notReady,omitempty"`
	Rules         Rules         `json:"rules"`
	Configuration Configuration `json:"configuration"`
	Certificate   Certificate   `json:"certificate"`
	SelfCheck     SelfCheck     `json:"selfCheck"`
	// FailOpen says what passed although it could not be judged, by cause.
	FailOpen   map[string]Count `json:"failOpen"`
	Exceptions *Exceptions      `json:"exceptions,omitempty"`
	// Problems are what else is wrong, by the part it is wrong with.
	Problems map[string]string `json:"problems,omitempty"`
}

// Rules are the rules that judge.
type Rules struct {
	Revision string    `json:"revision"`
	Count    int       `json:"count"`
	Loaded   time.Time `json:"loaded"`
	// LeftOut are the rule files that something is wrong with; at most
	// maxProblems of them, while LeftOutTotal counts all.
	LeftOut      []LeftOut `json:"leftOut,omitempty"`
	LeftOutTotal int       `json:"leftOutTotal"`
	// OverBudget are the rules that took more time than they may, by id.
	OverBudget map[string]OverBudget `json:"overBudget,omitempty"`
	// Problem is why the last reload failed, while the rules from before stay.
	Problem string `json:"problem,omitempty"`
}

// LeftOut is a rule file that is not loaded.
type LeftOut struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Reason string `json:"reason"`
}

// OverBudget says how often a rule took more time than it may since the replica
// has started, and how long at most.
type OverBudget struct {
	Count
	LongestSeconds float64 `json:"longestSeconds"`
}

// Configuration is the configuration that is in force.
type Configuration struct {
	// Revision identifies its content; empty where there is no configuration.
	Revision string    `json:"revision,omitempty"`
	Loaded   time.Time `json:"loaded,omitzero"`
	// Problem is why a newer one was refused, while this one stays.
	Problem string `json:"problem,omitempty"`
}

// Certificate is the serving certificate.
type Certificate struct {
	NotBefore time.Time `json:"notBefore,omitzero"`
	NotAfter  time.Time `json:"notAfter,omitzero"`
}

// SelfCheck is how the checks went that the webhook makes of itself.
type SelfCheck struct {
	LastSuccess time.Time `json:"lastSuccess,omitzero"`
	// Failures counts the failed checks since the last one that passed, and
	// Problem says what went wrong in the last of them.
	Failures int    `json:"failures"`
	Problem  string `json:"problem,omitempty"`
}

// Count counts what happened since the replica has started.
type Count struct {
	Total int64     `json:"total"`
	Last  time.Time `json:"last"`
}

// Exceptions are the exceptions that are known.
type Exceptions struct {
	Count   int `json:"count"`
	Expired int `json:"expired"`
	// Synced tells whether they have been read at least once.
	Synced bool `json:"synced"`
	// StaleSince is since when the watch on them is broken; zero while it works.
	StaleSince time.Time `json:"staleSince,omitzero"`
	Problem    string    `json:"problem,omitempty"`
}
