// JOSE by the package jose: W3C VC-JOSE-COSE credentials and presentations as compact JWS.
import * as jose from 'jose';

export const answers = {
  /** Signs `payload` as a compact JWS with a fresh key of `alg`; `header` is added to the protected one. */
  async 'jwt-sign'({ alg, header, payload }) {
    const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
    const bytes = new TextEncoder().encode(JSON.stringify(payload));
    const jwt = await new jose.CompactSign(bytes).setProtectedHeader({ ...header, alg }).sign(privateKey);
    return { jwt, jwk: await jose.exportJWK(publicKey) };
  },

  /** Verifies a compact JWS with the public `jwk`, where only `alg` and `typ` are wanted. */
  async 'jwt-verify'({ jwt, jwk, alg, typ }) {
    const key = await jose.importJWK(jwk, alg);
    const { payload, protectedHeader } = await jose.compactVerify(jwt, key, { algorithms: [alg] });
    if (protectedHeader.typ !== typ) throw new Error(`typ is ${protectedHeader.typ}`);
    return { payload: JSON.parse(new TextDecoder().decode(payload)), header: protectedHeader };
  },
};
