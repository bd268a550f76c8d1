// An issuer over HTTP made of @openid4vc/openid4vci and @openid4vc/oauth2, with @sd-jwt/sd-jwt-vc for the credential:
// the other end of our wallet's issuance. What the packages check of a request is theirs to check; here they are only
// connected. `vci-issuer` starts one, `vci-agree` does what a person does in a browser, `vci-told` says what it heard.
import { createServer } from 'node:http';
import { createHash, randomBytes } from 'node:crypto';
import * as jose from 'jose';
import {
  Oauth2AuthorizationServer,
  Oauth2ResourceServer,
  Oauth2ServerErrorResponseError,
  setGlobalConfig,
} from '@openid4vc/oauth2';
import { Openid4vciIssuer } from '@openid4vc/openid4vci';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';

// Loopback without TLS.
setGlobalConfig({ allowInsecureUrls: true });

const CONFIGURATION = 'library_card';
const VCT = 'https://types.example/library';
const running = new Map();

export const answers = {
  /** A wallet provider's key pair. */
  'vci-provider': async () => {
    const pair = await jose.generateKeyPair('ES256', { extractable: true });
    return { private: await jose.exportJWK(pair.privateKey), public: await jose.exportJWK(pair.publicKey) };
  },
  'vci-issuer': async ({ attester }) => {
    const issuer = new Issuer(attester);
    await issuer.listen();
    running.set(issuer.url, issuer);
    return { url: issuer.url, offers: await issuer.offers() };
  },
  'vci-agree': ({ url, link }) => ({ redirected: running.get(url).agree(link) }),
  'vci-told': ({ url }) => ({ events: running.get(url).events, checks: running.get(url).checks }),
};

/** The callbacks of the packages, by jose. Keys in `ours` sign; `attester` alone vouches for wallets and keys. */
function callbacks(ours, attester) {
  return {
    hash: (data, alg) => new Uint8Array(createHash(alg.replace('-', '')).update(data).digest()),
    generateRandom: (length) => new Uint8Array(randomBytes(length)),
    signJwt: async (signer, { header, payload }) => ({
      jwt: await new jose.SignJWT(payload).setProtectedHeader(header).sign(ours.privateKey),
      signerJwk: ours.publicJwk,
    }),
    verifyJwt: async (signer, { header, compact }) => {
      const attests = ['oauth-client-attestation+jwt', 'key-attestation+jwt'].includes(header.typ);
      const jwk = attests ? attester : signer.publicJwk;
      try {
        await jose.jwtVerify(compact, await jose.importJWK(jwk, header.alg));
        return { verified: true, signerJwk: jwk };
      } catch {
        return { verified: false };
      }
    },
    encryptJwe: () => { throw new Error('nothing is encrypted here'); },
    decryptJwe: () => ({ decrypted: false }),
  };
}

class Issuer {
  constructor(attester) {
    this.attester = attester;
    this.events = [];
    this.checks = [];
    this.pushed = new Map();
    this.codes = new Map();
    this.nonces = new Set();
  }

