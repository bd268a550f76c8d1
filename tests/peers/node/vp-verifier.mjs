// A verifier by the package @openid4vc/openid4vp: it asks a wallet over HTTP and judges the answer. The presentation is
// checked by @sd-jwt/sd-jwt-vc, the encryption is jose's, signatures are Node's.
import { createServer } from 'node:http';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto';
import { setGlobalConfig } from '@openid4vc/oauth2';
import { Openid4vpVerifier } from '@openid4vc/openid4vp';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';
import { compactDecrypt, decodeProtectedHeader, importJWK } from 'jose';

// The wallet of these exchanges reaches this machine alone.
setGlobalConfig({ allowInsecureUrls: true });

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

let session;

function callbacks(signing, decryption) {
  return {
    fetch,
    hash: (data, alg) => new Uint8Array(createHash(alg.replace('-', '')).update(data).digest()),
    signJwt(signer, { header, payload }) {
      const input = `${encoded(header)}.${encoded(payload)}`;
      const signature = sign('sha256', Buffer.from(input), { key: signing.privateKey, dsaEncoding: 'ieee-p1363' });
      return { jwt: `${input}.${signature.toString('base64url')}`, signerJwk: signing.publicKey.export({ format: 'jwk' }) };
    },
    verifyJwt: () => { throw new Error('the answer is not a signed JWT'); },
    encryptJwe: () => { throw new Error('a verifier encrypts nothing'); },
    async decryptJwe(jwe) {
      const key = await importJWK(decryption.privateKey.export({ format: 'jwk' }), 'ECDH-ES');
      const { plaintext } = await compactDecrypt(jwe, key);
      return { decrypted: true, decryptionJwk: decryption.publicKey.export({ format: 'jwk' }), payload: new TextDecoder().decode(plaintext) };
    },
  };
}

const body = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

