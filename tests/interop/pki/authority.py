"""A certificate authority shaped like Fulcio, with its certificate transparency log.

A root, an intermediate, and leaves for ten minutes: no subject, the signer's email address as the
critical subject alternative name, the OIDC issuer in Fulcio's extensions, and one embedded SCT
(RFC 6962) that the log's key really signed. All keys live in memory and end with the process.
"""

import base64
import datetime
import hashlib
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

LEAF_LIFETIME = datetime.timedelta(minutes=10)
# Fulcio's extensions for the OIDC issuer: the bare bytes (deprecated), and a DER UTF8String.
ISSUER_V1 = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
ISSUER_V2 = ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
SCT_LIST = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")


def now():
    """X.509 dates have whole seconds."""
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def der(key_or_certificate):
    """A public key as a SubjectPublicKeyInfo, or a certificate."""
    if isinstance(key_or_certificate, x509.Certificate):
        return key_or_certificate.public_bytes(serialization.Encoding.DER)
    return key_or_certificate.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def key_pem(key):
    """A public key as PEM."""
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def raw(data):
    """Bytes as protobuf's JSON has them."""
    return {"rawBytes": base64.b64encode(data).decode()}


def chain_json(name, uri, certificates):
    """A `CertificateAuthority` of a trusted root, lowest certificate first."""
    return {
        "subject": {"organization": "interop.test", "commonName": name},
        "uri": uri,
        "certChain": {"certificates": [raw(der(c)) for c in certificates]},
        "validFor": {"start": (now() - datetime.timedelta(hours=1)).isoformat()},
    }


def key_usage(**usages):
    """The extension with these usages and no other."""
    every = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"]
    every += ["key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{usage: usages.get(usage, False) for usage in every})


class Issuer:
    """A certificate authority's certificate and key."""

    def __init__(self, name, parent=None, path_length=0, purpose=None):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "interop.test"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ])
        parent = parent or self
        builder = parent.builder(self.key.public_key(), self.name, datetime.timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(True, path_length), critical=True)
        builder = builder.add_extension(
            key_usage(key_cert_sign=True, crl_sign=True), critical=True
        )
        if purpose:
            builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        self.certificate = builder.sign(parent.key, hashes.SHA256())

    def builder(self, public_key, subject, lifetime):
        """What all certificates of this issuer have."""
        own = x509.SubjectKeyIdentifier.from_public_key(public_key)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        start = now()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + lifetime)
            .add_extension(own, critical=False)
            .add_extension(issuer, critical=False)
        )


class CtLog:
    """The key of a certificate transparency log: it promises, and keeps no log."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.log_id = hashlib.sha256(der(self.key.public_key())).digest()

    def pem(self):
        """Its public key."""
        return key_pem(self.key.public_key())

    def sct_list(self, tbs, issuer_key):
        """The extension's value for a certificate that would be `tbs` without the extension."""
        milliseconds = int(now().timestamp() * 1000)
        issuer_key_hash = hashlib.sha256(der(issuer_key)).digest()
        length = struct.pack("!I", len(tbs))[1:]
        signed = struct.pack("!BBQH", 0, 0, milliseconds, 1)
        signed += issuer_key_hash + length + tbs + struct.pack("!H", 0)
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        sct = struct.pack("!B32sQH", 0, self.log_id, milliseconds, 0)
        sct += struct.pack("!BBH", 4, 3, len(signature)) + signature
        sct = struct.pack("!H", len(sct)) + sct
        sct = struct.pack("!H", len(sct)) + sct
        return octet_string(sct)

    def json(self, uri):
        """The `TransparencyLogInstance` of a trusted root."""
        start = (now() - datetime.timedelta(hours=1)).isoformat()
        key = raw(der(self.key.public_key()))
        return {
            "baseUrl": uri,
            "hashAlgorithm": "SHA2_256",
            "publicKey": key | {
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": {"start": start},
            },
            "logId": {"keyId": base64.b64encode(self.log_id).decode()},
        }


class Authority:
    """Root, intermediate and certificate transparency log."""

    def __init__(self):
        purpose = ExtendedKeyUsageOID.CODE_SIGNING
        self.root = Issuer("root", path_length=1)
        self.intermediate = Issuer("intermediate", self.root, purpose=purpose)
        self.ct_log = CtLog()

    def chain_pem(self):
        """Both of its certificates."""
        chain = [self.intermediate.certificate, self.root.certificate]
        return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in chain)

    def issue(self, public_key, email, oidc_issuer):
        """A leaf and the chain above it."""
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
        name = x509.SubjectAlternativeName([x509.RFC822Name(email)])
        plain = oidc_issuer.encode()
        builder = (
            self.intermediate.builder(public_key, x509.Name([]), LEAF_LIFETIME)
            .add_extension(key_usage(digital_signature=True), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(name, critical=True)
            .add_extension(x509.UnrecognizedExtension(ISSUER_V1, plain), critical=False)
            .add_extension(x509.UnrecognizedExtension(ISSUER_V2, utf8_string(plain)), critical=False)
        )
        # A log signs the certificate as it is without the log's promise in it.
        key = self.intermediate.key
        draft = builder.sign(key, hashes.SHA256())
        scts = self.ct_log.sct_list(draft.tbs_certificate_bytes, key.public_key())
        builder = builder.add_extension(x509.UnrecognizedExtension(SCT_LIST, scts), critical=False)
        leaf = builder.sign(key, hashes.SHA256())
        return [leaf, self.intermediate.certificate, self.root.certificate]


def octet_string(data):
    """DER of an OCTET STRING."""
    return tlv(0x04, data)


def utf8_string(data):
    """DER of a UTF8String."""
    return tlv(0x0C, data)


def tlv(tag, data):
    """DER of a primitive value of at most 65,535 bytes."""
    if len(data) < 0x80:
        return bytes([tag, len(data)]) + data
    length = len(data).to_bytes(2 if len(data) > 0xFF else 1, "big")
    return bytes([tag, 0x80 | len(length)]) + length + data
