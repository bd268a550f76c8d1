"""A verifier over HTTP by the package polaris-oid4vp, which asks as HAIP 1.0 wants it: signed under x509_hash, fetched by
POST, answered encrypted. What it checks of an answer is its own; here it is only given a port and an issuer's key."""
import socket
import tempfile
from pathlib import Path

from polaris_oid4vp import cli
from polaris_oid4vp.serve import serve

RUNNING = []


def ask(question):
    """Begins a request for `claims` of the type `vct`, by the issuer whose public key is `issuer`."""
    folder = Path(tempfile.mkdtemp())
    cli.keygen(folder, "localhost")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    verifier = cli.verifier_from(
        folder, "localhost", port, issuer_jwks=[question["issuer"]], claims=question["claims"],
        vct_values=[question["vct"]], public_base_url=f"http://127.0.0.1:{port}")
    verdicts = []
    server = serve(
        verifier, host="127.0.0.1", port=port, on_verdict=lambda status, body, verdict: verdicts.append(verdict))
    RUNNING.append((server, verdicts))
    session, _ = verifier.new_request()
    parameters = verifier.authorization_request_params(session)
    return {"parameters": parameters, "anchor": (folder / "anchor.pem").read_text(), "redirect": verifier.redirect_uri}


def judged(question):
    """Ends it: what the package says of the answers that came."""
    server, verdicts = RUNNING.pop()
    server.shutdown()
    server.server_close()
    return {"verdicts": [
        {"authentic": one.authentic, "code": one.code, "claims": one.claims} for one in verdicts if one is not None]}


ANSWERS = {"haip-ask": ask, "haip-judged": judged}
