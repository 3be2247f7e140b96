package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// RuleException accepts what some rules find on some objects of its namespace: at
// admission, in scans and on the command line such findings count no longer. It
// says why, and until when. Who may write one is for RBAC to say, which rules may
// be excepted for Reeve's configuration; in protected namespaces, such as
// kube-system, exceptions have no effect.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,path=ruleexceptions,singular=ruleexception,shortName=rex,categories=reeve
// +kubebuilder:printcolumn:name="Rules",type=string,JSONPath=`.spec.rules`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.spec.reason`,priority=1
// +kubebuilder:printcolumn:name="Expires",type=string,JSONPath=`.spec.expiresAt`,description="From this moment on the exception counts no longer"
// +kubebuilder:printcolumn:name="Hidden",type=integer,JSONPath=`.status.hidden`,description="Findings that it hid in the last scan"
// +kubebuilder:printcolumn:name="Expired",type=boolean,JSONPath=`.status.expired`
// +kubebuilder:printcolumn:name="Effect",type=string,JSONPath=`.status.conditions[?(@.type=="Effective")].reason`,priority=1,description="Why it has or has not an effect"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type RuleException struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec says what is accepted, why, and until when.
	Spec RuleExceptionSpec `json:"spec"`
	// Status is what the last scan saw of the exception. Reeve writes it.
	// +optional
	Status RuleExceptionStatus `json:"status,omitzero"`
}

// RuleExceptionList is a list of RuleExceptions.
//
// +kubebuilder:object:root=true
type RuleExceptionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []RuleException `json:"items"`
}

// RuleExceptionSpec says what is accepted, why, and until when.
type RuleExceptionSpec struct {
	// Rules are the rules whose findings are accepted: ids, or globs of ids in
	// which * stands for any text and ? for one character. See reeve rules list.
	//
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[A-Za-z0-9*?]([A-Za-z0-9*?._/-]*[A-Za-z0-9*?])?$')",message="name a rule by its id, as in privileged-container, or by a glob with * and ?, as in host-*"
	Rules []string `json:"rules"`

	// Match narrows the exception to some objects of its namespace. Without it,
	// all objects of the namespace are excepted.
	// +optional
	Match ExceptionMatch `json:"match,omitzero"`

	// Reason says why this is accepted, for whoever reads it next year.
	//
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.trim() != ''",message="say why the findings are accepted; the reason may not be blank"
	Reason string `json:"reason"`

	// ExpiresAt is when the exception stops to count: from that second on, at
	// admission, in scans and on the command line alike. Without it, it counts
	// until it is deleted.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`
}

// ExceptionMatch narrows an exception to some objects. An object must match every
// field that is given; of a field's entries, any.
type ExceptionMatch struct {
	// Kinds are the kinds of objects, as Kind or Kind.group; * and ? are globs.
	// Kind alone means the kind in every group.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=32
	// +listType=set
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[A-Z*?][A-Za-z0-9*?]*([.][a-z0-9*?.-]*[a-z0-9*?])?$')",message="name a kind as Kind or Kind.group, as in Deployment or Deployment.apps; * and ? are globs"
	Kinds []string `json:"kinds,omitempty"`

	// Names are names of objects; * and ? are globs.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[A-Za-z0-9*?:._-]+$')",message="name an object by its name, as in web, or by a glob with * and ?, as in web-*"
	Names []string `json:"names,omitempty"`

	// LabelSelector chooses objects by their labels.
	//
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.matchExpressions) || self.matchExpressions.all(e, e.operator in ['In', 'NotIn', 'Exists', 'DoesNotExist'])",message="an operator is one of In, NotIn, Exists and DoesNotExist"
	// +kubebuilder:validation:XValidation:rule="!has(self.matchExpressions) || self.matchExpressions.all(e, e.operator in ['In', 'NotIn'] ? has(e.values) && size(e.values) > 0 : !(e.operator in ['Exists', 'DoesNotExist']) || !has(e.values) || size(e.values) == 0)",message="In and NotIn want values, Exists and DoesNotExist have none"
	LabelSelector *metav1.LabelSelector `json:"labelSelector,omitempty"`

	// Containers are names of containers; * and ? are globs. With them, only
	// findings that blame such a container are accepted.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=32
	// +listType=set
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-z0-9*?-]+$')",message="name a container by its name, as in web, or by a glob with * and ?, as in istio-*"
	Containers []string `json:"containers,omitempty"`
}

// RuleExceptionStatus is what the last complete scan saw of an exception.
type RuleExceptionStatus struct {
	// ObservedGeneration is the generation of the spec that the rest is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Hidden is the number of findings that the exception hid in the last
	// complete scan.
	// +optional
	Hidden int32 `json:"hidden"`
	// Expired says that the exception counts no longer.
	// +optional
	Expired bool `json:"expired"`
	// LastScanTime is when the scan began that found out Hidden. It is written
	// when something else has changed, not after every scan.
	// +optional
	LastScanTime *metav1.Time `json:"lastScanTime,omitempty"`
	// Conditions hold one of type Effective.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// ConditionEffective is the type of the condition that says whether an exception
// can hide anything, and if not, why.
const ConditionEffective = "Effective"

// The reasons of the condition Effective: the first is that of True, the others
// of False.
const (
	ReasonInForce            = "InForce"
	ReasonExpired            = "Expired"            // expiresAt has passed
	ReasonProtectedNamespace = "ProtectedNamespace" // nothing is excepted there
	ReasonNotExceptable      = "NotExceptable"      // configuration forbids exceptions from these rules
	ReasonUnknownRule        = "UnknownRule"        // no loaded rule has such an id
	ReasonInvalid            = "Invalid"            // the spec cannot be understood
)
