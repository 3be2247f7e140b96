package resource_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admission/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/resource"
)

const (
	podText = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop","uid":"u1"},"spec":{}}`
	oldText = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web","namespace":"shop","uid":"u1"},"spec":{"old":true}}`
)

// podRequest returns a request to create a pod, changed by the given function.
func podRequest(change func(*admissionv1.AdmissionRequest)) *admissionv1.AdmissionRequest {
	request := &admissionv1.AdmissionRequest{
		Kind:      metav1.GroupVersionKind{Version: "v1", Kind: "Pod"},
		Operation: admissionv1.Create,
		Namespace: "shop",
		Name:      "web",
		Object:    runtime.RawExtension{Raw: []byte(podText)},
		UserInfo:  authenticationv1.UserInfo{Username: "jane", Groups: []string{"dev"}},
	}
	change(request)
	return request
}

// podResource returns what podRequest is read as, changed by the given function.
func podResource(change func(*resource.Resource)) *resource.Resource {
	res := &resource.Resource{
		Identity:  resource.Identity{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "web", UID: "u1"},
		Operation: resource.Create,
		Object:    []byte(podText),
		User:      &resource.User{Name: "jane", Groups: []string{"dev"}},
	}
	change(res)
	return res
}

func TestFromAdmissionReadsWhatIsJudged(t *testing.T) {
	yes, no := true, false
	generated := `{"metadata":{"generateName":"web-"}}`
	owned := `{"metadata":{"ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5","uid":"u2","controller":true}]}}`
	for _, test := range []struct {
		name    string
		request func(*admissionv1.AdmissionRequest)
		want    func(*resource.Resource)
	}{
		{"a pod that is created", func(*admissionv1.AdmissionRequest) {}, func(*resource.Resource) {}},
		{
			"an update carries the old object as well",
			func(r *admissionv1.AdmissionRequest) {
				r.Operation, r.OldObject.Raw = admissionv1.Update, []byte(oldText)
			},
			func(r *resource.Resource) { r.Operation, r.OldObject = resource.Update, []byte(oldText) },
		},
		{
			"a deletion judges the old object",
			func(r *admissionv1.AdmissionRequest) {
				r.Operation, r.Object.Raw, r.OldObject.Raw = admissionv1.Delete, nil, []byte(oldText)
			},
			func(r *resource.Resource) { r.Operation, r.Object = resource.Delete, []byte(oldText) },
		},
		{
			"a name that the server will generate ends in an asterisk",
			func(r *admissionv1.AdmissionRequest) { r.Name, r.Object.Raw = "", []byte(generated) },
			func(r *resource.Resource) { r.Name, r.UID, r.Object = "web-*", "", []byte(generated) },
		},
		{
			"a name that only the object carries",
			func(r *admissionv1.AdmissionRequest) { r.Name = "" },
			func(*resource.Resource) {},
		},
		{
			"the request's name wins over the object's",
			func(r *admissionv1.AdmissionRequest) { r.Name = "other" },
			func(r *resource.Resource) { r.Name = "other" },
		},
		{
			"the request's namespace wins over the object's",
			func(r *admissionv1.AdmissionRequest) { r.Namespace = "other" },
			func(r *resource.Resource) { r.Identity.Namespace = "other" },
		},
		{
			"an object without metadata",
			func(r *admissionv1.AdmissionRequest) { r.Name, r.Object.Raw = "", []byte(`{}`) },
			func(r *resource.Resource) { r.Name, r.UID, r.Object = "", "", []byte(`{}`) },
		},
		{
			"a subresource",
			func(r *admissionv1.AdmissionRequest) {
				r.Operation, r.SubResource = admissionv1.Update, "ephemeralcontainers"
			},
			func(r *resource.Resource) {
				r.Operation, r.Subresource = resource.Update, "ephemeralcontainers"
			},
		},
		{
			"a connection",
			func(r *admissionv1.AdmissionRequest) { r.Operation = admissionv1.Connect },
			func(r *resource.Resource) { r.Operation = resource.Connect },
		},
		{
			"a dry run",
			func(r *admissionv1.AdmissionRequest) { r.DryRun = &yes },
			func(r *resource.Resource) { r.DryRun = true },
		},
		{
			"no dry run in so many words",
			func(r *admissionv1.AdmissionRequest) { r.DryRun = &no },
			func(*resource.Resource) {},
		},
		{
			"the owner that is the controller",
			func(r *admissionv1.AdmissionRequest) { r.Object.Raw = []byte(owned) },
			func(r *resource.Resource) {
				r.UID, r.Object = "", []byte(owned)
				r.Owner = &resource.Owner{GroupKind: schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}, Name: "web-5", UID: "u2"}
			},
		},
		{
			"a namespace is in no namespace",
			func(r *admissionv1.AdmissionRequest) {
				r.Kind.Kind, r.Name, r.Namespace = "Namespace", "shop", "shop"
			},
			func(r *resource.Resource) {
				r.Kind, r.Name, r.Identity.Namespace = "Namespace", "shop", ""
			},
		},
		{
			"another group's kind called Namespace stays in its namespace",
			func(r *admissionv1.AdmissionRequest) {
				r.Kind.Group, r.Kind.Kind = "example.org", "Namespace"
			},
			func(r *resource.Resource) { r.APIVersion, r.Kind = "example.org/v1", "Namespace" },
		},
		{
			"the kind is the request's, not the object's",
			func(r *admissionv1.AdmissionRequest) {
				r.Kind = metav1.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"}
			},
			func(r *resource.Resource) { r.APIVersion, r.Kind = "apps/v1", "Deployment" },
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := podRequest(test.request)
			got, err := resource.FromAdmission(request)
			if err != nil {
				t.Fatal(err)
			}
			if got.Request != request {
				t.Error("the request itself is not known")
			}
			got.Request = nil
			if diff := cmp.Diff(podResource(test.want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFromAdmissionRefusesWhatCannotBeJudged(t *testing.T) {
	for _, test := range []struct {
		name     string
		request  func(*admissionv1.AdmissionRequest)
		message  string
		noObject bool
	}{
		{"no object", func(r *admissionv1.AdmissionRequest) { r.Object.Raw = nil }, "carries no object", true},
		{"a creation with an old object only", func(r *admissionv1.AdmissionRequest) {
			r.Object.Raw, r.OldObject.Raw = nil, []byte(oldText)
		}, "carries no object", true},
		{"a deletion without an old object", func(r *admissionv1.AdmissionRequest) {
			r.Operation = admissionv1.Delete
		}, "carries no object", true},
		{"a list", func(r *admissionv1.AdmissionRequest) { r.Object.Raw = []byte(`[]`) }, "object: not a JSON object", false},
		{"null", func(r *admissionv1.AdmissionRequest) { r.Object.Raw = []byte(`null`) }, "object: not a JSON object", false},
		{"a word", func(r *admissionv1.AdmissionRequest) { r.Object.Raw = []byte(`pod`) }, "object: ", false},
		{"white space", func(r *admissionv1.AdmissionRequest) { r.Object.Raw = []byte(" \n") }, "object: the JSON ends too early", false},
		{"an object cut off in its metadata", func(r *admissionv1.AdmissionRequest) {
			r.Object.Raw = []byte(podText[:60])
		}, "object: metadata: the JSON ends too early", false},
		{"metadata that is a list", func(r *admissionv1.AdmissionRequest) {
			r.Object.Raw = []byte(`{"metadata":[]}`)
		}, "object: metadata: ", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			res, err := resource.FromAdmission(podRequest(test.request))
			if res != nil || err == nil || !strings.Contains(err.Error(), test.message) {
				t.Errorf("got %v, error %v; want an error with %q", res, err, test.message)
			}
			if errors.Is(err, resource.ErrNoObject) != test.noObject {
				t.Errorf("error %v; is ErrNoObject: want %t", err, test.noObject)
			}
		})
	}
}
