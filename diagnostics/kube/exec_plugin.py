"""Credentials from an exec plugin: `aws`, `gke-gcloud-auth-plugin`, `kubelogin` and their like.

The official client's runner is not used: it waits for ever for a plugin that hangs, and logs every failure away, so
that the request goes out without credentials. Source: kubernetes.io, "client-go credential plugins".
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from diagnostics.kube.decoders import convert, decoder
from diagnostics.kube.errors import UNDECODABLE, ConfigurationError, FailureKind, ReadFailed
from diagnostics.kube.refusals import quoted
from diagnostics.snapshot.meta import Object, Time

LONGEST_RUN = 30.0  # Seconds; it may ask an identity provider.


class Variable(msgspec.Struct, frozen=True):
    """`exec.env[]`."""

    name: str
    value: str = ""


class Plugin(Object, frozen=True):
    """`users[].user.exec`."""

    command: str
    api_version: str
    args: tuple[str, ...] | None = None
    env: tuple[Variable, ...] | None = None
    install_hint: str | None = None
    provide_cluster_info: bool = False


class Issued(Object, frozen=True):
    """`status` of an ExecCredential: a token, or a certificate with its key, in PEM."""

    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: Time | None = None


class ExecCredential(Object, frozen=True):
    """What a plugin prints."""

    kind: str
    api_version: str
    status: Issued | None = None


def issue(fields: Mapping[str, Any], cluster: Mapping[str, Any], timeout: float = LONGEST_RUN) -> Issued:
    """Runs the plugin of a user and reads what it prints. Raises ReadFailed or ConfigurationError, saying which."""
    try:
        plugin = convert(dict(fields), Plugin)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"The credential plugin of the kubeconfig is malformed: {error}.") from error
    return _issued(plugin, _run(plugin, _environment(plugin, cluster), timeout))


def _environment(plugin: Plugin, cluster: Mapping[str, Any]) -> dict[str, str]:
    spec: dict[str, Any] = {"interactive": False}
    if plugin.provide_cluster_info:
        spec["cluster"] = _cluster_info(cluster)
    info = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    own = {variable.name: variable.value for variable in plugin.env or ()}
    return {**os.environ, **own, "KUBERNETES_EXEC_INFO": json.dumps(info)}


def _cluster_info(cluster: Mapping[str, Any]) -> dict[str, Any]:
    info = {key: value for key, value in cluster.items() if key not in ("certificate-authority", "extensions")}
    if authority := cluster.get("certificate-authority"):
        info["certificate-authority-data"] = base64.b64encode(_contents(Path(authority))).decode()
    for extension in cluster.get("extensions") or ():
        if extension.get("name") == "client.authentication.k8s.io/exec":
            info["config"] = extension.get("extension")
    return info


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"The certificate authority {path} cannot be read: {error.strerror}.") from error


def _run(plugin: Plugin, environment: Mapping[str, str], timeout: float) -> bytes:
    try:
        process = subprocess.Popen(
            [plugin.command, *(plugin.args or ())],
            env=environment,
            stdin=subprocess.DEVNULL,  # Nobody is there to answer its questions.
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # A shell script's children end with it.
        )
    except OSError as error:
        hint = quoted(plugin.install_hint) if plugin.install_hint else "Install it, or correct `exec.command`."
        raise ConfigurationError(
            f"The credential plugin {plugin.command!r} cannot be run: {error.strerror}.", hint
        ) from error
    with process:
        try:
            output, complaint = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            raise ReadFailed(
                FailureKind.TIMEOUT,
                f"The credential plugin {plugin.command!r} did not end within {timeout:g} s.",
                "It may wait for somebody to sign in: run it by hand.",
            ) from error
    if process.returncode:
        said = complaint.decode(errors="replace").strip().rpartition("\n")[2]
        raise _failed(plugin, f"failed with exit code {process.returncode}: {quoted(said)}")
    return output


def _issued(plugin: Plugin, output: bytes) -> Issued:
    try:
        credential = decoder(ExecCredential).decode(output)
    except UNDECODABLE as error:
        raise _failed(plugin, "printed no ExecCredential") from error
    if credential.api_version != plugin.api_version:
        raise _failed(plugin, f"answered in {credential.api_version}, the kubeconfig asks for {plugin.api_version}")
    issued = credential.status
    if issued is None or not (issued.token or (issued.client_certificate_data and issued.client_key_data)):
        raise _failed(plugin, "printed neither a token nor a client certificate with its key")
    return issued


def _failed(plugin: Plugin, what: str) -> ReadFailed:
    return ReadFailed(
        FailureKind.UNAUTHORIZED,
        f"The credential plugin {plugin.command!r} {what}.",
        "Sign in again, or run it by hand.",
    )
