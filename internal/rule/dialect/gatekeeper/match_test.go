package gatekeeper_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubereeve/reeve/internal/rule/dialect/gatekeeper"
)

// pod returns a pod of a namespace with the given labels, as in "a=b,c=d".
func pod(namespace, labelled string) *gatekeeper.Object {
	return &gatekeeper.Object{Kind: schema.GroupKind{Kind: "Pod"}, Name: "web", Namespace: namespace, Labels: set(labelled)}
}

// other returns an object without namespace.
func other(group, kind, name, labelled string) *gatekeeper.Object {
	return &gatekeeper.Object{Kind: schema.GroupKind{Group: group, Kind: kind}, Name: name, Labels: set(labelled)}
}

func set(text string) labels.Set {
	parsed, err := labels.ConvertSelectorToLabelsMap(text)
	if err != nil {
		panic(err)
	}
	return parsed
}

func in(name, labelled string) *gatekeeper.Namespace {
	return &gatekeeper.Namespace{Name: name, Labels: set(labelled)}
}

func selects(text string) labels.Selector {
	parsed, err := metav1.ParseToLabelSelector(text)
	if err != nil {
		panic(err)
	}
	selector, err := metav1.LabelSelectorAsSelector(parsed)
	if err != nil {
		panic(err)
	}
	return selector
}

