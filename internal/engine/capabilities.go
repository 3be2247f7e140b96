package engine

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/rule"
)

// capabilities returns what the given files may use: everything OPA offers except
// for restricted builtins that none of them is trusted with, and the hosts that
// some of them may reach. Which file may call what was checked when it was loaded
// (rule.CheckBuiltins); this is the second lock.
func capabilities(files []parsed) *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion()
	allowed := *all
	allowed.AllowNet = []string{} // nil would allow every host
	trusted := make(map[string]bool)
	for _, file := range files {
		if file.Trusted == nil {
			continue
		}
		for _, name := range file.Trusted.Builtins {
			trusted[name] = true
		}
		for _, host := range file.Trusted.HTTPHosts {
			if !slices.Contains(allowed.AllowNet, host) {
				allowed.AllowNet = append(allowed.AllowNet, host)
			}
		}
	}
	allowed.Builtins = nil
	for _, builtin := range all.Builtins {
		if !rule.Restricted(builtin.Name) || trusted[builtin.Name] {
			allowed.Builtins = append(allowed.Builtins, builtin)
		}
	}
	return &allowed
}

// readsClock are builtins that look at the clock without OPA's saying so: what
// they answer changes by itself.
var readsClock = map[string]bool{
	"crypto.x509.parse_and_verify_certificates":              true,
	"crypto.x509.parse_and_verify_certificates_with_options": true,
}
