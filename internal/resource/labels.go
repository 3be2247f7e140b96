package resource

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Labels reads the labels of an object from its JSON, without parsing what comes
// after its metadata. It fails when that is malformed.
func Labels(raw []byte) (map[string]string, error) {
	decoder := decoders.Get().(*jsontext.Decoder)
	decoder.Reset(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true))
	defer func() {
		decoder.Reset(bytes.NewReader(nil)) // lets go of raw
		decoders.Put(decoder)
	}()
	if _, err := decoder.ReadToken(); err != nil {
		return nil, cleanJSONError(err)
	}
	for decoder.PeekKind() == '"' {
		key, err := decoder.ReadToken()
		if err != nil {
			return nil, cleanJSONError(err)
		}
		if key.String() == "metadata" {
			var metadata struct {
				Labels map[string]string `json:"labels"`
			}
			if err := json.UnmarshalDecode(decoder, &metadata); err != nil {
				return nil, fmt.Errorf("metadata: %w", cleanJSONError(err))
			}
			return metadata.Labels, nil
		}
		if err := decoder.SkipValue(); err != nil {
			return nil, cleanJSONError(err)
		}
	}
	return nil, nil
}
