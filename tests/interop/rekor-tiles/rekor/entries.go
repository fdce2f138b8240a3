package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"time"

	v1 "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	pb "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
)

// kind is a signature algorithm that Rekor v2 takes.
type kind struct {
	details  v1.PublicKeyDetails
	hash     crypto.Hash
	hashName v1.HashAlgorithm
	generate func() (crypto.Signer, error)
}

func kinds() []kind {
	curve := func(curve elliptic.Curve) func() (crypto.Signer, error) {
		return func() (crypto.Signer, error) { return ecdsa.GenerateKey(curve, rand.Reader) }
	}
	modulus := func(bits int) func() (crypto.Signer, error) {
		return func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, bits) }
	}
	edwards := func() (crypto.Signer, error) {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	const s256, s384, s512 = v1.HashAlgorithm_SHA2_256, v1.HashAlgorithm_SHA2_384, v1.HashAlgorithm_SHA2_512
	return []kind{
		{v1.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256, crypto.SHA256, s256, curve(elliptic.P256())},
		{v1.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384, crypto.SHA384, s384, curve(elliptic.P384())},
		{v1.PublicKeyDetails_PKIX_ECDSA_P521_SHA_512, crypto.SHA512, s512, curve(elliptic.P521())},
		{v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256, crypto.SHA256, s256, modulus(2048)},
		{v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256, crypto.SHA256, s256, modulus(3072)},
		{v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256, crypto.SHA256, s256, modulus(4096)},
		{v1.PublicKeyDetails_PKIX_ED25519_PH, crypto.SHA512, s512, edwards},
	}
}

// signer has a key of some kind, and says who it is by the key or by a certificate.
type signer struct {
	kind
	key      crypto.Signer
	verifier *pb.Verifier
}

func newSigner(of kind, certified bool) signer {
	key, err := of.generate()
	check(err, "key")
	verifier := &pb.Verifier{KeyDetails: of.details}
	if certified {
		certificate := &v1.X509Certificate{RawBytes: selfSigned(key)}
		verifier.Verifier = &pb.Verifier_X509Certificate{X509Certificate: certificate}
	} else {
		spki, err := x509.MarshalPKIXPublicKey(key.Public())
		check(err, "public key")
		verifier.Verifier = &pb.Verifier_PublicKey{PublicKey: &pb.PublicKey{RawBytes: spki}}
	}
	return signer{kind: of, key: key, verifier: verifier}
}

// request is the entry for an artifact.
func (s signer) request(artifact []byte) *pb.HashedRekordRequestV002 {
	hasher := s.hash.New()
	hasher.Write(artifact)
	digest := hasher.Sum(nil)
	signature, err := s.key.Sign(rand.Reader, digest, s.hash)
	check(err, "signing")
	return &pb.HashedRekordRequestV002{
		Digest:    digest,
		Signature: &pb.Signature{Content: signature, Verifier: s.verifier},
	}
}

func selfSigned(key crypto.Signer) []byte {
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:   big.NewInt(1),
		Subject:        pkix.Name{CommonName: "interop.test"},
		EmailAddresses: []string{"signer@interop.test"},
		NotBefore:      now,
		NotAfter:       now.Add(10 * time.Minute),
		KeyUsage:       x509.KeyUsageDigitalSignature,
		ExtKeyUsage:    []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(err, "certificate")
	return certificate
}
