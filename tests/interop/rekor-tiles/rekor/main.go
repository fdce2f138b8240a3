// Rekor writes to a log and reads from it with the clients of rekor-tiles, and verifies all that comes
// back with its `pkg/verify`: keys and certificates of every kind, many writers at once, tampering.
//
// Usage: rekor URL TRUSTED-ROOT OTHER-TRUSTED-ROOT
//
// The log has to be empty. OTHER-TRUSTED-ROOT is of another log with the same origin.
package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"

	trustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/rekor-tiles/v2/pkg/client/read"
	"github.com/sigstore/rekor-tiles/v2/pkg/client/write"
	"github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/sigstore/pkg/signature"
	sumdb_note "golang.org/x/mod/sumdb/note"
	"google.golang.org/protobuf/encoding/protojson"
)

// trustedLog is the one log of a trusted root.
type trustedLog struct {
	id       []byte
	origin   string
	key      signature.Verifier
	verifier sumdb_note.Verifier
}

func main() {
	if len(os.Args) != 4 {
		fail("usage: rekor URL TRUSTED-ROOT OTHER-TRUSTED-ROOT")
	}
	ctx := context.Background()
	at, log, other := os.Args[1], trust(os.Args[2]), trust(os.Args[3])
	writer, err := write.NewWriter(at)
	check(err, "write client")
	for _, under := range []string{"", "/api/v2"} {
		reader, err := read.NewReader(at+under, log.origin, log.key)
		check(err, "read client")
		t := trial{log: log, other: other, writer: writer, reader: reader}
		if under == "" {
			t.everyKind(ctx)
			t.refuseRequests(ctx)
			t.manyAtOnce(ctx)
		}
		t.readAll(ctx)
	}
	overGRPC(ctx, at, log)
}

// trust reads a trusted root; the log's origin is the host of its URL.
func trust(path string) trustedLog {
	text, err := os.ReadFile(path)
	check(err, "trusted root")
	var trusted trustroot.TrustedRoot
	check(protojson.Unmarshal(text, &trusted), "trusted root")
	if len(trusted.Tlogs) != 1 {
		fail("%s does not name one log", path)
	}
	log := trusted.Tlogs[0]
	base, err := url.Parse(log.BaseUrl)
	check(err, "baseUrl")
	public, err := x509.ParsePKIXPublicKey(log.PublicKey.RawBytes)
	check(err, "the log's key")
	key, err := signature.LoadDefaultVerifier(public)
	check(err, "the log's key")
	verifier, err := note.NewNoteVerifier(base.Hostname(), key)
	check(err, "note verifier")
	_, id, err := note.KeyHash(base.Hostname(), public)
	check(err, "key ID")
	if !bytes.Equal(id, log.LogId.KeyId) {
		fail("the trusted root says that the key ID is %x, it is %x", log.LogId.KeyId, id)
	}
	return trustedLog{id: id, origin: base.Hostname(), key: key, verifier: verifier}
}

// refused ends the program if there was no error.
func refused(err error, what string) {
	if err == nil {
		fail("%s was accepted", what)
	}
}

func check(err error, what string) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "rekor: "+format+"\n", arguments...)
	os.Exit(1)
}
