package gatekeeper

import (
	"bytes"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubereeve/reeve/internal/resource"
	"github.com/kubereeve/reeve/internal/rule"
)

// RequestFields returns the fields of a review that only the API server fills in.
// Those that an AdmissionReview always has are there in scans too, and empty.
func RequestFields(res *resource.Resource) [][2]*ast.Term {
	request := res.Request
	if request == nil {
		request = &admissionv1.AdmissionRequest{}
		if res.User != nil {
			request.UserInfo = authenticationv1.UserInfo{Username: res.User.Name, Groups: res.User.Groups}
		}
	}
	pairs := make([][2]*ast.Term, 0, 8)
	pairs = append(pairs,
		stringField("uid", string(request.UID)),
		rule.Field("resource", resourceTerm(request.Resource)),
		rule.Field("userInfo", userTerm(request.UserInfo)),
		rule.Field("options", optionsTerm(request.Options.Raw)),
	)
	pairs = appendText(pairs, "subResource", res.Subresource)
	pairs = appendText(pairs, "requestSubResource", request.RequestSubResource)
	if kind := request.RequestKind; kind != nil {
		pairs = append(pairs, rule.Field("requestKind", ast.ObjectTerm(stringField("group", kind.Group), stringField("version", kind.Version), stringField("kind", kind.Kind))))
	}
	if asked := request.RequestResource; asked != nil {
		pairs = append(pairs, rule.Field("requestResource", resourceTerm(*asked)))
	}
	if request.DryRun != nil {
		pairs = append(pairs, rule.Field("dryRun", ast.InternedTerm(*request.DryRun)))
	}
	return pairs
}

func appendText(pairs [][2]*ast.Term, name, value string) [][2]*ast.Term {
	if value == "" {
		return pairs
	}
	return append(pairs, stringField(name, value))
}

func resourceTerm(of metav1.GroupVersionResource) *ast.Term {
	return ast.ObjectTerm(stringField("group", of.Group), stringField("version", of.Version), stringField("resource", of.Resource))
}

// userTerm returns who sent a request; an empty object in scans.
func userTerm(user authenticationv1.UserInfo) *ast.Term {
	var pairs [][2]*ast.Term
	pairs = appendText(pairs, "username", user.Username)
	pairs = appendText(pairs, "uid", user.UID)
	if len(user.Groups) > 0 {
		pairs = append(pairs, rule.Field("groups", listTerm(user.Groups)))
	}
	if len(user.Extra) > 0 {
		extra := make([][2]*ast.Term, 0, len(user.Extra))
		for name, values := range user.Extra {
			extra = append(extra, rule.Field(name, listTerm(values)))
		}
		pairs = append(pairs, rule.Field("extra", ast.ObjectTerm(extra...)))
	}
	return ast.ObjectTerm(pairs...)
}

func listTerm(texts []string) *ast.Term {
	terms := make([]*ast.Term, len(texts))
	for i, text := range texts {
		terms[i] = ast.StringTerm(text)
	}
	return ast.ArrayTerm(terms...)
}

// optionsTerm returns the options of a request; null where there are none.
func optionsTerm(raw []byte) *ast.Term {
	if len(bytes.TrimSpace(raw)) == 0 {
		return ast.InternedNullTerm
	}
	var value any
	if util.UnmarshalJSON(raw, &value) != nil {
		return ast.InternedNullTerm // the API server sends JSON
	}
	parsed, err := ast.InterfaceToValue(value)
	if err != nil {
		return ast.InternedNullTerm
	}
	return ast.NewTerm(parsed)
}
