package main

import (
	"encoding/json"
	"os"
)

// kubeconfigs maps file names to the certificate that each uses.
func kubeconfigs() map[string]string {
	return map[string]string{
		"admin":              "admin",
		"controller-manager": "controller-manager",
		"scheduler":          "scheduler",
		"proxy":              "proxy",
		"node":               "node",
	}
}

// writeKubeconfigs embeds the certificates, so that a copy of the file alone
// is enough to use the cluster.
func writeKubeconfigs(s *state) error {
	for name, cert := range kubeconfigs() {
		data, err := kubeconfig(s, cert)
		if err != nil {
			return err
		}
		if err := writeFileAtomic(s.path(name+".kubeconfig"), data); err != nil {
			return err
		}
	}
	return nil
}

// kubeconfig writes JSON, which is YAML too and needs no library.
func kubeconfig(s *state, cert string) ([]byte, error) {
	type object = map[string]any
	files := map[string][]byte{}
	for _, f := range []string{s.pki().crt("ca"), s.pki().crt(cert), s.pki().key(cert)} {
		data, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		files[f] = data // encoding/json writes bytes as base64, as wanted
	}
	return json.MarshalIndent(object{
		"apiVersion":      "v1",
		"kind":            "Config",
		"current-context": s.Name,
		"clusters": []object{{"name": s.Name, "cluster": object{
			"server":                     s.apiURL(),
			"certificate-authority-data": files[s.pki().crt("ca")],
		}}},
		"users": []object{{"name": cert, "user": object{
			"client-certificate-data": files[s.pki().crt(cert)],
			"client-key-data":         files[s.pki().key(cert)],
		}}},
		"contexts": []object{{"name": s.Name, "context": object{"cluster": s.Name, "user": cert}}},
	}, "", "  ")
}
