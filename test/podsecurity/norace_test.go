//go:build !race

package podsecurity_test

const raceDetector = false
