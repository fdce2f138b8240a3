package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	pbs "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	v1 "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore-go/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"
	"google.golang.org/protobuf/encoding/protojson"
)

// trial is whom to trust, where to sign, and what was done.
type trial struct {
	trusted, other *root.TrustedRoot
	config         *root.SigningConfig
}

// kinds are the algorithms that Rekor v2 and sigstore-go have in common.
var kinds = []v1.PublicKeyDetails{
	v1.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
	v1.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384,
	v1.PublicKeyDetails_PKIX_ECDSA_P521_SHA_512,
	v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256,
	v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256,
	v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256,
	v1.PublicKeyDetails_PKIX_ED25519_PH,
}

// kindsOfV1 are those that Rekor v1 takes for blobs and for envelopes alike: they sign SHA-256.
var kindsOfV1 = []v1.PublicKeyDetails{
	v1.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256,
	v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256,
	v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256,
	v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256,
}

func contents() map[string]sign.Content {
	attestation := fmt.Appendf(nil, statement, sha256.Sum256(artifact))
	return map[string]sign.Content{
		"blob":        &sign.PlainData{Data: artifact},
		"attestation": &sign.DSSEData{Data: attestation, PayloadType: "application/vnd.in-toto+json"},
	}
}

func (t trial) ownKeys(kinds []v1.PublicKeyDetails, times verify.VerifierOption) {
	verified, refused := 0, 0
	for _, kind := range kinds {
		key, err := sign.NewEphemeralKeypair(&sign.EphemeralKeypairOptions{Algorithm: kind})
		check(err, kind.String())
		verifier, err := signature.LoadDefaultVerifier(key.GetPublicKey(), options.WithED25519ph())
		check(err, kind.String())
		public := root.NewTrustedPublicKeyMaterial(func(string) (root.TimeConstrainedVerifier, error) {
			return root.NewExpiringKey(verifier, time.Time{}, time.Time{}), nil
		})
		policy := verify.WithKey()
		for name, content := range contents() {
			what := kind.String() + ", " + name
			signed, err := sign.Bundle(content, key, sign.BundleOptions{TransparencyLogs: t.logs()})
			check(err, what)
			with := func(log root.TrustedMaterial) *verify.Verifier {
				v, err := verify.NewVerifier(root.TrustedMaterialCollection{log, public},
					verify.WithTransparencyLog(1), times)
				check(err, "verifier")
				return v
			}
			refused += judge(what, signed, with(t.trusted), with(t.other), policy)
			refused += judgeTime(what, signed, with(t.trusted), policy)
			verified++
		}
	}
	fmt.Printf("sigstore-go: own keys: %d bundles signed, logged and verified, %d altered refused\n", verified, refused)
}

func (t trial) keyless(token string, times verify.VerifierOption) {
	fulcio, err := root.SelectService(t.config.FulcioCertificateAuthorityURLs(), sign.FulcioAPIVersions, time.Now())
	check(err, "choosing a certificate authority")
	who, err := verify.NewShortCertificateIdentity("https://issuer.interop.test", "", "signer@interop.test", "")
	check(err, "identity")
	with := func(log root.TrustedMaterial) *verify.Verifier {
		v, err := verify.NewVerifier(elsewhere{t.trusted, log}, verify.WithTransparencyLog(1),
			times, verify.WithSignedCertificateTimestamps(1))
		check(err, "verifier")
		return v
	}
	refused := 0
	for name, content := range contents() {
		key, err := sign.NewEphemeralKeypair(nil)
		check(err, "key")
		signed, err := sign.Bundle(content, key, sign.BundleOptions{
			CertificateProvider:        sign.NewFulcio(&sign.FulcioOptions{BaseURL: fulcio.URL}),
			CertificateProviderOptions: &sign.CertificateProviderOptions{IDToken: token},
			TimestampAuthorities:       t.timestampAuthorities(),
			TransparencyLogs:           t.logs(),
		})
		check(err, name)
		policy := verify.WithCertificateIdentity(who)
		refused += judge(name, signed, with(t.trusted), with(t.other), policy)
		refused += judgeTime(name, signed, with(t.trusted), policy)
	}
	fmt.Printf("sigstore-go: keyless: %d bundles signed, logged and verified, %d altered refused\n", len(contents()), refused)
}

