package gatekeeper

import (
	"slices"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// exemptions are the namespaces that Gatekeeper is told to leave alone, by objects of
// kind Config.
type exemptions struct {
	webhook, audit []Glob
	// source is what the exemptions were read from.
	source []byte
}

// exemptFields are what is read of a Config.
type exemptFields struct {
	Spec struct {
		Match []struct {
			ExcludedNamespaces []Glob   `json:"excludedNamespaces"`
			Processes          []string `json:"processes"`
		} `json:"match"`
	} `json:"spec"`
}

// The processes of Gatekeeper. What is not synchronized is in data.inventory all the
// same, and nothing is mutated.
const (
	processAll      = "*"
	processWebhook  = "webhook"
	processAudit    = "audit"
	processSync     = "sync"
	processMutation = "mutation-webhook"
)

// read reads the exemptions of a document, if it is a Config. One that has a mistake
// exempts nothing.
func (e *exemptions) read(document *Document) *rule.Problem {
	if document.Resource.GroupKind() != configKind {
		return nil
	}
	var fields exemptFields
	if problem := document.decode(document.raw(), "", &fields, false); problem != nil {
		return problem
	}
	var webhook, audit []Glob
	for i, match := range fields.Spec.Match {
		at := "spec.match" + step(stringOf(i))
		for j, glob := range match.ExcludedNamespaces {
			if err := glob.check(); err != nil {
				return document.problem(at+".excludedNamespaces"+step(stringOf(j)), "%s", err)
			}
		}
		for j, process := range match.Processes {
			switch process {
			case processAll:
				webhook, audit = append(webhook, match.ExcludedNamespaces...), append(audit, match.ExcludedNamespaces...)
			case processWebhook:
				webhook = append(webhook, match.ExcludedNamespaces...)
			case processAudit:
				audit = append(audit, match.ExcludedNamespaces...)
			case processSync, processMutation:
			default:
				return document.problem(at+".processes"+step(stringOf(j)), "%q is no process of Gatekeeper's; use %q, %s or %s", process, processAll, processWebhook, processAudit)
			}
		}
	}
	if len(webhook)+len(audit) > 0 {
		e.webhook, e.audit = slices.Concat(e.webhook, webhook), slices.Concat(e.audit, audit)
		e.source = slices.Concat(e.source, document.raw())
	}
	return nil
}

// any tells whether some namespace is exempt.
func (e *exemptions) any() bool { return e != nil && len(e.webhook)+len(e.audit) > 0 }

// cover tells whether an object is in an exempt namespace, or is one. Objects without
// a namespace are in none.
func (e *exemptions) cover(object *Object, operation resource.Operation) bool {
	if !e.any() {
		return false
	}
	namespace := object.Namespace
	if object.isNamespace() {
		namespace = object.Name
	}
	globs := e.webhook
	if operation == resource.Scan {
		globs = e.audit
	}
	return namespace != "" && anyMatches(globs, namespace)
}
