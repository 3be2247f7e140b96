package scanner

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func TestTheWebhooksAddressIsHostAndPort(t *testing.T) {
	for address, valid := range map[string]bool{
		"": true, "reeve-webhook.reeve-system.svc:443": true, "[::1]:443": true,
		"reeve-webhook.reeve-system.svc": false, ":443": false, "https://reeve-webhook:443": false, "reeve-webhook:": false,
	} {
		var options Options
		flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
		options.AddFlags(flags)
		if err := flags.Parse([]string{"--webhook-address=" + address}); err != nil {
			t.Fatal(err)
		}
		err := options.validate()
		if (err == nil) != valid || !valid && !strings.HasPrefix(err.Error(), "--webhook-address: ") {
			t.Errorf("%q: error %v, valid should be %t", address, err, valid)
		}
	}
}
