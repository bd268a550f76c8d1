// A wallet made of @openid4vc/openid4vci: the other end of our issuer. `vci-enrol` is our issuer's own interface, by which a
// person of the specimen register earns an offer; `vci-receive` takes it up as the package does it.
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as jose from 'jose';
import {
  clientAuthenticationAnonymous, clientAuthenticationClientAttestationJwt, clientAuthenticationNone, setGlobalConfig,
} from '@openid4vc/oauth2';
import { Openid4vciClient } from '@openid4vc/openid4vci';

// Loopback without TLS.
setGlobalConfig({ allowInsecureUrls: true });

async function pair() {
  const made = await jose.generateKeyPair('ES256', { extractable: true });
  return { privateKey: made.privateKey, publicJwk: await jose.exportJWK(made.publicKey) };
}

async function call(method, url, { json, body, type, token } = {}) {
  const headers = {};
  if (json !== undefined || type) headers['content-type'] = type ?? 'application/json';
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(url, { method, headers, body: json === undefined ? body : JSON.stringify(json) });
  const said = await answer.json();
  if (!answer.ok) throw new Error(`${url}: ${JSON.stringify(said)}`);
  return said;
}

const CLIENT = 'specimen-wallet';
const BACK = 'http://127.0.0.1/';

/** What a wallet's provider signs, by jose. */
async function attest(provider, typ, payload) {
  const now = Math.floor(Date.now() / 1000);
  return new jose.SignJWT({ iat: now, exp: now + 300, ...payload })
    .setProtectedHeader({ alg: 'ES256', typ, kid: 'provider' })
    .sign(await jose.importJWK(provider, 'ES256'));
}

/** A person in a browser without scripts: opens the link, types the code, agrees; where the browser is sent then. */
async function browse(link, txCode) {
  const first = await fetch(link, { redirect: 'manual' });
  const cookie = first.headers.get('set-cookie').split(';')[0];
  const page = await fetch(first.headers.get('location'), { headers: { cookie } });
  const [form] = (await page.text()).match(/<form[^>]*>[^]*?<\/form>/);
  const fields = new URLSearchParams({ tx_code: txCode });
  for (const [input] of form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
    fields.set(input.match(/name="([^"]*)"/)[1], input.match(/value="([^"]*)"/)[1]);
  }
  const action = form.match(/action="([^"]*)"/)[1].replaceAll('&amp;', '&');
  const agreed = await fetch(action, {
    method: 'POST', body: fields, redirect: 'manual', headers: { cookie, origin: new URL(link).origin },
  });
  const back = agreed.headers.get('location');
  if (!back) throw new Error(`the page did not send the browser back: ${agreed.status}`);
  return back;
}

