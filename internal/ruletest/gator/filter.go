package gator

import (
	"fmt"
	"regexp"
	"strings"
)

// Filter chooses tests and cases by their names.
type Filter struct {
	test, one *regexp.Regexp // nil matches all
	either    bool           // test alone, which may match the name of either
}

// ParseFilter reads what gator takes as --run: TEST//CASE, two regular
// expressions, or one that may match the name of a test or of a case. Empty
// chooses all.
func ParseFilter(text string) (Filter, error) {
	if text == "" {
		return Filter{}, nil
	}
	test, one, both := strings.Cut(text, "//")
	if strings.Contains(one, "//") {
		return Filter{}, fmt.Errorf("%q has more than one //; use TEST//CASE", text)
	}
	filter := Filter{either: !both}
	var err error
	if filter.test, err = regexp.Compile(test); err != nil {
		return Filter{}, err
	}
	if both {
		filter.one, err = regexp.Compile(one)
	}
	return filter, err
}

// all tells whether the filter chooses everything.
func (f Filter) all() bool { return f.test == nil }

// matchesTest tells whether a test has anything to run.
func (f Filter) matchesTest(test *Test) bool {
	if f.all() || f.test.MatchString(test.Name) {
		return true
	}
	for i := range test.Cases {
		if f.matchesCase(test, &test.Cases[i]) {
			return true
		}
	}
	return false
}

// matchesCase tells whether to run a case.
func (f Filter) matchesCase(test *Test, one *Case) bool {
	switch {
	case f.all():
		return true
	case f.either:
		return f.test.MatchString(one.Name) || f.test.MatchString(test.Name)
	}
	return f.test.MatchString(test.Name) && f.one.MatchString(one.Name)
}
