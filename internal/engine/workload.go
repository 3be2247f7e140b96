package engine

import (
	"strconv"
	"strings"

	"github.com/distribution/reference"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/kubereeve/reeve/internal/resource"
)

// workload is the pod template view of a resource: what rules see as
// input.workload, and the containers' kinds, which messages name.
type workload struct {
	view       *ast.Term
	containers map[string]string // kind by name
}

// containerLists are the lists of a pod spec that hold containers.
var containerLists = []struct{ field, kind string }{
	{"containers", "main"},
	{"initContainers", "init"},
	{"ephemeralContainers", "ephemeral"},
}

// images parses image references and remembers the most recent ones: most
// containers of a cluster run few different images.
type images struct {
	parsed *lru.Cache[string, *ast.Term]
}

// imageCacheSize bounds the remembered image references.
const imageCacheSize = 4096

func newImages() *images {
	parsed, err := lru.New[string, *ast.Term](imageCacheSize)
	if err != nil {
		panic(err) // the size is a constant above zero
	}
	return &images{parsed: parsed}
}

// term returns what rules see as a container's image.
func (i *images) term(image string) *ast.Term {
	if term, ok := i.parsed.Get(image); ok {
		return term
	}
	registry, repository, tag, digest := "", "", "", ""
	named, err := reference.ParseNormalizedNamed(image)
	if err == nil {
		registry, repository = reference.Domain(named), reference.Path(named)
		if tagged, ok := named.(reference.Tagged); ok {
			tag = tagged.Tag()
		}
		if digested, ok := named.(reference.Digested); ok {
			digest = digested.Digest().String()
		}
	}
	term := ast.ObjectTerm(
		pair("reference", ast.StringTerm(image)),
		pair("registry", ast.StringTerm(registry)),
		pair("repository", ast.StringTerm(repository)),
		pair("tag", ast.StringTerm(tag)),
		pair("digest", ast.StringTerm(digest)),
		pair("invalid", ast.InternedTerm(err != nil)),
	)
	i.parsed.Add(image, term)
	return term
}

func pair(key string, value *ast.Term) [2]*ast.Term {
	return [2]*ast.Term{word(key), value}
}

// ownWords are the fields that the engine itself reads and writes, made once.
var ownWords = newWords("object", "oldObject", "operation", "parameters", "workload", "user", "namespace",
	"inventory", "name", "kind", "path", "image", "spec", "metadata", "containers", "initContainers",
	"ephemeralContainers", "restartPolicy", "template", "jobTemplate")

func newWords(words ...string) map[string]*ast.Term {
	terms := make(map[string]*ast.Term, len(words))
	for _, w := range words {
		terms[w] = ast.StringTerm(w)
	}
	return terms
}

// word returns the term of a field's name.
func word(name string) *ast.Term {
	if term, ok := ownWords[name]; ok {
		return term
	}
	return ast.InternedTerm(name)
}

// newWorkload builds the view of an object, or returns nil when the kind
// carries no pod template or the object has no pod spec where it belongs.
func newWorkload(object ast.Object, identity resource.Identity, images *images) *workload {
	path, ok := resource.TemplatePath(identity.GroupKind())
	if !ok {
		return nil
	}
	template := object
	for _, field := range path {
		if template = child(template, field); template == nil {
			return nil
		}
	}
	spec := child(template, "spec")
	if spec == nil {
		return nil
	}
	metadata := child(template, "metadata")
	if metadata == nil {
		metadata = ast.NewObject()
	}
	specPath := strings.Join(append(append([]string{}, path...), "spec"), ".")
	w := &workload{containers: make(map[string]string)}
	w.view = ast.ObjectTerm(
		pair("kind", ast.InternedTerm(identity.Kind)),
		pair("metadata", ast.NewTerm(metadata)),
		pair("spec", ast.NewTerm(spec)),
		pair("path", ast.InternedTerm(specPath)),
		pair("containers", w.list(spec, specPath, images)),
	)
	return w
}

// list returns all containers of a pod spec in one array. Anything in the
// containers' place that is no container is passed over: the API server refuses
// it anyway, and a file may hold anything.
func (w *workload) list(spec ast.Object, specPath string, images *images) *ast.Term {
	var terms []*ast.Term
	for _, list := range containerLists {
		containers, ok := value(spec, list.field).(*ast.Array)
		if !ok {
			continue
		}
		for i := range containers.Len() {
			container, ok := containers.Elem(i).Value.(ast.Object)
			if !ok {
				continue
			}
			kind := list.kind
			if kind == "init" && text(container, "restartPolicy") == "Always" {
				kind = "sidecar" // KEP-753
			}
			name := text(container, "name")
			w.containers[name] = kind
			terms = append(terms, ast.ObjectTerm(
				pair("name", ast.StringTerm(name)),
				pair("kind", ast.InternedTerm(kind)),
				pair("path", ast.StringTerm(specPath+"."+list.field+"["+strconv.Itoa(i)+"]")),
				pair("image", images.term(text(container, "image"))),
				pair("spec", containers.Elem(i)),
			))
		}
	}
	return ast.ArrayTerm(terms...)
}

// prefix returns how a message begins that blames a container.
func (w *workload) prefix(container string) string {
	kind := ""
	if w != nil {
		if known := w.containers[container]; known != "" && known != "main" {
			kind = known + " "
		}
	}
	return kind + "container " + strconv.Quote(container) + ": "
}

// value returns the value of a field, or nil.
func value(object ast.Object, field string) ast.Value {
	term := object.Get(word(field))
	if term == nil {
		return nil
	}
	return term.Value
}

// child returns the object in a field, or nil when the field holds anything
// else.
func child(object ast.Object, field string) ast.Object {
	o, _ := value(object, field).(ast.Object)
	return o
}

// text returns the string in a field, or "".
func text(object ast.Object, field string) string {
	s, _ := value(object, field).(ast.String)
	return string(s)
}
