package integration_test

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// freeAddress returns an address that nothing listens on, and that nothing but
// the test will: its port is below those that Linux hands out by itself (from
// 32768 on, ip_local_port_range), and until the test ends the same port of
// another loopback address keeps other tests away.
func freeAddress(t *testing.T) string {
	t.Helper()
	const lowest, ports, attempts = 20000, 12000, 100
	for range attempts {
		port := strconv.Itoa(lowest + rand.IntN(ports))
		claim, err := net.Listen("tcp", "127.0.0.2:"+port)
		if err != nil {
			continue
		}
		address := "127.0.0.1:" + port
		probe, err := net.Listen("tcp", address)
		if err != nil {
			_ = claim.Close()
			continue
		}
		_ = probe.Close()
		t.Cleanup(func() { _ = claim.Close() })
		return address
	}
	t.Fatalf("no free port in %d attempts", attempts)
	return ""
}