func TestMatchesHoldsObjectsAgainstEveryCriterion(t *testing.T) {
	kinds := func(groups, kinds string) []gatekeeper.Kinds {
		return []gatekeeper.Kinds{{APIGroups: strings.Fields(groups), Kinds: strings.Fields(kinds)}}
	}
	globs := func(texts ...string) (globs []gatekeeper.Glob) {
		for _, text := range texts {
			globs = append(globs, gatekeeper.Glob(text))
		}
		return globs
	}
	generated := pod("shop", "")
	generated.Name, generated.GenerateName = "", "web-"
	namespace := other("", "Namespace", "shop", "team=a")
	node := other("", "Node", "n1", "team=a")
	for _, test := range []struct {
		name    string
		match   gatekeeper.Match
		request gatekeeper.Request
		want    bool
	}{
		{"no criterion at all", gatekeeper.Match{}, gatekeeper.Request{Object: pod("shop", "")}, true},

		{"a kind of the list", gatekeeper.Match{Kinds: kinds("apps batch", "Job Deployment")}, gatekeeper.Request{Object: other("apps", "Deployment", "a", "")}, true},
		{"a kind of another group", gatekeeper.Match{Kinds: kinds("apps", "Pod")}, gatekeeper.Request{Object: pod("shop", "")}, false},
		{"any kind of a group", gatekeeper.Match{Kinds: kinds("apps", "*")}, gatekeeper.Request{Object: other("apps", "Anything", "a", "")}, true},
		{"a kind in any group", gatekeeper.Match{Kinds: kinds("*", "Pod")}, gatekeeper.Request{Object: other("example.org", "Pod", "a", "")}, true},
		{"kinds without groups are of all groups", gatekeeper.Match{Kinds: kinds("", "Pod")}, gatekeeper.Request{Object: other("example.org", "Pod", "a", "")}, true},
		{"groups without kinds have all kinds", gatekeeper.Match{Kinds: kinds("apps", "")}, gatekeeper.Request{Object: pod("shop", "")}, false},
		{"the second entry of kinds", gatekeeper.Match{Kinds: append(kinds("apps", "Deployment"), gatekeeper.Kinds{APIGroups: []string{""}, Kinds: []string{"Pod"}})}, gatekeeper.Request{Object: pod("shop", "")}, true},
		{"a glob inside of a kind is none", gatekeeper.Match{Kinds: kinds("*", "Po*")}, gatekeeper.Request{Object: pod("shop", "")}, false},

		{"scope any", gatekeeper.Match{Scope: "*"}, gatekeeper.Request{Object: node}, true},
		{"scope Cluster and a node", gatekeeper.Match{Scope: "Cluster"}, gatekeeper.Request{Object: node}, true},
		{"scope Cluster and a namespace", gatekeeper.Match{Scope: "Cluster"}, gatekeeper.Request{Object: namespace}, true},
		{"scope Cluster and a namespace in its own namespace", gatekeeper.Match{Scope: "Cluster"}, gatekeeper.Request{Object: namespace, Namespace: in("shop", "")}, true},
		{"scope Cluster and a pod", gatekeeper.Match{Scope: "Cluster"}, gatekeeper.Request{Object: pod("shop", "")}, false},
		{"scope Namespaced and a pod", gatekeeper.Match{Scope: "Namespaced"}, gatekeeper.Request{Object: pod("shop", "")}, true},
		{"scope Namespaced and a pod that only its request puts in a namespace", gatekeeper.Match{Scope: "Namespaced"}, gatekeeper.Request{Object: pod("", ""), Namespace: in("shop", "")}, true},
		{"scope Namespaced and a namespace", gatekeeper.Match{Scope: "Namespaced"}, gatekeeper.Request{Object: namespace, Namespace: in("shop", "")}, false},
		{"a scope there is not", gatekeeper.Match{Scope: "cluster"}, gatekeeper.Request{Object: pod("shop", "")}, true},

		{"a namespace of the list", gatekeeper.Match{Namespaces: globs("blog", "shop")}, gatekeeper.Request{Object: pod("shop", "")}, true},
		{"a namespace that is not in the list", gatekeeper.Match{Namespaces: globs("blog")}, gatekeeper.Request{Object: pod("shop", "")}, false},
		{"the request's namespace wins over the object's", gatekeeper.Match{Namespaces: globs("blog")}, gatekeeper.Request{Object: pod("shop", ""), Namespace: in("blog", "")}, true},
		{"a prefix", gatekeeper.Match{Namespaces: globs("kube-*")}, gatekeeper.Request{Object: pod("kube-system", "")}, true},
		{"a prefix is not a part", gatekeeper.Match{Namespaces: globs("kube-*")}, gatekeeper.Request{Object: pod("my-kube-system", "")}, false},
		{"a suffix", gatekeeper.Match{Namespaces: globs("*-system")}, gatekeeper.Request{Object: pod("kube-system", "")}, true},
		{"a suffix is not a part", gatekeeper.Match{Namespaces: globs("*-system")}, gatekeeper.Request{Object: pod("kube-system-2", "")}, false},
		{"a part", gatekeeper.Match{Namespaces: globs("*e-s*")}, gatekeeper.Request{Object: pod("kube-system", "")}, true},
		{"an asterisk in the middle stands for itself", gatekeeper.Match{Namespaces: globs("kube*tem")}, gatekeeper.Request{Object: pod("kube-system", "")}, false},
		{"a namespace object by its own name", gatekeeper.Match{Namespaces: globs("sh*")}, gatekeeper.Request{Object: namespace}, true},
		{"another group's kind called Namespace is no namespace", gatekeeper.Match{Namespaces: globs("shop")}, gatekeeper.Request{Object: other("example.org", "Namespace", "blog", "")}, true},
		{"namespaces mean no objects without", gatekeeper.Match{Namespaces: globs("blog")}, gatekeeper.Request{Object: node}, true},
		{"an excluded namespace", gatekeeper.Match{ExcludedNamespaces: globs("*-system")}, gatekeeper.Request{Object: pod("kube-system", "")}, false},
		{"excluded wins over listed", gatekeeper.Match{Namespaces: globs("shop"), ExcludedNamespaces: globs("shop")}, gatekeeper.Request{Object: pod("shop", "")}, false},
		{"an excluded namespace object", gatekeeper.Match{ExcludedNamespaces: globs("shop")}, gatekeeper.Request{Object: namespace}, false},
		{"excluded namespaces mean no objects without", gatekeeper.Match{ExcludedNamespaces: globs("*")}, gatekeeper.Request{Object: node}, true},

		{"labels", gatekeeper.Match{LabelSelector: selects("team=a")}, gatekeeper.Request{Object: pod("shop", "team=a")}, true},
		{"other labels", gatekeeper.Match{LabelSelector: selects("team=a")}, gatekeeper.Request{Object: pod("shop", "team=b")}, false},
		{"no labels", gatekeeper.Match{LabelSelector: selects("team")}, gatekeeper.Request{Object: pod("shop", "")}, false},
		{"a label that must not be", gatekeeper.Match{LabelSelector: selects("!team")}, gatekeeper.Request{Object: pod("shop", "")}, true},
		{"a label among several", gatekeeper.Match{LabelSelector: selects("team in (a, b)")}, gatekeeper.Request{Object: pod("shop", "team=b")}, true},
		{"only the old object has the labels", gatekeeper.Match{LabelSelector: selects("team=a")}, gatekeeper.Request{Object: pod("shop", ""), Old: pod("shop", "team=a")}, true},
		{"neither object has the labels", gatekeeper.Match{LabelSelector: selects("team=a")}, gatekeeper.Request{Object: pod("shop", ""), Old: pod("shop", "")}, false},
		{"an old object alone", gatekeeper.Match{LabelSelector: selects("team=a")}, gatekeeper.Request{Old: pod("shop", "team=a")}, true},
		{"no object has all that is asked for", gatekeeper.Match{LabelSelector: selects("team=a"), Namespaces: globs("shop")}, gatekeeper.Request{Object: pod("shop", ""), Old: pod("blog", "team=a")}, false},

		{"labels of the namespace", gatekeeper.Match{NamespaceSelector: selects("team=a")}, gatekeeper.Request{Object: pod("shop", ""), Namespace: in("shop", "team=a")}, true},
		{"other labels of the namespace", gatekeeper.Match{NamespaceSelector: selects("team=a")}, gatekeeper.Request{Object: pod("shop", "team=a"), Namespace: in("shop", "team=b")}, false},
		{"a namespace by its own labels", gatekeeper.Match{NamespaceSelector: selects("team=a")}, gatekeeper.Request{Object: namespace, Namespace: in("shop", "team=b")}, true},
		{"a namespace selector means no objects without", gatekeeper.Match{NamespaceSelector: selects("team=b")}, gatekeeper.Request{Object: node}, true},

		{"the name", gatekeeper.Match{Name: "web"}, gatekeeper.Request{Object: pod("shop", "")}, true},
		{"another name", gatekeeper.Match{Name: "we"}, gatekeeper.Request{Object: pod("shop", "")}, false},
		{"a name by its start", gatekeeper.Match{Name: "we*"}, gatekeeper.Request{Object: pod("shop", "")}, true},
		{"a name by its end", gatekeeper.Match{Name: "*eb"}, gatekeeper.Request{Object: pod("shop", "")}, true},
		{"a name that will be generated, by its start", gatekeeper.Match{Name: "web*"}, gatekeeper.Request{Object: generated}, true},
		{"a name that will be generated, by a part", gatekeeper.Match{Name: "*eb*"}, gatekeeper.Request{Object: generated}, true},
		{"a name that will be generated has no end yet", gatekeeper.Match{Name: "*web-"}, gatekeeper.Request{Object: generated}, false},
		{"a name that will be generated is none yet", gatekeeper.Match{Name: "web-"}, gatekeeper.Request{Object: generated}, false},

		{"any source", gatekeeper.Match{Source: "All"}, gatekeeper.Request{Object: node, Source: gatekeeper.SourceGenerated}, true},
		{"the source is another", gatekeeper.Match{Source: "Generated"}, gatekeeper.Request{Object: node, Source: gatekeeper.SourceOriginal}, false},
		{"the source is the same", gatekeeper.Match{Source: "Original"}, gatekeeper.Request{Object: node, Source: gatekeeper.SourceOriginal}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.match.Matches(test.request)
			if err != nil || got != test.want {
				t.Errorf("matches: %t, error %v; want %t", got, err, test.want)
			}
		})
	}
}

