"""A peer that answers questions, one JSON object a line, in the order they come:

    {"do": "verify", "suite": "eddsa-jcs-2022", ...}  ->  {"ok": true, ...} or {"ok": false, "reason": "..."}

The first line gives the JSON-LD contexts, {"contexts": {"https://...": "<text>"}}: nothing is fetched, ever.
"ok": false means that the library refuses; a crash of this program is never taken for a refusal.
"""
import base64
import json
import platform
import sys
from datetime import datetime

from cwt import COSE, COSEKey
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from openvc import cbor, cose
from openvc.did.did_key import DidKeyResolver
from openvc.keys import Ed25519SigningKey, P256SigningKey, P384SigningKey
from openvc.multibase import encode_multibase
from openvc.proof.data_integrity import DataIntegrityProofSuite
from openvc.proof.di_ecdsa_rdfc import EcdsaRdfcProofSuite
from openvc.proof.di_jcs import EcdsaJcsProofSuite, EddsaJcsProofSuite
from openvc.proof.ecdsa_sd import EcdsaSdProofSuite
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

import verifier

CONTEXTS = {}

# Multicodec headers of public keys, as varints.
KEYS = {
    "Ed25519": (Ed25519SigningKey, b"\xed\x01"),
    "P-256": (P256SigningKey, b"\x80\x24"),
    "P-384": (P384SigningKey, b"\x81\x24"),
}
# Suite, kind of its keys where the question does not say, and whether it reads JSON-LD.
SUITES = {
    "eddsa-rdfc-2022": (DataIntegrityProofSuite, "Ed25519", True),
    "eddsa-jcs-2022": (EddsaJcsProofSuite, "Ed25519", False),
    "ecdsa-rdfc-2019": (EcdsaRdfcProofSuite, "P-256", True),
    "ecdsa-jcs-2019": (EcdsaJcsProofSuite, "P-256", False),
    "ecdsa-sd-2023": (EcdsaSdProofSuite, "P-256", True),
}


def time(text):
    return datetime.fromisoformat(text)


def fresh_key(kind):
    """A new key with its did:key and the URL of its verification method."""
    maker, header = KEYS[kind]
    key = maker.generate("unnamed")
    multikey = encode_multibase(header + key.public_key_raw())
    did = "did:key:" + multikey
    return maker.from_jwk(private_jwk(key), f"{did}#{multikey}"), did, f"{did}#{multikey}"


