// A peer that answers questions, one JSON object a line, in the order they come:
//   {"do": "verify", "suite": "eddsa-rdfc-2022", ...}  ->  {"ok": true, ...} or {"ok": false, "reason": "..."}
// The first line gives the JSON-LD contexts, {"contexts": {"https://...": "<text>"}}: nothing is fetched, ever.
// "ok": false means that the library refuses; a crash of this program is never taken for a refusal.
import { createInterface } from 'node:readline';
import * as dataIntegrity from './data-integrity.mjs';
import * as tokens from './jose.mjs';
import * as sdJwt from './sd-jwt.mjs';
import * as vciIssuer from './vci-issuer.mjs';
import * as vciWallet from './vci-wallet.mjs';
import * as vpVerifier from './vp-verifier.mjs';
import * as vpWallet from './vp-wallet.mjs';

const answers = {
  ...dataIntegrity.answers, ...tokens.answers, ...sdJwt.answers, ...vciIssuer.answers, ...vciWallet.answers,
  ...vpVerifier.answers, ...vpWallet.answers,
};

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  try {
    if (question.contexts) {
      dataIntegrity.carry(question.contexts);
      answer = { node: process.version };
    } else if (answers[question.do]) {
      answer = await answers[question.do](question);
    } else {
      throw new Error(`nobody here does ${question.do}`);
    }
    answer = { ok: true, ...answer };
  } catch (error) {
    answer = { ok: false, reason: words(error) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}

/** All messages of an error and of those within it. */
function words(error) {
  const inner = error?.errors ?? (error?.cause ? [error.cause] : []);
  const own = String(error?.message ?? error);
  return [own, ...inner.map(words)].join(': ').slice(0, 600);
}