func TestMatchesFailsWhenItCannotBeKnown(t *testing.T) {
	match := gatekeeper.Match{NamespaceSelector: selects("team=a")}
	if _, err := match.Matches(gatekeeper.Request{Object: pod("shop", "team=a")}); err == nil || !strings.Contains(err.Error(), "give its Namespace object as well") {
		t.Errorf("a namespace of which nothing is known: error %v", err)
	}
	match.Name = "other" // comes after the selector, and does not save the day
	if _, err := match.Matches(gatekeeper.Request{Object: pod("shop", "")}); err == nil {
		t.Error("a later criterion that does not match hides that the selector cannot be decided")
	}
	match.Kinds = []gatekeeper.Kinds{{APIGroups: []string{"apps"}, Kinds: []string{"*"}}}
	if matched, err := match.Matches(gatekeeper.Request{Object: pod("shop", "")}); matched || err != nil {
		t.Errorf("a kind that does not match settles it: matched %t, error %v", matched, err)
	}
	if _, err := match.Matches(gatekeeper.Request{}); err == nil {
		t.Error("a request without objects matches something")
	}
}

func TestNoCriteriaMatchEverything(t *testing.T) {
	var match *gatekeeper.Match
	if matched, err := match.Matches(gatekeeper.Request{}); !matched || err != nil {
		t.Errorf("matched %t, error %v", matched, err)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("kube-*", "kube-system", "team=a", "web-")
	f.Add("*", "", "!team", "")
	f.Add("**", "a", "team in (a,b)", "*")
	f.Fuzz(func(t *testing.T, glob, namespace, selector, name string) {
		match := gatekeeper.Match{Namespaces: []gatekeeper.Glob{gatekeeper.Glob(glob)}, Name: gatekeeper.Glob(glob)}
		if parsed, err := labels.Parse(selector); err == nil {
			match.LabelSelector, match.NamespaceSelector = parsed, parsed
		}
		object := &gatekeeper.Object{Kind: schema.GroupKind{Kind: "Pod"}, Name: name, GenerateName: name, Namespace: namespace}
		request := gatekeeper.Request{Object: object, Namespace: &gatekeeper.Namespace{Name: namespace}}
		matched, err := match.Matches(request)
		if err != nil {
			t.Fatalf("everything is known, and still: %v", err)
		}
		match.ExcludedNamespaces = match.Namespaces
		if again, _ := match.Matches(request); matched && again {
			t.Errorf("%q matches namespace %q, although that is excluded by the same words", glob, namespace)
		}
	})
}
