package v1alpha1

// Rules say where rules beside the built-in ones come from, and what they may.
type Rules struct {
	// Directories are directories of rules, read again when they change.
	Directories []Directory `json:"directories,omitzero"`
	// ConfigMaps are rules in ConfigMaps of the cluster.
	ConfigMaps ConfigMaps `json:"configMaps,omitzero"`
	// Bundles are rules in an OCI registry.
	Bundles []Bundle `json:"bundles,omitzero"`
	// Budget is how long one rule may take for one object before it is counted,
	// named in reeve status and held to that time. The default is 100ms.
	Budget *Duration `json:"budget,omitzero"`
	// Conftest says how rules written for conftest are read.
	Conftest Conftest `json:"conftest,omitzero"`
	// Kubescape says how rules written for Kubescape are read.
	Kubescape Kubescape `json:"kubescape,omitzero"`
}

// Conftest says how rules written for conftest are read.
type Conftest struct {
	// Namespaces are the packages to read, as in main or team.*; by default all in
	// which something is called deny, warn or violation.
	Namespaces []string `json:"namespaces,omitzero"`
	// Data are files and directories of YAML and JSON that the rules read below
	// data.
	Data []string `json:"data,omitzero"`
}

// Kubescape says how rules written for Kubescape are read.
type Kubescape struct {
	// Inputs are control inputs by name, as insecureCapabilities. They take the place
	// of those in the defaults file beside the rules.
	Inputs map[string][]string `json:"inputs,omitzero"`
	// CloudProvider is whose the clusters are: eks, aks or gke. Without it, rules for
	// such clusters alone are left out.
	CloudProvider string `json:"cloudProvider,omitzero" jsonschema:"enum=eks,enum=aks,enum=gke"`
}

// Directory is a directory of rules.
type Directory struct {
	// Path is the directory. A relative one counts from the working directory.
	Path string `json:"path" jsonschema:"required"`
	// Trusted are rights that the rules there have and others have not.
	Trusted *Trusted `json:"trusted,omitzero"`
}

// Trusted are rights of rules beyond those that all rules have.
type Trusted struct {
	// Builtins are built-in functions of Rego that rules cannot call otherwise, as in
	// http.send.
	Builtins []string `json:"builtins,omitzero"`
	// HTTPHosts are the hosts to which http.send may go; it needs to be among
	// builtins.
	HTTPHosts []string `json:"httpHosts,omitzero"`
}

// ConfigMaps are rules in ConfigMaps with the label kubereeve.io/rules. Whoever
// may write ConfigMaps in the namespaces named decides what is refused in the
// whole cluster.
type ConfigMaps struct {
	// Enabled reads rules from ConfigMaps. The default is false.
	Enabled *bool `json:"enabled,omitzero"`
	// Namespaces are the namespaces in which to look; the default is reeve-system.
	Namespaces []string `json:"namespaces,omitzero"`
}

// Bundle is an artefact with rules in an OCI registry.
type Bundle struct {
	// Reference is where it is, as in ghcr.io/example/rules:v1.
	Reference string `json:"reference" jsonschema:"required"`
	// Digest pins what it holds, as in sha256:0123…; anything else is refused.
	Digest string `json:"digest,omitzero"`
	// PollInterval is how often to look for a new one behind a tag, at least 10s. The
	// default is that of --rules-interval, 5m.
	PollInterval *Duration `json:"pollInterval,omitzero"`
}
