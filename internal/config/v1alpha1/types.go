package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/internal/finding"
	"github.com/kubereeve/reeve/internal/resource"
)

// The type of a configuration file.
const (
	APIVersion = "config.kubereeve.io/v1alpha1"
	Kind       = "ReeveConfiguration"
)

// ReeveConfiguration says what the findings of rules do, which rules are loaded,
// and what they may. Webhook, scanner and command line read the same file.
type ReeveConfiguration struct {
	// APIVersion is config.kubereeve.io/v1alpha1.
	APIVersion string `json:"apiVersion" jsonschema:"required,enum=config.kubereeve.io/v1alpha1"`
	// Kind is ReeveConfiguration.
	Kind string `json:"kind" jsonschema:"required,enum=ReeveConfiguration"`
	// Modes set modes and parameters of rules. Entries apply in order, and the last
	// that matches a finding wins.
	Modes []ModeEntry `json:"modes,omitzero"`
	// Rollouts turn rules stricter in stages. They apply after modes.
	Rollouts []Rollout `json:"rollouts,omitzero"`
	// NamespaceLabel lets the label kubereeve.io/mode of a namespace make findings
	// there milder.
	NamespaceLabel NamespaceLabel `json:"namespaceLabel,omitzero"`
	// ExistingViolations says what an update does whose findings the object had
	// before: warn lets it pass with a warning, enforce treats them like new ones.
	// The default is warn.
	ExistingViolations ExistingViolations `json:"existingViolations,omitzero"`
	// Exceptions say what RuleExceptions may hide.
	Exceptions Exceptions `json:"exceptions,omitzero"`
	// Failure says what happens to a request that a rule cannot judge, because it
	// fails or does not end in time.
	Failure Failure `json:"failure,omitzero"`
	// ProtectedNamespaces are namespaces in which exceptions have no effect and
	// actions do nothing, beside kube-system, kube-public, kube-node-lease and
	// reeve-system. Globs are allowed.
	ProtectedNamespaces []string `json:"protectedNamespaces,omitzero"`
	// Rules say where rules beside the built-in ones come from, and what they may.
	Rules Rules `json:"rules,omitzero"`
	// RecentAdmissions bound what is remembered for reeve rollout preview.
	RecentAdmissions RecentAdmissions `json:"recentAdmissions,omitzero"`
}

// ModeEntry sets the mode of some rules' findings, or parameters of the rules,
// everywhere or for some requests. All conditions that are given must hold.
type ModeEntry struct {
	// Name is how messages call the entry; by default it is its place in the file,
	// as in modes[3].
	Name string `json:"name,omitzero"`
	// Rules are the rules meant: ids, globs of ids, category:NAME, severity:NAME or
	// framework:NAME. A rule that any of them matches is meant.
	Rules []string `json:"rules" jsonschema:"required,minItems=1"`
	// Mode is what the findings do: deny refuses the request, warn lets it pass with
	// a warning, audit records the finding only, and off drops it.
	Mode *finding.Mode `json:"mode,omitzero"`
	// Parameters are values for parameters of the rules, by name. Each rule takes
	// those that it has.
	Parameters map[string]any `json:"parameters,omitzero"`

	Conditions `json:",inline"`
}

// Conditions narrow an entry to some requests. What is left out narrows nothing.
type Conditions struct {
	// Namespaces are the namespaces in which the entry counts.
	Namespaces *Namespaces `json:"namespaces,omitzero"`
	// Kinds are the kinds of objects for which the entry counts, as Kind for any
	// group or Kind.group. Globs are allowed.
	Kinds []string `json:"kinds,omitzero"`
	// Operations are the operations for which the entry counts: CREATE, UPDATE,
	// DELETE and CONNECT at admission, SCAN for scans and the command line.
	Operations []resource.Operation `json:"operations,omitzero" jsonschema:"enum=CREATE,enum=UPDATE,enum=DELETE,enum=CONNECT,enum=SCAN"`
	// Users are the users for whose requests the entry counts: globs of user names,
	// as in system:serviceaccount:ci:*, or group:GLOB for groups.
	Users []string `json:"users,omitzero"`
	// From is the moment from which the entry counts, as in 2026-09-01T00:00:00Z.
	From *time.Time `json:"from,omitzero"`
}

