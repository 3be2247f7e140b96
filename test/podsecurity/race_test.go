//go:build race

package podsecurity_test

// raceDetector makes everything several times slower.
const raceDetector = true