  async listen() {
    const pair = await jose.generateKeyPair('ES256', { extractable: true });
    const publicJwk = { ...(await jose.exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
    this.keys = { privateKey: pair.privateKey, publicJwk };
    this.callbacks = callbacks(this.keys, this.attester);
    this.issuer = new Openid4vciIssuer({ callbacks: this.callbacks });
    this.server = new Oauth2AuthorizationServer({ callbacks: this.callbacks });
    this.resource = new Oauth2ResourceServer({ callbacks: this.callbacks });
    this.http = createServer((request, response) => this.serve(request, response));
    await new Promise((ready) => this.http.listen(0, '127.0.0.1', ready));
    this.http.unref();
    this.url = `http://127.0.0.1:${this.http.address().port}`;
    const url = this.url;
    this.serverMetadata = this.server.createAuthorizationServerMetadata({
      issuer: url,
      token_endpoint: `${url}/token`,
      authorization_endpoint: `${url}/authorize`,
      pushed_authorization_request_endpoint: `${url}/par`,
      require_pushed_authorization_requests: true,
      jwks_uri: `${url}/jwks`,
      code_challenge_methods_supported: ['S256'],
      dpop_signing_alg_values_supported: ['ES256'],
      token_endpoint_auth_methods_supported: this.attester ? ['attest_jwt_client_auth'] : ['none'],
      authorization_details_types_supported: ['openid_credential'],
      authorization_response_iss_parameter_supported: true,
    });
    const proof = { proof_signing_alg_values_supported: ['ES256'] };
    if (this.attester) proof.key_attestations_required = { key_storage: ['iso_18045_high'] };
    this.metadata = this.issuer.createCredentialIssuerMetadata({
      credential_issuer: url,
      credential_endpoint: `${url}/credential`,
      nonce_endpoint: `${url}/nonce`,
      notification_endpoint: `${url}/notification`,
      batch_credential_issuance: { batch_size: 3 },
      credential_configurations_supported: {
        [CONFIGURATION]: {
          format: 'dc+sd-jwt',
          vct: VCT,
          scope: 'library',
          cryptographic_binding_methods_supported: ['jwk'],
          credential_signing_alg_values_supported: ['ES256'],
          proof_types_supported: { jwt: proof },
        },
      },
    });
    this.all = {
      credentialIssuer: this.metadata,
      authorizationServers: [this.serverMetadata],
      originalDraftVersion: 'V1',
      knownCredentialConfigurations: this.issuer.getKnownCredentialConfigurationsSupported(this.metadata),
    };
  }

  async offers() {
    const offer = async (grants) => {
      const made = await this.issuer.createCredentialOffer({
        credentialConfigurationIds: [CONFIGURATION],
        issuerMetadata: this.all,
        grants,
      });
      return made.credentialOffer;
    };
    const code = 'urn:ietf:params:oauth:grant-type:pre-authorized_code';
    return {
      preAuthorized: await offer({ [code]: { 'pre-authorized_code': 'pre-1', tx_code: { length: 4 } } }),
      authorizationCode: await offer({ authorization_code: { issuer_state: 'state-1' } }),
    };
  }

  /** What the browser is sent back with. */
  agree(link) {
    const asked = new URL(link);
    const request = this.pushed.get(asked.searchParams.get('request_uri'));
    if (!request) throw new Error('nothing was pushed under that name');
    const code = randomBytes(16).toString('base64url');
    this.codes.set(code, request);
    const back = new URL(request.redirect_uri);
    back.searchParams.set('code', code);
    back.searchParams.set('state', request.state);
    back.searchParams.set('iss', this.url);
    return back.toString();
  }

  async serve(request, response) {
    const body = await new Promise((done) => {
      let text = '';
      request.on('data', (part) => { text += part; }).on('end', () => done(text));
    });
    const like = {
      method: request.method,
      url: `${this.url}${request.url}`,
      headers: new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    };
    const send = (status, value) => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(value === undefined ? '' : JSON.stringify(value));
    };
    try {
      const [status, value] = await this.answer(request.url, like, body);
      send(status, value);
    } catch (error) {
      if (error instanceof Oauth2ServerErrorResponseError) {
        send(error.status ?? 400, error.errorResponse);
      } else {
        send(401, { error: 'invalid_token', error_description: String(error?.message ?? error) });
      }
    }
  }

  async answer(path, like, body) {
    const form = () => Object.fromEntries(new URLSearchParams(body));
    switch (path) {
      case '/.well-known/openid-credential-issuer': return [200, this.metadata];
      case '/.well-known/oauth-authorization-server': return [200, this.serverMetadata];
      case '/.well-known/jwt-vc-issuer': return [200, { issuer: this.url, jwks: { keys: [this.keys.publicJwk] } }];
      case '/jwks': return [200, { keys: [this.keys.publicJwk] }];
      case '/nonce': {
        const nonce = randomBytes(16).toString('base64url');
        this.nonces.add(nonce);
        return [200, this.issuer.createNonceResponse({ cNonce: nonce })];
      }
      case '/par': return this.par(like, form());
      case '/token': return this.token(like, form());
      case '/credential': return this.credential(like, JSON.parse(body));
      case '/notification': {
        await this.authorized(like);
        this.events.push(JSON.parse(body).event);
        return [204];
      }
      default: return [404, { error: 'not_found' }];
    }
  }

  /** What the request must carry besides its form. */
  client(parsed) {
    return {
      dpop: { required: true, ...parsed.dpop, allowedSigningAlgs: ['ES256'] },
      clientAttestation: this.attester
        ? { required: true, ensureConfirmationKeyMatchesDpopKey: true, ...parsed.clientAttestation }
        : undefined,
    };
  }

  async par(like, form) {
    if (form.authorization_details) form.authorization_details = JSON.parse(form.authorization_details);
    const parsed = await this.server.parsePushedAuthorizationRequest({ authorizationRequest: form, request: like });
    await this.server.verifyPushedAuthorizationRequest({
      authorizationRequest: parsed.authorizationRequest,
      authorizationServerMetadata: this.serverMetadata,
      request: like,
      ...this.client(parsed),
    });
    if (form.issuer_state !== 'state-1') throw new Error('the offer had a state');
    const name = `urn:ietf:params:oauth:request_uri:${randomBytes(16).toString('base64url')}`;
    this.pushed.set(name, form);
    this.checks.push('pushed');
    const made = this.server.createPushedAuthorizationResponse({ requestUri: name, expiresInSeconds: 60 });
    return [201, made.pushedAuthorizationResponse];
  }

  async token(like, form) {
    const parsed = this.server.parseAccessTokenRequest({ accessTokenRequest: form, request: like });
    const common = {
      accessTokenRequest: parsed.accessTokenRequest,
      authorizationServerMetadata: this.serverMetadata,
      grant: parsed.grant,
      request: like,
      ...this.client(parsed),
    };
    let verified;
    if (parsed.grant.grantType === 'authorization_code') {
      const request = this.codes.get(parsed.grant.code);
      this.codes.delete(parsed.grant.code);
      if (!request || request.redirect_uri !== form.redirect_uri) throw new Error('no such code');
      verified = await this.server.verifyAuthorizationCodeAccessTokenRequest({
        ...common,
        expectedCode: parsed.grant.code,
        pkce: {
          codeChallenge: request.code_challenge,
          codeChallengeMethod: request.code_challenge_method,
          codeVerifier: parsed.pkceCodeVerifier,
        },
      });
      this.checks.push('pkce');
    } else {
      verified = await this.server.verifyPreAuthorizedCodeAccessTokenRequest({
        ...common,
        expectedPreAuthorizedCode: 'pre-1',
        expectedTxCode: '4711',
      });
      this.checks.push('tx_code');
    }
    this.checks.push('dpop');
    if (verified.clientAttestation) this.checks.push('client attestation');
    return [200, await this.server.createAccessTokenResponse({
      audience: this.url,
      authorizationServer: this.url,
      subject: 'somebody',
      expiresInSeconds: 300,
      signer: { method: 'jwk', alg: 'ES256', publicJwk: this.keys.publicJwk, kid: 'k1' },
      dpop: verified.dpop,
    })];
  }

  async authorized(like) {
    await this.resource.verifyResourceRequest({
      authorizationServers: [this.serverMetadata],
      resourceServer: this.url,
      request: like,
      allowedAuthenticationSchemes: ['DPoP'],
    });
  }

  async credential(like, body) {
    await this.authorized(like);
    this.checks.push('dpop-bound token');
    const parsed = this.issuer.parseCredentialRequest({ issuerMetadata: this.all, credentialRequest: body });
    if (parsed.credentialConfigurationId !== CONFIGURATION) throw new Error('another configuration');
    const holders = [];
    for (const jwt of parsed.proofs.jwt) {
      const nonce = jose.decodeJwt(jwt).nonce;
      if (!this.nonces.has(nonce)) throw new Error('another nonce');
      const proof = await this.issuer.verifyCredentialRequestJwtProof({
        issuerMetadata: this.all,
        jwt,
        expectedNonce: nonce,
      });
      if (this.attester && !proof.keyAttestation) throw new Error('no key attestation');
      holders.push(proof.signer.publicJwk);
    }
    this.nonces.clear();
    this.checks.push(this.attester ? 'key attestation' : 'proof');
    const credentials = [];
    for (const jwk of holders) credentials.push({ credential: await this.issue(jwk) });
    return [200, this.issuer.createCredentialResponse({
      credentialRequest: parsed,
      credentials,
      notificationId: 'n-1',
    })];
  }

  async issue(jwk) {
    const signer = async (text) => {
      const made = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, this.keys.privateKey, Buffer.from(text));
      return Buffer.from(made).toString('base64url');
    };
    const sdJwt = new SDJwtVcInstance({
      signer,
      signAlg: 'ES256',
      hasher: (data, alg) => new Uint8Array(createHash(alg.replace('-', '')).update(data).digest()),
      hashAlg: 'sha-256',
      saltGenerator: (length) => randomBytes(length).toString('base64url'),
    });
    const day = 86_400;
    const today = Math.floor(Date.now() / 1000 / day) * day;
    return sdJwt.issue(
      {
        iss: this.url, vct: VCT, iat: today, exp: today + 30 * day, cnf: { jwk },
        family_name: 'SPECIMEN', library_number: '42',
      },
      { _sd: ['family_name', 'library_number'] },
      { header: { kid: 'k1' } },
    );
  }
}
