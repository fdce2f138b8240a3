// @sigstore/sign and @sigstore/verify as a CI job uses them: a certificate for an OIDC token, a timestamp,
// an entry in the log, all found by the signing configuration; then verified in full, as a consumer would.
//
// The log is real; the certificate authority, the timestamp authority and the OIDC provider are `../pki`.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { before, suite, test } from 'node:test';

import { bundleFromJSON, bundleToJSON } from '@sigstore/bundle';
import { SigningConfig, TrustedRoot } from '@sigstore/protobuf-specs';
import { CIContextProvider, bundleBuilderFromSigningConfig } from '@sigstore/sign';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

import { altered, flipped } from './alterations.mjs';

const named = (name) => path.join(process.env.FASTI_INTEROP, name);
const read = (name) => fs.readFileSync(named(name), 'utf8').trim();
const CONFIG = JSON.parse(read('pki/trust_config.json'));
// A statement, so that it can be the payload of an envelope too.
const STATEMENT = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'an artifact', digest: { sha256: '00'.repeat(32) } }],
  predicateType: 'https://interop.test/predicate/v1',
  predicate: {},
};
const ARTIFACT = { data: Buffer.from(JSON.stringify(STATEMENT)), type: 'application/vnd.in-toto+json' };
const WHO = {
  subjectAlternativeName: /^signer@interop\.test$/,
  extensions: { issuer: 'https://issuer.interop.test' },
};

async function signed(bundleType, signingConfig = CONFIG.signingConfig) {
  const builder = bundleBuilderFromSigningConfig({
    signingConfig: SigningConfig.fromJSON(signingConfig),
    identityProvider: new CIContextProvider(),
    bundleType,
  });
  return bundleToJSON(await builder.create(ARTIFACT));
}

// With the thresholds that are the default: one SCT, one log entry, one timestamp.
function verify(json, { root = {}, who = WHO } = {}) {
  const trust = toTrustMaterial(TrustedRoot.fromJSON({ ...CONFIG.trustedRoot, ...root }));
  return new Verifier(trust).verify(toSignedEntity(bundleFromJSON(json), ARTIFACT.data), who);
}

for (const bundleType of ['messageSignature', 'dsseEnvelope']) {
  suite(bundleType, () => {
    let bundle;
    before(async () => {
      for (let n = 0; n < 8; n += 1) bundle = await signed(bundleType);
    });

    test('is accepted', () => {
      const signer = verify(bundle);
      assert.equal(signer.identity.subjectAlternativeName, 'signer@interop.test');
    });

    test('is accepted by fasti verify, for that signer alone', () => {
      fs.writeFileSync(named('bundle.json'), JSON.stringify(bundle));
      fs.writeFileSync(named('artifact'), ARTIFACT.data);
      const verdict = (identity) =>
        spawnSync(process.env.FASTI, [
          ...['verify', '--bundle', named('bundle.json')],
          ...(bundleType === 'messageSignature' ? ['--artifact', named('artifact')] : []),
          ...['--trusted-root', named('pki/trusted_root.json')],
          ...['--certificate-identity', identity],
          ...['--certificate-oidc-issuer', WHO.extensions.issuer],
        ]);
      const accepted = verdict('signer@interop.test');
      assert.equal(accepted.status, 0, String(accepted.stderr));
      assert.equal(verdict('stranger@interop.test').status, 1);
    });

    // It does not know the kind of entry that an envelope gets.
    if (bundleType === 'messageSignature') {
      test('is accepted by sigstore-python', () => {
        fs.writeFileSync(named('bundle.json'), JSON.stringify(bundle));
        fs.writeFileSync(named('artifact'), ARTIFACT.data);
        const verdict = spawnSync(process.env.FASTI_INTEROP_PYTHON, [
          ...['-m', 'sigstore', '--trust-config', named('pki/trust_config.json')],
          ...['verify', 'identity', '--bundle', named('bundle.json')],
          ...['--cert-identity', 'signer@interop.test'],
          ...['--cert-oidc-issuer', WHO.extensions.issuer],
          named('artifact'),
        ]);
        assert.equal(verdict.status, 0, String(verdict.stderr));
      });
    }

    test('with a part of the log entry altered is refused', () => {
      const [entry] = bundle.verificationMaterial.tlogEntries;
      for (const [name, copy, why] of altered(entry)) {
        const changed = structuredClone(bundle);
        changed.verificationMaterial.tlogEntries = [copy];
        assert.throws(() => verify(changed), { name: 'VerificationError', message: why }, name);
      }
    });

    test('with another timestamp, or none, is refused', () => {
      const changed = structuredClone(bundle);
      const { timestampVerificationData: times } = changed.verificationMaterial;
      const [time] = times.rfc3161Timestamps;
      time.signedTimestamp = flipped(time.signedTimestamp, -1);
      assert.throws(() => verify(changed), { code: 'TIMESTAMP_ERROR' });
      times.rfc3161Timestamps = [];
      assert.throws(() => verify(changed), { code: 'TIMESTAMP_ERROR' });
    });

    test('by somebody else is refused', () => {
      const stranger = { ...WHO, subjectAlternativeName: /^stranger@interop\.test$/ };
      assert.throws(() => verify(bundle, { who: stranger }), { code: 'UNTRUSTED_SIGNER_ERROR' });
      const elsewhere = { ...WHO, extensions: { issuer: 'https://elsewhere.test' } };
      assert.throws(() => verify(bundle, { who: elsewhere }), { code: 'UNTRUSTED_SIGNER_ERROR' });
    });

    test('is refused by whoever trusts another log, or no authority', () => {
      const { tlogs } = JSON.parse(read('other.trusted_root.json'));
      assert.throws(() => verify(bundle, { root: { tlogs } }), {
        message: /invalid checkpoint signature/,
      });
      for (const [part, code] of [
        ['certificateAuthorities', 'CERTIFICATE_ERROR'],
        ['ctlogs', 'CERTIFICATE_ERROR'],
        ['timestampAuthorities', 'TIMESTAMP_ERROR'],
      ]) {
        assert.throws(() => verify(bundle, { root: { [part]: [] } }), { code }, part);
      }
    });
  });
}

// The log's own description of itself for clients of Rekor v1; and no timestamp authority.
suite("with Rekor v1's API", () => {
  const { caUrls, oidcUrls } = CONFIG.signingConfig;
  const signingConfig = { ...JSON.parse(read('v1.signing_config.json')), caUrls, oidcUrls };
  const { tlogs } = JSON.parse(read('v1.trusted_root.json'));

  for (const [bundleType, kind] of [['messageSignature', 'hashedrekord'], ['dsseEnvelope', 'dsse']]) {
    test(`${bundleType} is accepted with the time of the log, and no other`, async () => {
      const bundle = await signed(bundleType, signingConfig);
      const [entry] = bundle.verificationMaterial.tlogEntries;
      assert.deepEqual(entry.kindVersion, { kind, version: '0.0.1' });
      verify(bundle, { root: { tlogs } });
      const refused = { message: /inclusion promise could not be verified/ };
      const [own] = tlogs;
      assert.throws(() => verify(bundle), refused, 'another log');
      assert.throws(() => verify(bundle, { root: { tlogs: [own] } }), refused, 'its other key');
      entry.integratedTime = String(Number(entry.integratedTime) + 1);
      assert.throws(() => verify(bundle, { root: { tlogs } }), refused, 'another time');
    });
  }
});
