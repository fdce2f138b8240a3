// @sigstore/sign and @sigstore/verify with a key of one's own and no certificate authority.
//
// Shows what the packages really send to a Rekor v2 log, that the log takes it, and that the answer is
// verified with the trusted root that `fasti trusted-root` printed.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';

import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { DSSEBundleBuilder, MessageSignatureBundleBuilder, RekorWitness } from '@sigstore/sign';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

import { altered, flipped } from './alterations.mjs';
import { recorder } from './recorder.mjs';

const read = (name) => fs.readFileSync(path.join(process.env.FASTI_INTEROP, name), 'utf8').trim();
const ARTIFACT = { data: Buffer.from('an artifact'), type: 'application/vnd.in-toto+json' };
const P256 = 'PKIX_ECDSA_P256_SHA_256';

const key = crypto.createPrivateKey(read('own.key'));
const spki = crypto.createPublicKey(key).export({ type: 'spki', format: 'der' });
const certificate = read('own.pem');
const der = new crypto.X509Certificate(certificate).raw;

// What is given as the public key is what the packages send as the certificate.
function signer(publicKey) {
  return {
    sign: async (data) => ({
      signature: crypto.sign('sha256', data, key),
      key: { $case: 'publicKey', publicKey, hint: 'own' },
    }),
  };
}

function verifier(log) {
  const root = TrustedRoot.fromJSON(JSON.parse(read(`${log}.trusted_root.json`)));
  const trust = toTrustMaterial(root, { own: { rawBytes: spki } });
  return new Verifier(trust, { tlogThreshold: 1, ctlogThreshold: 0, timestampThreshold: 0 });
}

let between;
before(async () => {
  between = await recorder(read('log.url'));
});
after(() => between.close());

function builder(Kind, publicKey = certificate) {
  const witness = new RekorWitness({ rekorBaseURL: between.url, majorApiVersion: 2 });
  return new Kind({ signer: signer(publicKey), witnesses: [witness] });
}

// In JSON and back, as a bundle travels.
async function signed(Kind) {
  return bundleToJSON(await builder(Kind).create(ARTIFACT));
}

const verify = (json, log = 'log') =>
  verifier(log).verify(toSignedEntity(bundleFromJSON(json), ARTIFACT.data));

const digest = (data) => crypto.createHash('sha256').update(data).digest('base64');

test('a message signature is sent as a hashedrekord request', async () => {
  const bundle = await signed(MessageSignatureBundleBuilder);
  assert.deepEqual(between.kept, {
    method: 'POST',
    path: '/api/v2/log/entries',
    body: {
      hashedRekordRequestV002: {
        digest: digest(ARTIFACT.data),
        signature: {
          content: bundle.messageSignature.signature,
          verifier: { x509Certificate: { rawBytes: der.toString('base64') }, keyDetails: P256 },
        },
      },
    },
  });
  verify(bundle);
});

test('an envelope is sent as the retired DSSE request', async () => {
  const bundle = await signed(DSSEBundleBuilder);
  const [{ sig, keyid }] = bundle.dsseEnvelope.signatures;
  assert.deepEqual(between.kept.body, {
    dsseRequestV002: {
      envelope: {
        payload: ARTIFACT.data.toString('base64'),
        payloadType: ARTIFACT.type,
        signatures: [{ sig, keyid }],
      },
      verifiers: [{ x509Certificate: { rawBytes: der.toString('base64') }, keyDetails: P256 }],
    },
  });
  const [entry] = bundle.verificationMaterial.tlogEntries;
  assert.deepEqual(entry.kindVersion, { kind: 'dsse', version: '0.0.2' });
  verify(bundle);
});

test('an envelope without a type is taken: what is empty is not sent', async () => {
  const bundle = bundleToJSON(await builder(DSSEBundleBuilder).create({ data: ARTIFACT.data }));
  assert.equal('payloadType' in between.kept.body.dsseRequestV002.envelope, false);
  verify(bundle);
});

// A defect of the packages: they call a bare public key a certificate. Rekor refuses that too.
for (const Kind of [MessageSignatureBundleBuilder, DSSEBundleBuilder]) {
  test(`${Kind.name}: a bare public key is refused, and the reason arrives`, async () => {
    const pem = crypto.createPublicKey(key).export({ type: 'spki', format: 'pem' });
    await assert.rejects(builder(Kind, pem).create(ARTIFACT), (error) => {
      assert.equal(error.code, 'TLOG_CREATE_ENTRY_ERROR');
      assert.equal(error.cause.statusCode, 400);
      assert.match(error.cause.message, /x509Certificate.*malformed certificate/);
      return true;
    });
  });
}

for (const Kind of [MessageSignatureBundleBuilder, DSSEBundleBuilder]) {
  suite(`${Kind.name}: what was tampered with is refused`, async () => {
    let bundle;
    before(async () => {
      // A neighbourhood, so that the proof has hashes.
      for (let n = 0; n < 20; n += 1) {
        const data = Buffer.from(`neighbour ${n}`);
        await builder(MessageSignatureBundleBuilder).create({ data });
      }
      bundle = await signed(Kind);
      verify(bundle);
    });

    test('parts of the log entry', () => {
      const [entry] = bundle.verificationMaterial.tlogEntries;
      for (const [name, copy, why] of altered(entry)) {
        const changed = structuredClone(bundle);
        changed.verificationMaterial.tlogEntries = [copy];
        assert.throws(() => verify(changed), { name: 'VerificationError', message: why }, name);
      }
    });

    test('the signature', () => {
      const changed = structuredClone(bundle);
      const { messageSignature: message, dsseEnvelope: envelope } = changed;
      if (message) message.signature = flipped(message.signature, -1);
      else envelope.signatures[0].sig = flipped(envelope.signatures[0].sig, -1);
      assert.throws(() => verify(changed), { message: /signature mismatch/ });
    });

    test('what is signed', () => {
      const changed = structuredClone(bundle);
      if (changed.messageSignature) {
        const entity = toSignedEntity(bundleFromJSON(changed), Buffer.from('another'));
        assert.throws(() => verifier('log').verify(entity), { code: 'SIGNATURE_ERROR' });
      } else {
        changed.dsseEnvelope.payload = flipped(changed.dsseEnvelope.payload);
        assert.throws(() => verify(changed), { message: /hash mismatch|digest mismatch/ });
      }
    });

    test("another log's entry", async () => {
      assert.throws(() => verify(bundle, 'other'), { message: /invalid checkpoint signature/ });
    });

    test('no entry', () => {
      const changed = structuredClone(bundle);
      changed.verificationMaterial.tlogEntries = [];
      assert.throws(() => verify(changed));
    });
  });
}
