// W3C Data Integrity by the packages of Digital Bazaar: @digitalbazaar/vc with one package per cryptosuite.
import * as bbs2023 from '@digitalbazaar/bbs-2023-cryptosuite';
import * as BlsMultikey from '@digitalbazaar/bls12-381-multikey';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as ecdsaSd2023 from '@digitalbazaar/ecdsa-sd-2023-cryptosuite';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as didKey from '@digitalbazaar/did-method-key';
import * as vc from '@digitalbazaar/vc';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import { Ed25519Signature2020 } from '@digitalbazaar/ed25519-signature-2020';
import { Ed25519VerificationKey2020 } from '@digitalbazaar/ed25519-verification-key-2020';
import { cryptosuite as ecdsaRdfc2019 } from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite';
import { cryptosuite as eddsaRdfc2022 } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import jsigs from 'jsonld-signatures';

/** The header of a multikey, and how keys of that kind are read and made. */
const KEYS = {
  'P-256': { header: 'zDna', from: EcdsaMultikey.from, generate: () => EcdsaMultikey.generate({ curve: 'P-256' }) },
  'P-384': { header: 'z82L', from: EcdsaMultikey.from, generate: () => EcdsaMultikey.generate({ curve: 'P-384' }) },
  Ed25519: { header: 'z6Mk', from: Ed25519Multikey.from, generate: () => Ed25519Multikey.generate() },
  Bls12381G2: {
    header: 'zUC7',
    from: BlsMultikey.from,
    generate: () => BlsMultikey.generateBbsKeyPair({ algorithm: BlsMultikey.ALGORITHMS.BBS_BLS12381_SHA256 }),
  },
};

const driver = didKey.driver();
for (const { header, from } of Object.values(KEYS)) {
  driver.use({ multibaseMultikeyHeader: header, fromMultibase: from });
}

const rdfc = (cryptosuite) => ({ sign: () => cryptosuite, verify: () => cryptosuite });
const selective = (suite) => ({
  sign: ({ mandatory = [] }) => suite.createSignCryptosuite({ mandatoryPointers: mandatory }),
  derive: ({ selective }) => suite.createDiscloseCryptosuite({ selectivePointers: selective }),
  verify: () => suite.createVerifyCryptosuite(),
});

/** What each suite of ours is called there, and the kind of its keys where the question does not say. */
const SUITES = {
  'eddsa-rdfc-2022': { key: 'Ed25519', ...rdfc(eddsaRdfc2022) },
  'ecdsa-rdfc-2019': { key: 'P-256', ...rdfc(ecdsaRdfc2019) },
  'ecdsa-sd-2023': { key: 'P-256', ...selective(ecdsaSd2023) },
  'bbs-2023': { key: 'Bls12381G2', ...selective(bbs2023) },
};

const contexts = new Map();

/** Takes the contexts that documents may name. */
export function carry(given) {
  for (const [url, text] of Object.entries(given)) contexts.set(url, JSON.parse(text));
}

async function documentLoader(url) {
  let document = contexts.get(url);
  if (!document && url.startsWith('did:key:')) {
    document = url.includes('#') && KEYS_OF_2020.get(url) || await driver.get({ url });
  }
  if (!document) throw new Error(`not carried: ${url}`);
  return { contextUrl: null, documentUrl: url, document };
}

/** Ed25519Signature2020 wants its own kind of key document; did:key gives multikeys. */
const KEYS_OF_2020 = new Map();

function of2020(verificationMethod) {
  const [controller, publicKeyMultibase] = verificationMethod.split('#');
  KEYS_OF_2020.set(verificationMethod, {
    '@context': 'https://w3id.org/security/suites/ed25519-2020/v1',
    id: verificationMethod,
    type: 'Ed25519VerificationKey2020',
    controller,
    publicKeyMultibase,
  });
}

async function freshKey(kind) {
  const pair = await KEYS[kind].generate();
  const { didDocument } = await driver.fromKeyPair({ verificationKeyPair: pair });
  pair.id = didDocument.assertionMethod[0].id ?? didDocument.assertionMethod[0];
  pair.controller = didDocument.id;
  return pair;
}

async function signing(question) {
  const date = question.created;
  if (question.suite === 'Ed25519Signature2020') {
    const multikey = await freshKey('Ed25519');
    const { publicKeyMultibase, secretKeyMultibase } = await multikey.export({ publicKey: true, secretKey: true });
    const key = await Ed25519VerificationKey2020.from({
      id: multikey.id,
      controller: multikey.controller,
      type: 'Ed25519VerificationKey2020',
      publicKeyMultibase,
      privateKeyMultibase: secretKeyMultibase,
    });
    of2020(key.id);
    return { key, suite: new Ed25519Signature2020({ key, date }) };
  }
  const row = SUITES[question.suite];
  const key = await freshKey(question.key ?? row.key);
  return { key, suite: new DataIntegrityProof({ signer: key.signer(), cryptosuite: row.sign(question), date }) };
}

function verifying(name, document) {
  if (name === 'Ed25519Signature2020') {
    of2020(document.proof.verificationMethod);
    return new Ed25519Signature2020();
  }
  return new DataIntegrityProof({ cryptosuite: SUITES[name].verify() });
}

/** A fresh key has a name only now; `$key` stands for it. */
function named(document, key) {
  const copy = structuredClone(document);
  for (const member of ['issuer', 'holder']) {
    if (copy[member] === '$key') copy[member] = key.controller;
  }
  return copy;
}

function demand(result) {
  if (!result.verified) throw result.error ?? new Error('not verified');
  return {};
}

/** What is kept is the caller's matter: lists of revoked credentials are not asked for here. */
const checkStatus = async () => ({ verified: true });

export const answers = {
  /** Secures a credential; with `mandatory`, a base proof. */
  async issue(question) {
    const { key, suite } = await signing(question);
    const credential = named(question.document, key);
    const document = await vc.issue({ credential, suite, documentLoader, now: question.now });
    return { document, did: key.controller };
  },

  /** Derives from a base proof what `selective` points at. */
  async derive(question) {
    const suite = new DataIntegrityProof({ cryptosuite: SUITES[question.suite].derive(question) });
    return { document: await vc.derive({ verifiableCredential: question.document, suite, documentLoader }) };
  },

  /** Verifies a credential, its dates at `now`. */
  async verify(question) {
    const suite = verifying(question.suite, question.document);
    return demand(await vc.verifyCredential({
      credential: question.document, suite, documentLoader, checkStatus, now: question.now,
    }));
  },

  /** Secures a presentation for a challenge and a domain. */
  async present(question) {
    const { key, suite } = await signing(question);
    const document = await vc.signPresentation({
      presentation: named(question.document, key),
      suite,
      documentLoader,
      challenge: question.challenge,
      domain: question.domain,
    });
    return { document, did: key.controller };
  },

  /** Verifies a presentation and the credentials in it, which may be of another suite, `within`. */
  async 'verify-presentation'(question) {
    const { document, suite, within = suite, now, challenge, domain } = question;
    const suites = [verifying(suite, document)];
    if (within !== suite) suites.push(verifying(within, document.verifiableCredential[0]));
    // Of suites with one proof type the library takes the first, so each proof is given the one of its name.
    const purpose = new jsigs.purposes.AuthenticationProofPurpose({ challenge, domain });
    const results = [await jsigs.verify(structuredClone(document), { suite: suites[0], purpose, documentLoader })];
    for (const credential of document.verifiableCredential) {
      results.push(await vc.verifyCredential({
        credential, suite: suites.at(-1), documentLoader, checkStatus, now,
      }));
    }
    results.forEach(demand);
    return {};
  },
};