/** SD-JWT VC with key binding, for this nonce and audience, by the issuer's key. */
async function judge(presentation, issuer, nonce, audience) {
  const payload = JSON.parse(Buffer.from(presentation.split('~')[0].split('.')[1], 'base64url'));
  const verifier = (jwk) => (data, signature) => verify('sha256', Buffer.from(data),
    { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
  const instance = new SDJwtVcInstance({
    hasher: (data, alg) => new Uint8Array(createHash(alg.replace('-', '')).update(data).digest()),
    hashAlg: 'sha-256',
    verifier: verifier(issuer),
    kbVerifier: verifier(payload.cnf.jwk),
  });
  const { payload: claims, kb } = await instance.verify(presentation, { keyBindingNonce: nonce });
  if (kb.payload.aud !== audience) throw new Error(`the audience is ${kb.payload.aud}`);
  return { claims, binding: kb.payload };
}

const query = (vct, claims) => ({
  credentials: [{ id: 'pid', format: 'dc+sd-jwt', meta: { vct_values: [vct] }, claims: claims.map((path) => ({ path })) }],
});

/** What this verifier reads, and the key it is answered to where that is to be encrypted. */
const metadata = (mode, decryption) => ({
  vp_formats_supported: { 'dc+sd-jwt': { 'sd-jwt_alg_values': ['ES256'], 'kb-jwt_alg_values': ['ES256'] } },
  ...(mode.endsWith('.jwt') && {
    jwks: { keys: [{ ...decryption.publicKey.export({ format: 'jwk' }), kid: 'enc-1', use: 'enc', alg: 'ECDH-ES' }] },
    encrypted_response_enc_values_supported: ['A256GCM', 'A128GCM'],
  }),
});

export const answers = {
  /** A call of the Digital Credentials API from the page `origin`: the parameters themselves, or a signed request object. */
  async 'vpv-call'({ mode, signed, claims, vct, origin }) {
    const signing = keyPair();
    const decryption = keyPair();
    const did = `did:jwk:${encoded(signing.publicKey.export({ format: 'jwk' }))}`;
    const hands = callbacks(signing, decryption);
    const client = new Openid4vpVerifier({ callbacks: hands });
    const nonce = randomBytes(16).toString('base64url');
    const payload = {
      response_type: 'vp_token',
      response_mode: mode,
      nonce,
      dcql_query: query(vct, claims),
      client_metadata: metadata(mode, decryption),
      ...(signed && { client_id: `decentralized_identifier:${did}`, expected_origins: [origin] }),
    };
    const made = await client.createOpenId4vpAuthorizationRequest({
      authorizationRequestPayload: payload,
      ...(signed && {
        jar: {
          jwtSigner: { method: 'did', didUrl: `${did}#0`, alg: 'ES256' },
          expiresInSeconds: 300,
          additionalJwtPayload: { aud: 'https://self-issued.me/v2' },
        },
      }),
    });
    session = { client, hands, payload, nonce, audience: `origin:${origin}`, origin };
    return {
      protocol: signed ? 'openid4vp-v1-signed' : 'openid4vp-v1-unsigned',
      data: signed ? { request: made.jar.authorizationRequestJwt } : made.authorizationRequestObject,
    };
  },

  /** Begins a session: a request for `claims` of the type `vct`, served at a request URI, answered at a response URI. */
  async 'vpv-start'({ mode, post, claims, vct }) {
    const signing = keyPair();
    const decryption = keyPair();
    const jwk = signing.publicKey.export({ format: 'jwk' });
    const did = `did:jwk:${encoded(jwk)}`;
    const hands = callbacks(signing, decryption);
    const client = new Openid4vpVerifier({ callbacks: hands });
    const nonce = randomBytes(16).toString('base64url');
    const state = randomBytes(16).toString('base64url');
    const server = createServer();
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    const base = `http://127.0.0.1:${server.address().port}`;
    const payload = {
      response_type: 'vp_token',
      response_mode: mode,
      client_id: `decentralized_identifier:${did}`,
      response_uri: `${base}/response`,
      nonce,
      state,
      dcql_query: query(vct, claims),
      client_metadata: metadata(mode, decryption),
    };
    const make = (walletNonce) => client.createOpenId4vpAuthorizationRequest({
      authorizationRequestPayload: { ...payload, ...(walletNonce && { wallet_nonce: walletNonce }) },
      jar: {
        requestUri: `${base}/request`,
        jwtSigner: { method: 'did', didUrl: `${did}#0`, alg: 'ES256' },
        expiresInSeconds: 300,
        additionalJwtPayload: { aud: 'https://self-issued.me/v2' },
      },
      ...(walletNonce && { wallet: { expectedNonce: walletNonce } }),
    });
    const made = await make();
    session = { server, client, hands, payload, nonce, audience: payload.client_id, posted: undefined };
    server.on('request', async (request, response) => {
      const form = Object.fromEntries(new URLSearchParams(await body(request)));
      if (request.url === '/request') {
        session.walletNonce = form.wallet_nonce;
        const object = await make(form.wallet_nonce);
        response.setHeader('Content-Type', 'application/oauth-authz-req+jwt');
        response.end(object.jar.authorizationRequestJwt);
      } else {
        session.posted = form;
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify({ redirect_uri: `${base}/done#response_code=${state}` }));
      }
    });
    return { link: made.authorizationRequest + (post ? '&request_uri_method=post' : ''), redirect: `${base}/done#response_code=${state}` };
  },

  /** Ends the session: what the wallet posted, or what the platform gave back, by the library, and what was disclosed, by
   *  @sd-jwt. */
  async 'vpv-judge'({ issuer, data }) {
    const { server, client, hands, payload, nonce, audience, origin } = session;
    server?.close();
    const posted = data ?? session.posted;
    if (!posted) throw new Error('nothing was posted');
    const response = typeof posted.vp_token === 'string' ? { ...posted, vp_token: JSON.parse(posted.vp_token) } : posted;
    const parsed = await client.parseOpenid4vpAuthorizationResponse({
      authorizationResponse: response, authorizationRequestPayload: payload, callbacks: hands, origin,
    });
    const said = parsed.authorizationResponsePayload;
    if (said.state !== payload.state) throw new Error('another state');
    const [presentation] = said.vp_token.pid;
    const { claims, binding } = await judge(presentation, issuer, nonce, audience);
    return {
      claims, binding,
      enc: posted.response && decodeProtectedHeader(posted.response).enc,
      wallet_nonce: session.walletNonce,
    };
  },
};
