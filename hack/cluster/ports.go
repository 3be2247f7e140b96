package main

import (
	"fmt"
	"net"
)

// preferredPorts keeps addresses the same from one `up` to the next where it
// can; a port in use is replaced by any free one.
func preferredPorts() map[string]int {
	return map[string]int{
		"apiserver":          26443,
		"etcd":               22379,
		"etcd-peer":          22380,
		"controller-manager": 20257,
		"scheduler":          20259,
		"kubelet":            20250,
		"kubelet-health":     20248,
		"proxy-health":       20256,
		"proxy-metrics":      20249,
	}
}

// choosePorts finds a free port for each name. A port that the user asked for
// is taken or refused, never replaced.
func choosePorts(apiserver int) (map[string]int, error) {
	ports := map[string]int{}
	// All listeners stay open until the end, so that no port is given twice.
	var open []net.Listener
	defer func() {
		for _, l := range open {
			_ = l.Close()
		}
	}()
	for name, port := range preferredPorts() {
		asked := name == "apiserver" && apiserver != 0
		if asked {
			port = apiserver
		}
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil && asked {
			return nil, fmt.Errorf("port %d: %w", port, err)
		}
		if err != nil {
			if l, err = net.Listen("tcp", ":0"); err != nil {
				return nil, err
			}
		}
		open = append(open, l)
		ports[name] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
