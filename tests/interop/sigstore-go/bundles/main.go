// Bundles has sigstore-go sign, log and verify with keys of every kind, and refuse what was altered.
//
// Usage: bundles own-key TRUSTED-ROOT SIGNING-CONFIG OTHER-TRUSTED-ROOT
// or:    bundles v1 TRUSTED-ROOT SIGNING-CONFIG OTHER-TRUSTED-ROOT
// or:    bundles keyless|keyless-v1 TRUSTED-ROOT SIGNING-CONFIG OTHER-TRUSTED-ROOT TOKEN
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

var artifact = []byte("an artifact")

const statement = `{"_type": "https://in-toto.io/Statement/v1",
	"subject": [{"name": "artifact", "digest": {"sha256": "%x"}}],
	"predicateType": "https://interop.test/predicate/v1", "predicate": {"built": "somewhere"}}`

func main() {
	if len(os.Args) < 5 {
		fail("usage: bundles own-key|v1|keyless|keyless-v1 TRUSTED-ROOT SIGNING-CONFIG OTHER-TRUSTED-ROOT [TOKEN]")
	}
	trusted, err := root.NewTrustedRootFromPath(os.Args[2])
	check(err, "trusted root")
	config, err := root.NewSigningConfigFromPath(os.Args[3])
	check(err, "signing configuration")
	other, err := root.NewTrustedRootFromPath(os.Args[4])
	check(err, "other trusted root")
	t := trial{trusted: trusted, other: other, config: config}
	switch {
	case os.Args[1] == "own-key":
		t.ownKeys(kinds, verify.WithNoObserverTimestamps())
	case os.Args[1] == "v1":
		// The time is the log's, which has signed for it.
		t.ownKeys(kindsOfV1, verify.WithIntegratedTimestamps(1))
	case os.Args[1] == "keyless" && len(os.Args) == 6:
		token, err := os.ReadFile(os.Args[5])
		check(err, "token")
		t.keyless(string(token), verify.WithSignedTimestamps(1))
	case os.Args[1] == "keyless-v1" && len(os.Args) == 6:
		token, err := os.ReadFile(os.Args[5])
		check(err, "token")
		t.keyless(string(token), verify.WithIntegratedTimestamps(1))
	default:
		fail("there is no %q, or it lacks its token", os.Args[1])
	}
}

// logs are the transparency logs of the signing configuration.
func (t trial) logs() []sign.Transparency {
	services, err := root.SelectServices(t.config.RekorLogURLs(), t.config.RekorLogURLsConfig(),
		sign.RekorAPIVersions, time.Now())
	check(err, "choosing a log")
	var logs []sign.Transparency
	for _, service := range services {
		logs = append(logs, sign.NewRekor(&sign.RekorOptions{BaseURL: service.URL, Version: service.MajorAPIVersion}))
	}
	return logs
}

// timestampAuthorities are those of the signing configuration, if it has any.
func (t trial) timestampAuthorities() []*sign.TimestampAuthority {
	if len(t.config.TimestampAuthorityURLs()) == 0 {
		return nil
	}
	services, err := root.SelectServices(t.config.TimestampAuthorityURLs(), t.config.TimestampAuthorityURLsConfig(),
		sign.TimestampAuthorityAPIVersions, time.Now())
	check(err, "choosing a timestamp authority")
	var authorities []*sign.TimestampAuthority
	for _, service := range services {
		options := &sign.TimestampAuthorityOptions{URL: service.URL}
		authorities = append(authorities, sign.NewTimestampAuthority(options))
	}
	return authorities
}

func check(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "bundles: "+format+"\n", arguments...)
	os.Exit(1)
}
