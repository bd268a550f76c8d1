// SD-JWT VC by the package @sd-jwt/sd-jwt-vc, over Node's own signatures and digests.
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';

/** JWS algorithm, digest and the curve of a new key. */
const ALGORITHMS = {
  ES256: { digest: 'sha256', make: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  ES384: { digest: 'sha384', make: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }) },
  EdDSA: { digest: null, make: () => generateKeyPairSync('ed25519') },
};

const algorithmOf = (jwk) => ({ 'P-256': 'ES256', 'P-384': 'ES384', Ed25519: 'EdDSA' })[jwk.crv];

const signer = (alg, key) => (data) =>
  sign(ALGORITHMS[alg].digest, Buffer.from(data), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');

const verifier = (jwk) => (data, signature) =>
  verify(ALGORITHMS[algorithmOf(jwk)].digest, Buffer.from(data),
    { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));

const digests = {
  hasher: (data, alg) =>
    new Uint8Array(createHash(alg.replace('-', '')).update(typeof data === 'string' ? data : Buffer.from(data)).digest()),
  saltGenerator: (length) => randomBytes(length).toString('base64url'),
};

export const answers = {
  /** Issues with `frame` (what is disclosable) and presents `show` of it with a key binding. */
  async 'sd-jwt-issue'({ alg = 'ES256', hash = 'sha-256', claims, frame, header, show, nonce, audience, now }) {
    const issuer = ALGORITHMS[alg].make();
    const holder = ALGORITHMS[alg].make();
    const issuer_jwk = issuer.publicKey.export({ format: 'jwk' });
    const holder_jwk = holder.publicKey.export({ format: 'jwk' });
    const sdjwt = new SDJwtVcInstance({
      ...digests,
      hashAlg: hash,
      signAlg: alg,
      signer: signer(alg, issuer.privateKey),
      verifier: verifier(issuer_jwk),
      kbSignAlg: alg,
      kbSigner: signer(alg, holder.privateKey),
    });
    const sd_jwt = await sdjwt.issue({ ...claims, cnf: { jwk: holder_jwk } }, frame, { header });
    const presentation = await sdjwt.present(sd_jwt, show, { kb: { payload: { iat: now, nonce, aud: audience } } });
    return { sd_jwt, presentation, issuer_jwk, holder_jwk };
  },

  /** Verifies a presentation with its key binding, and the status list token that it names where one is given. */
  async 'sd-jwt-verify'({ sd_jwt, issuer_jwk, nonce, audience, now, status_lists = {} }) {
    const sdjwt = new SDJwtVcInstance({
      ...digests,
      hashAlg: 'sha-256',
      verifier: verifier(issuer_jwk),
      kbVerifier: (data, signature, payload) => verifier(payload.cnf.jwk)(data, signature),
      statusListFetcher: async (uri) => status_lists[uri],
      statusVerifier: verifier(issuer_jwk),
      statusValidator: async (status) => {
        if (status !== 0) throw new Error('revoked');
      },
    });
    const result = await sdjwt.verify(sd_jwt, { keyBindingNonce: nonce, currentDate: now });
    if (nonce && !result.kb) throw new Error('no key binding');
    if (result.kb && result.kb.payload.aud !== audience) throw new Error('audience');
    return { claims: result.payload };
  },
};