// elsewhere has the authorities of one trusted root and the logs of another.
type elsewhere struct {
	*root.TrustedRoot
	logs root.TrustedMaterial
}

func (e elsewhere) RekorLogs() map[string]*root.TransparencyLog { return e.logs.RekorLogs() }

// judge verifies a bundle and sees to it that nothing else is accepted. It gives how much was refused.
func judge(what string, signed *pbs.Bundle, trusted, other *verify.Verifier, policy verify.PolicyOption) int {
	text, err := protojson.Marshal(signed)
	check(err, what)
	accepts := func(by *verify.Verifier, text []byte, artifact string) error {
		var parsed bundle.Bundle
		if err := parsed.UnmarshalJSON(text); err != nil {
			return err
		}
		_, err := by.Verify(&parsed, verify.NewPolicy(verify.WithArtifact(strings.NewReader(artifact)), policy))
		return err
	}
	check(accepts(trusted, text, string(artifact)), what)
	count := 0
	refuse := func(err error, alteration string) {
		if err == nil {
			fail("%s: %s was accepted", what, alteration)
		}
		count++
	}
	refuse(accepts(trusted, text, "another artifact"), "another artifact")
	refuse(accepts(other, text, string(artifact)), "another log")
	for name, alter := range alterations {
		refuse(accepts(trusted, altered(text, name, alter), string(artifact)), "another "+name)
	}
	return count
}

// judgeTime sees to it that no other time of an entry is accepted, if the log has signed for one.
func judgeTime(what string, signed *pbs.Bundle, trusted *verify.Verifier, policy verify.PolicyOption) int {
	entry := signed.VerificationMaterial.TlogEntries[0]
	if entry.InclusionPromise == nil {
		return 0
	}
	entry.IntegratedTime++
	defer func() { entry.IntegratedTime-- }()
	parsed, err := bundle.NewBundle(signed)
	check(err, what)
	policies := verify.NewPolicy(verify.WithArtifact(strings.NewReader(string(artifact))), policy)
	if _, err := trusted.Verify(parsed, policies); err == nil {
		fail("%s: another time was accepted", what)
	}
	return 1
}

// alterations change the log entry of a bundle.
var alterations = map[string]func(entry map[string]any){
	"index": func(entry map[string]any) { entry["logIndex"] = "4096" },
	"proof": func(entry map[string]any) {
		proof := entry["inclusionProof"].(map[string]any)
		hashes, _ := proof["hashes"].([]any)
		proof["hashes"] = append(hashes, strings.Repeat("A", 43)+"=")
	},
	"size": func(entry map[string]any) { alterCheckpoint(entry, 1) },
	"root": func(entry map[string]any) { alterCheckpoint(entry, 2) },
}

// alterCheckpoint puts another character before a line of the checkpoint.
func alterCheckpoint(entry map[string]any, line int) {
	checkpoint := entry["inclusionProof"].(map[string]any)["checkpoint"].(map[string]any)
	lines := strings.Split(checkpoint["envelope"].(string), "\n")
	lines[line] = "1" + strings.TrimPrefix(lines[line], "A")
	checkpoint["envelope"] = strings.Join(lines, "\n")
}

func altered(text []byte, name string, alter func(map[string]any)) []byte {
	var parsed map[string]any
	check(json.Unmarshal(text, &parsed), name)
	entry := parsed["verificationMaterial"].(map[string]any)["tlogEntries"].([]any)[0].(map[string]any)
	alter(entry)
	changed, err := json.Marshal(parsed)
	check(err, name)
	return changed
}
