package gator

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Assertion is something that must be true of the violations that a constraint
// finds.
type Assertion struct {
	// Violations is how many there are: yes, which is the default, for some.
	Violations Count `json:"violations"`
	// Message chooses the violations that count, by a regular expression; nil
	// chooses all.
	Message *string `json:"message"`
}

// Count is a number of violations, or yes or no.
type Count struct {
	kind   countKind
	number int
}

type countKind uint8

const (
	countSome countKind = iota // the zero value: yes
	countNone
	countNumber
)

// errCount says what a count may be.
var errCount = errors.New("use yes, no or a number from 0")

// UnmarshalJSON reads yes, no or a number. YAML readers take yes and no, unless
// they are in quotes, for true and false.
func (c *Count) UnmarshalJSON(raw []byte) error {
	var text string
	switch kind := jsontext.Value(raw).Kind(); kind {
	case 'n':
		return nil
	case '"':
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
	default:
		text = string(raw)
	}
	switch text {
	case "yes", "true":
		*c = Count{kind: countSome}
	case "no", "false":
		*c = Count{kind: countNone}
	default:
		number, err := strconv.Atoi(text)
		if err != nil || number < 0 || jsontext.Value(raw).Kind() == '"' {
			return fmt.Errorf("%s is no number of violations; %w", raw, errCount)
		}
		*c = Count{kind: countNumber, number: number}
	}
	return nil
}

// met tells whether a number is the wanted one.
func (c Count) met(number int) bool {
	switch c.kind {
	case countSome:
		return number > 0
	case countNone:
		return number == 0
	}
	return number == c.number
}

// String returns the count in the words of a message.
func (c Count) String() string {
	switch c.kind {
	case countSome:
		return "at least 1"
	case countNone:
		return "none"
	}
	return "exactly " + strconv.Itoa(c.number)
}

// check returns why the assertion does not hold of the given messages, or nil.
func (a Assertion) check(messages []string) error {
	matching, which := len(messages), ""
	if a.Message != nil {
		expression, err := regexp.Compile(*a.Message)
		if err != nil {
			return fmt.Errorf("assertion: message: %w", err)
		}
		matching, which = 0, fmt.Sprintf(" with %q in the message", *a.Message)
		for _, message := range messages {
			if expression.MatchString(message) {
				matching++
			}
		}
	}
	if a.Violations.met(matching) {
		return nil
	}
	noun := "violations"
	if matching == 1 {
		noun = "violation"
	}
	return fmt.Errorf("%d %s%s, want %s; %s", matching, noun, which, a.Violations, listed(messages))
}

// listed returns the messages of all violations, one below the other.
func listed(messages []string) string {
	if len(messages) == 0 {
		return "there are none at all"
	}
	return "all there are:\n- " + strings.Join(messages, "\n- ")
}
