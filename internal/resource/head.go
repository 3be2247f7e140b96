package resource

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// metadata is the part of ObjectMeta that identifies an object.
type metadata struct {
	Name            string           `json:"name"`
	GenerateName    string           `json:"generateName"`
	Namespace       string           `json:"namespace"`
	UID             string           `json:"uid"`
	ResourceVersion string           `json:"resourceVersion"`
	OwnerReferences []ownerReference `json:"ownerReferences"`
}

type ownerReference struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
	Controller bool   `json:"controller"`
}

// head is what identifies an object, read without parsing the rest.
type head struct {
	apiVersion string
	kind       string
	metadata   metadata
}

// decoders spares a decoder and its cache of strings, 5 KB, per object.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// readHead reads apiVersion, kind and metadata of the JSON object in raw. It
// stops as soon as it has all three: they come first in what API servers write.
func readHead(raw []byte) (head, error) {
	var h head
	decoder := decoders.Get().(*jsontext.Decoder)
	decoder.Reset(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true))
	defer func() {
		decoder.Reset(bytes.NewReader(nil)) // lets go of raw
		decoders.Put(decoder)
	}()
	token, err := decoder.ReadToken()
	if err != nil {
		return h, cleanJSONError(err)
	}
	if token.Kind() != '{' {
		return h, errors.New("not a JSON object")
	}
	missing := 3
	for missing > 0 && decoder.PeekKind() != '}' {
		key, err := decoder.ReadToken()
		if err != nil {
			return h, cleanJSONError(err)
		}
		name := key.String() // the token is void once decoding goes on
		switch name {
		case "apiVersion":
			err = json.UnmarshalDecode(decoder, &h.apiVersion)
		case "kind":
			err = json.UnmarshalDecode(decoder, &h.kind)
		case "metadata":
			err = json.UnmarshalDecode(decoder, &h.metadata)
		default:
			missing++
			err = decoder.SkipValue()
		}
		missing--
		if err != nil {
			return h, fmt.Errorf("%s: %w", name, cleanJSONError(err))
		}
	}
	return h, nil
}

// cleanJSONError says in plain words that input ended too early.
func cleanJSONError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON ends too early")
	}
	return err
}

// name returns the object's name, or its generateName followed by an asterisk
// while the API server has not chosen one.
func (m metadata) name() string {
	if m.Name == "" && m.GenerateName != "" {
		return m.GenerateName + "*"
	}
	return m.Name
}

// owner returns the controller among the ownerReferences, or nil.
func (m metadata) owner() *Owner {
	for _, reference := range m.OwnerReferences {
		if reference.Controller {
			groupKind := schema.FromAPIVersionAndKind(reference.APIVersion, reference.Kind).GroupKind()
			return &Owner{GroupKind: groupKind, Name: reference.Name, UID: reference.UID}
		}
	}
	return nil
}
