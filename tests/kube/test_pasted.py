"""What of a pasted kubeconfig is taken, what is refused, and what is left of it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import yaml

from diagnostics.kube.errors import ConfigurationError
from diagnostics.kube.pasted import LARGEST, chosen, context_of, minimal, objections, read

WORD = "sentinel-of-a-token"
DATA = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()
NOTHING: dict[str, Any] = {}


def written(
    cluster: dict[str, Any] = NOTHING, user: dict[str, Any] | None = None, current: str = "", **others: Any
) -> str:
    """A kubeconfig of one context, `prod`."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": current,
            "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://prod.example:6443", **cluster}}],
            "users": [{"name": "u", "user": {"token": WORD} if user is None else user}],
            **others,
        }
    )


def refused(text: str, *, plain_http: bool = False) -> str:
    """What is said against the context of a kubeconfig, in one text."""
    said = " ".join(objections(chosen(read(text), ""), plain_http=plain_http))
    assert WORD not in said
    return said


def test_a_token_or_a_certificate_with_the_authority_is_all_it_takes() -> None:
    pair = {"client-certificate-data": DATA, "client-key-data": DATA}

    assert refused(written({"certificate-authority-data": DATA})) == ""
    assert refused(written(user=pair)) == ""
    assert refused(written({"tls-server-name": "kube", "extensions": [{"name": "x"}], "proxy-url": ""})) == ""


@pytest.mark.parametrize(
    ("user", "says"),
    [
        ({"exec": {"command": "aws"}}, "exec runs a program"),
        ({"auth-provider": {"name": "oidc"}}, "taken out of Kubernetes"),
        ({"client-certificate": "/etc/a.pem", "client-key": "/etc/a.key"}, "client-key names a file"),
        ({"tokenFile": "/etc/passwd"}, "tokenFile names a file"),
        ({"token": WORD, "tokenFile": "/etc/passwd"}, "tokenFile names a file"),
        ({"token": WORD, "as": "admin"}, "acts as somebody else"),
        ({"token": WORD, "as-groups": ["system:masters"]}, "acts as somebody else"),
        ({"username": "ana", "password": WORD}, "since 1.19"),
        ({}, "neither a token nor a client certificate"),
        ({"token": f"{WORD}\nX-Evil: 1"}, "characters that no token has"),
        ({"token": [WORD]}, "has to be a text"),
        ({"client-certificate-data": DATA}, "need each other"),
        ({"client-certificate-data": f"?{WORD}", "client-key-data": DATA}, "is not base64"),
        ({"token": WORD, "impersonate-later": "x"}, "'impersonate-later' is not known here"),
    ],
)
def test_a_user_is_refused_with_the_reason(user: dict[str, Any], says: str) -> None:
    assert says in refused(written(user=user))


@pytest.mark.parametrize(
    ("cluster", "says"),
    [
        ({"certificate-authority": "/etc/ca.crt"}, "certificate-authority names a file"),
        ({"insecure-skip-tls-verify": True}, "pose as the cluster"),
        ({"proxy-url": "http://10.0.0.1:3128"}, "set HTTPS_PROXY"),
        ({"server": "http://prod.example"}, "would travel in clear"),
        ({"server": "https://ana:pw@prod.example"}, "more in it than host, port and path"),
    ],
)
def test_a_cluster_is_refused_with_the_reason(cluster: dict[str, Any], says: str) -> None:
    assert says in refused(written(cluster))


def test_plain_http_is_taken_where_nothing_can_be_overheard() -> None:
    assert refused(written({"server": "http://127.0.0.1:8001"}), plain_http=True) == ""


def test_every_objection_is_said_at_once() -> None:
    said = refused(written({"insecure-skip-tls-verify": True}, {"exec": {"command": "aws"}, "as": "admin"}))

    assert all(word in said for word in ("pose as", "exec runs", "somebody else"))


BOMB = "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no contexts"),
        ("contexts: [", "not YAML: line 2"),
        (f"{WORD}", "no kubeconfig: it has no fields, such as clusters and users. Paste the whole file."),
        (f"contexts: {WORD}", "no kubeconfig"),
        (BOMB, "aliases"),
        (f"{written()}---\n{written()}", "several documents"),
        ("[" * 5_000, "nested too deeply"),
        ("a: \x07", "cannot be printed"),
        (f"a: !!python/object/apply:os.system [{WORD}]", "not YAML"),
        ("#" * (LARGEST + 1), "more than 256 kB"),
        (written(contexts=[{"name": "prod", "context": {"cluster": "other"}}]), "has no cluster 'other'"),
        (written({"server": "ftp://x"}), "no address of a server"),
    ],
)
def test_what_is_no_kubeconfig_is_refused_without_a_quote(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        chosen(read(text), "")

    assert says in str(caught.value)
    assert WORD not in str(caught.value)
    assert caught.value.__cause__ is None or WORD not in str(caught.value.__cause__)


def test_one_of_several_contexts_is_chosen() -> None:
    contexts = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("one", "two")]

    assert chosen(read(written(contexts=contexts)), "two").name == "two"
    assert chosen(read(written(contexts=contexts, current="one")), "").name == "one"
    with pytest.raises(ConfigurationError, match="no current context"):
        chosen(read(written(contexts=contexts)), "")
    with pytest.raises(ConfigurationError, match="Did you mean 'two'"):
        chosen(read(written(contexts=contexts)), "tow")


def test_nothing_but_the_context_is_kept() -> None:
    others = [{"name": "u", "user": {"token": WORD, "extensions": [1]}}, {"name": "root", "user": {"token": "other"}}]
    document = minimal(chosen(read(written({"extensions": [2]}, users=others)), ""))

    assert "other" not in json.dumps(document)
    assert "extensions" not in json.dumps(document)
    stored = context_of(document)
    assert (stored.name, stored.namespace, stored.server) == ("prod", "shop", "https://prod.example:6443")
    assert stored.user == {"token": WORD}
