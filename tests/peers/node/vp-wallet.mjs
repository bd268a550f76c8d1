// A wallet by the package @openid4vc/openid4vp: it answers a relying party over HTTP. Signatures, digests and encryption
// are Node's and jose's; the presentation is made by @sd-jwt/sd-jwt-vc.
import { X509Certificate, createHash, createPrivateKey, createPublicKey, ECDH, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { setGlobalConfig } from '@openid4vc/oauth2';
import { Openid4vpClient } from '@openid4vc/openid4vp';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';
import { CompactEncrypt, importJWK } from 'jose';

// The relying party of these exchanges listens on this machine.
setGlobalConfig({ allowInsecureUrls: true });

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** The P-256 key of a did:key, as a JWK. */
function jwkOfDid(did) {
  let number = 0n;
  for (const character of did.replace(/#.*/, '').replace('did:key:z', '')) {
    number = number * 58n + BigInt(BASE58.indexOf(character));
  }
  const bytes = Buffer.from(number.toString(16).padStart(70, '0'), 'hex');
  if (bytes.readUInt16BE(0) !== 0x8024) throw new Error('not a P-256 did:key');
  const point = ECDH.convertKey(bytes.subarray(2), 'prime256v1', undefined, undefined, 'uncompressed');
  return { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
}

const certificate = (base64) => new X509Certificate(Buffer.from(base64, 'base64'));

function jwkOfSigner(signer) {
  if (signer.method === 'did') return jwkOfDid(signer.didUrl);
  if (signer.method === 'x5c') return certificate(signer.x5c[0]).publicKey.export({ format: 'jwk' });
  throw new Error(`a request signed by ${signer.method}`);
}

const callbacks = {
  fetch,
  hash: (data, alg) => new Uint8Array(createHash(alg.replace('-', '')).update(data).digest()),
  verifyJwt(signer, { compact }) {
    const signerJwk = jwkOfSigner(signer);
    const cut = compact.lastIndexOf('.');
    const verified = verify('sha256', Buffer.from(compact.slice(0, cut)),
      { key: createPublicKey({ key: signerJwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
      Buffer.from(compact.slice(cut + 1), 'base64url'));
    return { verified, signerJwk };
  },
  async encryptJwe({ publicJwk, enc, apu, apv }, data) {
    const key = await importJWK(publicJwk, publicJwk.alg);
    const message = new CompactEncrypt(Buffer.from(data)).setProtectedHeader({ alg: publicJwk.alg, enc, kid: publicJwk.kid });
    // Party information is part of the key derivation (RFC 7518 §4.6.2); jose writes it into the header.
    if (apu) message.setKeyManagementParameters({ apu: Buffer.from(apu, 'base64url'), apv: Buffer.from(apv, 'base64url') });
    return { encryptionJwk: publicJwk, jwe: await message.encrypt(key) };
  },
  decryptJwe: () => ({ decrypted: false }),
  signJwt: () => { throw new Error('nothing is to be signed by the wallet itself'); },
  getX509CertificateMetadata: (base64) => ({
    sanDnsNames: (certificate(base64).subjectAltName ?? '').split(', ').filter((name) => name.startsWith('DNS:')).map((name) => name.slice(4)),
    sanUriNames: [],
  }),
};

/** The frame of @sd-jwt for a claims path. */
const frame = (path) => path.reduceRight((inner, step) => ({ [step]: inner }), true);

const merge = (one, other) => {
  for (const [name, value] of Object.entries(other)) {
    one[name] = one[name] && typeof value === 'object' ? merge(one[name], value) : value;
  }
  return one;
};

async function present(sd_jwt, holder_jwk, query, nonce, audience, now) {
  const key = createPrivateKey({ key: holder_jwk, format: 'jwk' });
  const instance = new SDJwtVcInstance({
    hasher: (data, alg) => callbacks.hash(typeof data === 'string' ? data : Buffer.from(data), alg),
    saltGenerator: (length) => randomBytes(length).toString('base64url'),
    hashAlg: 'sha-256',
    kbSignAlg: 'ES256',
    kbSigner: (data) => sign('sha256', Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url'),
  });
  const show = query.claims.map(({ path }) => frame(path)).reduce(merge, {});
  return instance.present(sd_jwt, show, { kb: { payload: { iat: now, nonce, aud: audience } } });
}

export const answers = {
  /** A fresh key of a holder. */
  'vp-key'() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return { public: publicKey.export({ format: 'jwk' }), private: privateKey.export({ format: 'jwk' }) };
  },

  /** Follows `link` (or takes the `request` of the Digital Credentials API at `origin`) and answers with `sd_jwt`. */
  async 'vp-answer'({ link, request, origin, sd_jwt, holder_jwk, now }) {
    const client = new Openid4vpClient({ callbacks });
    const parsed = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: link ?? { request } });
    const resolved = await client.resolveOpenId4vpAuthorizationRequest({ authorizationRequestPayload: parsed.params, origin });
    const asked = resolved.authorizationRequestPayload;
    const query = resolved.dcql.query.credentials.find(({ format }) => format === 'dc+sd-jwt');
    const audience = origin ? `origin:${origin}` : asked.client_id;
    const presentation = await present(sd_jwt, holder_jwk, query, asked.nonce, audience, now);
    const response = await client.createOpenid4vpAuthorizationResponse({
      authorizationRequestPayload: asked,
      origin,
      authorizationResponsePayload: { vp_token: { [query.id]: [presentation] } },
      ...(asked.response_mode.endsWith('.jwt') && {
        jarm: {
          encryption: { nonce: randomBytes(16).toString('base64url') },
          serverMetadata: {
            authorization_signing_alg_values_supported: ['ES256'],
            authorization_encryption_alg_values_supported: ['ECDH-ES'],
            authorization_encryption_enc_values_supported: ['A128GCM', 'A256GCM'],
          },
        },
      }),
    });
    const seen = { client: resolved.client.prefix, mode: asked.response_mode, version: resolved.version };
    if (origin) return { ...seen, data: response.jarm ? { response: response.jarm.responseJwt } : response.authorizationResponsePayload };
    const sent = await client.submitOpenid4vpAuthorizationResponse({
      authorizationRequestPayload: asked,
      authorizationResponsePayload: response.authorizationResponsePayload,
      jarm: response.jarm,
    });
    return { ...seen, status: sent.response.status, body: await sent.response.text() };
  },
};