// Namespaces choose namespaces by name and label. Where both are given, both must
// match. Objects outside of namespaces are never chosen.
type Namespaces struct {
	// Names are names of namespaces. Globs are allowed.
	Names []string `json:"names,omitzero"`
	// Labels choose namespaces by their labels.
	Labels *metav1.LabelSelector `json:"labels,omitzero"`
}

// Rollout turns rules stricter in stages: it is written once and reaches its end
// by itself.
type Rollout struct {
	// Name is how messages and reeve rollout call the rollout; by default it is its
	// place in the file, as in rollouts[0].
	Name string `json:"name,omitzero"`
	// Rules are the rules meant: ids, globs of ids, category:NAME, severity:NAME or
	// framework:NAME.
	Rules []string `json:"rules" jsonschema:"required,minItems=1"`
	// Stages are the steps, mildest first. They apply in order, and the last that
	// matches a finding wins.
	Stages []Stage `json:"stages" jsonschema:"required,minItems=1"`
}

// Stage is one step of a rollout.
type Stage struct {
	// Mode is what the findings do in this stage.
	Mode *finding.Mode `json:"mode" jsonschema:"required"`
	// Namespaces are the namespaces in which the stage counts; by default all.
	Namespaces *Namespaces `json:"namespaces,omitzero"`
	// From is the moment from which the stage counts, as in 2026-09-01T00:00:00Z; by
	// default it always does.
	From *time.Time `json:"from,omitzero"`
}

// NamespaceLabel is about the label kubereeve.io/mode on namespaces.
type NamespaceLabel struct {
	// Enabled makes the label count: warn, audit or off is then the strictest mode of
	// findings in the namespace. The default is true. Whoever may label namespaces
	// decides with it.
	Enabled *bool `json:"enabled,omitzero"`
}

// Exceptions say what RuleExceptions may hide. Who may create them is a matter of
// RBAC.
type Exceptions struct {
	// Rules are the rules that may be excepted: ids, globs of ids, category:NAME,
	// severity:NAME or framework:NAME. The default is all.
	Rules []string `json:"rules,omitzero"`
	// Never are rules that may not be excepted although rules names them.
	Never []string `json:"never,omitzero"`
	// MaxDuration is how long an exception may last from its creation on, as in
	// 720h. By default there is no limit; with one, every exception needs an end.
	MaxDuration *Duration `json:"maxDuration,omitzero"`
}

// Failure says what happens to a request that a rule cannot judge.
type Failure struct {
	// Default is what happens unless rules say otherwise: allow lets the request pass
	// with a warning, deny refuses it. The default is allow.
	Default OnError `json:"default,omitzero"`
	// Rules say what happens for some rules. The last entry that matches a rule wins.
	Rules []FailureEntry `json:"rules,omitzero"`
}

// FailureEntry says what happens to a request that some rules cannot judge.
type FailureEntry struct {
	// Rules are the rules meant: ids, globs of ids, category:NAME, severity:NAME or
	// framework:NAME.
	Rules []string `json:"rules" jsonschema:"required,minItems=1"`
	// OnError is allow, with a warning, or deny.
	OnError OnError `json:"onError" jsonschema:"required"`
}

// RecentAdmissions bound the verdicts that each webhook replica remembers. They
// hold names and findings, never objects.
type RecentAdmissions struct {
	// Size is how many are remembered, from the next start on. The default is 1000.
	Size *int `json:"size,omitzero" jsonschema:"minimum=1,maximum=100000"`
}