def private_jwk(key):
    """The signing keys of the library do not export themselves; their cryptography keys do."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    inner = next(v for v in vars(key).values() if hasattr(v, "private_bytes"))
    pem = inner.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return JWK.from_pem(pem).export(as_dict=True)


def named(document, did):
    """A fresh key has a name only now; `$key` stands for it."""
    return {k: did if k in ("issuer", "holder") and v == "$key" else v for k, v in document.items()}


def suite_of(question):
    maker, kind, linked_data = SUITES[question["suite"]]
    extra = {"extra_contexts": CONTEXTS} if linked_data else {}
    return maker(), question.get("key", kind), extra


def issue(question):
    """Secures a credential; with `mandatory`, a base proof."""
    suite, kind, extra = suite_of(question)
    key, did, method = fresh_key(kind)
    document = named(question["document"], did)
    options = {"signing_key": key, "verification_method": method, "created": time(question["created"]), **extra}
    if question["suite"] == "ecdsa-sd-2023":
        return {"document": suite.add_base_proof(document, mandatory_pointers=question["mandatory"], **options)}
    return {"document": suite.add_proof(document, **options)}


def derive(question):
    """Derives from a base proof what `selective` points at."""
    suite, _, extra = suite_of(question)
    return {"document": suite.derive_proof(question["document"], selective_pointers=question["selective"], **extra)}


def verify(question):
    """Verifies a credential, its dates at `now`, with the key that its did:key names."""
    suite, _, extra = suite_of(question)
    found = suite.verify(question["document"], now=time(question["now"]), resolver=DidKeyResolver(), **extra)
    return {"issuer": found.issuer}


def present(question):
    """Secures a presentation for a challenge and a domain."""
    suite, kind, extra = suite_of(question)
    key, did, method = fresh_key(kind)
    document = suite.add_proof(
        named(question["document"], did), signing_key=key, verification_method=method, proof_purpose="authentication",
        challenge=question["challenge"], domain=question["domain"], created=time(question["created"]), **extra)
    return {"document": document}


def verify_presentation(question):
    """Verifies a presentation and the credentials in it, which may be of another suite, `within`."""
    suite, _, extra = suite_of(question)
    document = question["document"]
    suite.verify(
        document, now=time(question["now"]), resolver=DidKeyResolver(), expected_proof_purpose="authentication",
        expected_challenge=question["challenge"], expected_domain=question["domain"], **extra)
    for credential in document["verifiableCredential"]:
        verify({"suite": question.get("within", question["suite"]), "document": credential, "now": question["now"]})
    return {}


def jwk_pair(alg):
    kind = {"EdDSA": {"kty": "OKP", "crv": "Ed25519"}, "ES256": {"kty": "EC", "crv": "P-256"},
            "ES384": {"kty": "EC", "crv": "P-384"}}[alg]
    return JWK.generate(**kind)


def jwt_sign(question):
    """Signs `payload` as a compact JWS with a fresh key of `alg`; `header` is added to the protected one."""
    key = jwk_pair(question["alg"])
    jws = JWS(json.dumps(question["payload"], ensure_ascii=False).encode())
    jws.add_signature(key, protected=json.dumps({**question["header"], "alg": question["alg"]}))
    return {"jwt": jws.serialize(compact=True), "jwk": key.export_public(as_dict=True)}


def jwt_verify(question):
    """Verifies a compact JWS with the public `jwk`, where only `alg` and `typ` are wanted."""
    jws = JWS()
    jws.allowed_algs = [question["alg"]]
    jws.deserialize(question["jwt"], JWK(**question["jwk"]))
    if jws.jose_header.get("typ") != question["typ"]:
        raise ValueError("typ is " + str(jws.jose_header.get("typ")))
    return {"payload": json.loads(jws.payload), "header": jws.jose_header}


def disclosable(value, paths):
    """Wraps the members at `paths` (lists of names and indexes) as the library wants disclosable ones marked."""
    here = {path[0] for path in paths if len(path) == 1}
    below = lambda step: [path[1:] for path in paths if len(path) > 1 and path[0] == step]
    if isinstance(value, dict):
        return {SDObj(k) if k in here else k: disclosable(v, below(k)) for k, v in value.items()}
    if isinstance(value, list):
        wrapped = [disclosable(v, below(i)) for i, v in enumerate(value)]
        return [SDObj(v) if i in here else v for i, v in enumerate(wrapped)]
    return value


def sd_jwt_issue(question):
    """Issues with `paths` disclosable and decoys, and presents `show` of it with a key binding."""
    alg = question.get("alg", "ES256")
    issuer, holder = jwk_pair(alg), jwk_pair(alg)
    issued = SDJWTIssuer(
        disclosable(question["claims"], question["paths"]), issuer, holder, sign_alg=alg,
        add_decoy_claims=True, extra_header_parameters=question["header"])
    presenter = SDJWTHolder(issued.sd_jwt_issuance)
    presenter.create_presentation(question["show"], question["nonce"], question["audience"], holder, sign_alg=alg)
    return {
        "sd_jwt": issued.sd_jwt_issuance,
        "presentation": presenter.sd_jwt_presentation,
        "issuer_jwk": issuer.export_public(as_dict=True),
        "holder_jwk": holder.export_public(as_dict=True),
    }


def sd_jwt_verify(question):
    """Verifies an SD-JWT, with the key binding where a nonce is given; by the library that `with` names."""
    text, jwk = question["sd_jwt"], question["issuer_jwk"]
    audience, nonce = question.get("audience"), question.get("nonce")
    if question.get("with") == "openvc":
        found = SdJwtVcProofSuite().verify(
            text, public_key_jwk=jwk, audience=audience, nonce=nonce, require_key_binding=nonce is not None)
        return {"claims": found.claims}
    # The library signs and checks ES256 unless it is told otherwise by the header of the token.
    found = SDJWTVerifier(text, lambda issuer, header: JWK(**jwk), audience, nonce)
    return {"claims": found.get_verified_payload()}


def octets(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text_of(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def cose_sign(question):
    """Secures `payload` as a COSE_Sign1 with a fresh key of `alg`; `protected` maps labels to values."""
    key = jwk_pair(question["alg"])
    protected = {int(label): value for label, value in question["protected"].items()}
    protected[1] = {"ES256": -7, "ES384": -35, "EdDSA": -8}[question["alg"]]
    signer = COSEKey.from_jwk({**key.export(as_dict=True), "alg": question["alg"]})
    payload = json.dumps(question["payload"], ensure_ascii=False).encode()
    signed = COSE.new().encode_and_sign(payload, signer, protected=protected)
    return {"cose": text_of(signed), "jwk": key.export_public(as_dict=True)}


def cose_verify(question):
    """Verifies a COSE_Sign1 with the public `jwk`, by two libraries that must agree on the payload."""
    data, jwk = octets(question["cose"]), question["jwk"]
    # The library finds a key by the `kid` of the message.
    key = COSEKey.from_jwk({**jwk, "alg": question["alg"], "kid": question["kid"]})
    protected, _, payload = COSE.new().decode_with_headers(data, key)
    parsed = cose.parse_sign1(cbor.decode(data))
    if not cose.verify_sign1(parsed, public_jwk=jwk):
        raise ValueError("openvc: the signature does not verify")
    if parsed.payload != payload:
        raise ValueError("the two libraries read different payloads")
    headers = {str(label): value if isinstance(value, (str, int)) else None for label, value in protected.items()}
    return {"payload": json.loads(payload), "protected": headers}


def carry(question):
    CONTEXTS.update({url: json.loads(text) for url, text in question["contexts"].items()})
    return {"python": platform.python_version()}


ANSWERS = {
    "issue": issue,
    "derive": derive,
    "verify": verify,
    "present": present,
    "verify-presentation": verify_presentation,
    "jwt-sign": jwt_sign,
    "jwt-verify": jwt_verify,
    "sd-jwt-issue": sd_jwt_issue,
    "sd-jwt-verify": sd_jwt_verify,
    "cose-sign": cose_sign,
    "cose-verify": cose_verify,
    **verifier.ANSWERS,
}

for line in sys.stdin:
    question = json.loads(line)
    try:
        answer = carry(question) if "contexts" in question else ANSWERS[question["do"]](question)
        answer = {"ok": True, **answer}
    except Exception as error:  # every refusal of every library, in its own words
        answer = {"ok": False, "reason": f"{type(error).__name__}: {error}"[:600]}
    print(json.dumps(answer), flush=True)
