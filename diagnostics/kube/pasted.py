"""A kubeconfig that somebody has pasted: read as what strangers write, and cut down to the one context that is wanted.

Whoever may paste one must not thereby run programs here, read this machine's files, or lead credentials astray.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from diagnostics.kube.decoders import convert
from diagnostics.kube.errors import ConfigurationError
from diagnostics.kube.kubeconfig import LOADER, Context, File, Kubeconfig, place

Json = dict[str, Any]
LARGEST = 256 << 10  # Bytes.
DEEPEST = 32  # Levels of YAML; a kubeconfig has six.
LONGEST_NAME = 253
SOURCE = "The pasted kubeconfig"
FLATTEN = "`kubectl config view --raw --flatten --minify` writes it into the kubeconfig."
READER = "Use the token of a service account that may only read."

_CLUSTER_KEPT = ("server", "certificate-authority-data", "tls-server-name")
_USER_KEPT = ("token", "client-certificate-data", "client-key-data")
_HARMLESS = frozenset({"extensions", "disable-compression"})  # Left away.
_REFUSED_OF_CLUSTER = {
    "certificate-authority": f"Field certificate-authority names a file, and files of this server are not read. {FLATTEN}",
    "insecure-skip-tls-verify": "Field insecure-skip-tls-verify lets anybody on the way pose as the cluster and take the "
    "token. Put the cluster's authority into certificate-authority-data.",
    "proxy-url": "Field proxy-url is not followed. If the cluster is behind a proxy, set HTTPS_PROXY where Sickbay runs.",
}
_IMPERSONATION = "Field {field} acts as somebody else, which takes a right that a reader should not have. {reader}"
_REFUSED_OF_USER = {
    "exec": f"Field exec runs a program on this server, which nobody may choose by pasting. {READER}",
    "auth-provider": f"Field auth-provider was taken out of Kubernetes in 1.26. {READER}",
    "client-certificate": f"Field client-certificate names a file, and files of this server are not read. {FLATTEN}",
    "client-key": f"Field client-key names a file, and files of this server are not read. {FLATTEN}",
    "tokenFile": "Field tokenFile names a file, and files of this server are not read. Put what it holds into token.",
    "username": f"A user name and password have not been accepted by any API server since 1.19. {READER}",
    "password": f"A user name and password have not been accepted by any API server since 1.19. {READER}",
    **{
        field: _IMPERSONATION.format(field=field, reader=READER)
        for field in ("as", "as-uid", "as-groups", "as-user-extra")
    },
}


def read(text: str) -> Kubeconfig:
    """What was pasted. Raises ConfigurationError; no text of an error quotes from it."""
    if len(text.encode()) > LARGEST:
        raise ConfigurationError(f"{SOURCE} has more than {LARGEST >> 10} kB.", "Paste that of one cluster.")
    parsed: object = None
    try:
        _insist_on_plain(text)
        parsed = yaml.load(text, Loader=LOADER)  # noqa: S506 - it is a safe loader.
        file = convert(parsed if parsed is not None else {}, File)
    except msgspec.ValidationError as error:
        if not isinstance(parsed, dict | None):
            wrong = "What was pasted is no kubeconfig: it has no fields, such as clusters and users."
            raise ConfigurationError(wrong, "Paste the whole file.") from None
        raise ConfigurationError(f"What was pasted is no kubeconfig: {error}.") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(f"{SOURCE} is not YAML: {_what(error)}.", "Paste the whole file.") from None
    found = Kubeconfig(SOURCE)
    found.add(file, Path("/"))
    if not found.contexts:
        raise ConfigurationError(f"{SOURCE} has no contexts.", FLATTEN.replace("writes it into", "prints a complete"))
    return found


def chosen(kubeconfig: Kubeconfig, name: str) -> Context:
    """The context of that name; of a blank one the current context, or the only one. Raises ConfigurationError."""
    only = next(iter(kubeconfig.contexts)) if len(kubeconfig.contexts) == 1 else None
    return kubeconfig.context(name or kubeconfig.current or only)


def objections(context: Context, *, plain_http: bool) -> Iterator[str]:
    """Why a context is not taken, each with what to do; nothing for one that is.

    `plain_http` says whether the address of its server may begin with http://.
    """
    if len(context.name) > LONGEST_NAME or not context.name.isprintable():
        yield f"The name of the context has more than {LONGEST_NAME} characters, or such as cannot be printed."
    yield from _address(context.server, plain_http=plain_http)
    yield from _fields(context.cluster, _CLUSTER_KEPT, _REFUSED_OF_CLUSTER)
    yield from _fields(context.user, _USER_KEPT, _REFUSED_OF_USER)
    yield from _credentials(context.user)


def minimal(context: Context) -> Json:
    """A kubeconfig of this context alone, with nothing in it that is not needed."""
    entry = {"cluster": "it", "user": "it", "namespace": context.namespace}
    cluster = {field: context.cluster[field] for field in _CLUSTER_KEPT if context.cluster.get(field)}
    user = {field: context.user[field] for field in _USER_KEPT if context.user.get(field)}
    return {
        "current-context": context.name,
        "contexts": [{"name": context.name, "context": entry}],
        "clusters": [{"name": "it", "cluster": cluster}],
        "users": [{"name": "it", "user": user}],
    }


def context_of(document: Mapping[str, Any]) -> Context:
    """The context of a document that `minimal` has made. Raises ConfigurationError."""
    stored = Kubeconfig("The stored kubeconfig")
    stored.add(convert(document, File), Path("/"))
    return stored.context(None)


def _insist_on_plain(text: str) -> None:
    """Raises ValueError for what no kubeconfig has, and what is made to exhaust whoever reads it."""
    depth = documents = aliases = 0
    for event in yaml.parse(text, Loader=LOADER):
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        if aliases:
            raise ValueError("it has aliases (*name), which are not read")
        if documents > 1:
            raise ValueError("it has several documents (---), and one is read")
        if depth > DEEPEST:
            raise ValueError("it is nested too deeply")


def _what(error: yaml.YAMLError | ValueError) -> str:
    if isinstance(error, yaml.reader.ReaderError):
        return "it has characters that cannot be printed"
    return place(error) if isinstance(error, yaml.YAMLError) else str(error)


def _address(server: str, *, plain_http: bool) -> Iterator[str]:
    parts = urlsplit(server)
    if parts.scheme != "https" and not plain_http:
        yield "The server's address begins with http://, so the token would travel in clear. Use its https:// address."
    if parts.username is not None or parts.query or parts.fragment:
        yield "The server's address has more in it than host, port and path. Leave the rest away."


def _fields(fields: Json, kept: tuple[str, ...], refused: Mapping[str, str]) -> Iterator[str]:
    for field, value in fields.items():
        if not value or field in _HARMLESS:
            continue
        if field in refused:
            yield refused[field]
        elif field not in kept:
            yield f"Field {field[:60]!r} is not known here. Take it out if the cluster can be reached without it."
        elif not isinstance(value, str):
            yield f"Field {field} has to be a text."
        elif field.endswith("-data") and not _is_base64(value):
            yield f"Field {field} is not base64. {FLATTEN}"


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        return False


def _credentials(user: Json) -> Iterator[str]:
    """Whether there are any; of those that are refused anyway nothing more is said."""
    token = user.get("token")
    if isinstance(token, str) and not (token.isascii() and token.isprintable() and " " not in token):
        yield "Field token has characters that no token has. Copy it again, in one line."
    certificate, key = user.get("client-certificate-data"), user.get("client-key-data")
    if bool(certificate) != bool(key):
        yield "Fields client-certificate-data and client-key-data need each other."
    if not token and not certificate and not key and not user.keys() & _REFUSED_OF_USER.keys():
        yield f"The user of the context has neither a token nor a client certificate. {READER}"