export const answers = {
  'vci-enrol': async ({ url, number, photo }) => {
    const { c_nonce: nonce } = await call('POST', `${url}/nonce`, { json: {} });
    const device = await pair();
    const proof = await new jose.SignJWT({ aud: url, nonce, iat: Math.floor(Date.now() / 1000) })
      .setProtectedHeader({ alg: 'ES256', typ: 'tessera-device+jwt', jwk: device.publicJwk })
      .sign(device.privateKey);
    const session = await call('POST', `${url}/sessions`, {
      json: { personal_administrative_number: number, level: 'limited', device_proof: proof },
    });
    const checked = await call('POST', `${url}/sessions/${session.session_id}/face`, {
      body: await readFile(photo), type: 'image/jpeg', token: session.session_token,
    });
    const offer = encodeURIComponent(JSON.stringify(checked.credential_offer));
    return { offer: `openid-credential-offer://?credential_offer=${offer}`, tx_code: checked.tx_code };
  },

  'vci-receive': async ({ offer, tx_code, configuration, batch, replay, browser, provider, keyProvider = provider }) => {
    const keys = new Map();
    const fresh = async () => {
      const made = await pair();
      keys.set(made.publicJwk.x, made.privateKey);
      return { method: 'jwk', alg: 'ES256', publicJwk: made.publicJwk };
    };
    const callbacks = {
      hash: (data, alg) => new Uint8Array(createHash(alg.replace('-', '')).update(data).digest()),
      generateRandom: (length) => new Uint8Array(randomBytes(length)),
      signJwt: async (signer, { header, payload }) => ({
        jwt: await new jose.SignJWT(payload).setProtectedHeader(header).sign(keys.get(signer.publicJwk.x)),
        signerJwk: signer.publicJwk,
      }),
      verifyJwt: () => ({ verified: false }),
      encryptJwe: () => { throw new Error('nothing is encrypted here'); },
      decryptJwe: () => ({ decrypted: false }),
    };
    const authentication = async () => {
      if (!provider) return browser ? clientAuthenticationNone({ clientId: CLIENT }) : clientAuthenticationAnonymous();
      const { publicJwk: jwk } = await fresh();
      const clientAttestationJwt = await attest(provider, 'oauth-client-attestation+jwt', {
        iss: 'https://provider.example', sub: CLIENT, cnf: { jwk: { ...jwk, alg: 'ES256' } },
      });
      return clientAuthenticationClientAttestationJwt({ clientAttestationJwt, callbacks });
    };
    const client = new Openid4vciClient({ callbacks: { ...callbacks, clientAuthentication: await authentication() } });
    const credentialOffer = await client.resolveCredentialOffer(offer);
    const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
    const asked = { credentialOffer, issuerMetadata };
    let again;
    if (browser) {
      const { authorizationRequestUrl, pkce } = await client.initiateAuthorization({
        ...asked, clientId: CLIENT, redirectUri: BACK, scope: configuration,
      });
      const [authorizationServerMetadata] = issuerMetadata.authorizationServers;
      const { code } = client.parseAndVerifyAuthorizationResponseRedirectUrl({
        url: await browse(authorizationRequestUrl, tx_code), authorizationServerMetadata,
      });
      const redeem = { ...asked, authorizationCode: code, pkceCodeVerifier: pkce.codeVerifier, redirectUri: BACK };
      again = async () => client.retrieveAuthorizationCodeAccessTokenFromOffer({ ...redeem, dpop: { signer: await fresh() } });
    } else {
      const redeem = { ...asked, txCode: tx_code };
      again = async () => client.retrievePreAuthorizedCodeAccessTokenFromOffer({ ...redeem, dpop: { signer: await fresh() } });
    }
    const token = await again();
    if (replay) await again();
    const accessToken = token.accessTokenResponse.access_token;
    const nonce = await client.requestNonce({ issuerMetadata });
    const jwt = [];
    for (let count = 0; count < batch; count += 1) {
      const signer = await fresh();
      const keyAttestationJwt = keyProvider && await attest(keyProvider, 'key-attestation+jwt', {
        nonce: nonce.c_nonce, attested_keys: [signer.publicJwk], key_storage: ['iso_18045_high'],
      });
      const proof = await client.createCredentialRequestJwtProof({
        issuerMetadata,
        signer,
        keyAttestationJwt,
        nonce: nonce.c_nonce,
        issuedAt: new Date(),
        credentialConfigurationId: configuration,
      });
      jwt.push(proof.jwt);
    }
    const got = await client.retrieveCredentials({
      issuerMetadata,
      credentialConfigurationId: configuration,
      proofs: { jwt },
      accessToken,
      dpop: token.dpop,
    });
    const { credentials, notification_id: id } = got.credentialResponse;
    await client.sendNotification({
      issuerMetadata,
      notification: { notificationId: id, event: 'credential_accepted' },
      accessToken,
      dpop: got.dpop ?? token.dpop,
    });
    return {
      token_type: token.accessTokenResponse.token_type,
      credentials: credentials.map((one) => one.credential),
    };
  },
};
