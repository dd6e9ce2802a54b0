from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from diagnostics.kube import access, exec_plugin
from diagnostics.kube.errors import ConfigurationError, FailureKind, ReadFailed
from diagnostics.kube.pacing import Pacing
from tests.kube.conftest import Kubeconfig, Naps
from tests.kube.server import TLS, Script, json_answer, recorded, serve

VERSION = json_answer({"gitVersion": "v1.36.2"})
V1 = "client.authentication.k8s.io/v1"


def authorizations(script: Script) -> list[str | None]:
    return [asked.headers.get("Authorization") for asked in script.asked]


def data(name: str) -> str:
    return base64.b64encode((TLS / name).read_bytes()).decode()


# Tokens


@pytest.mark.parametrize(
    ("user", "header"),
    [
        ({}, None),
        ({"token": "abc"}, "Bearer abc"),
        ({"username": "u", "password": "p"}, "Basic dTpw"),
        ({"tokenFile": "token"}, "Bearer from-a-file"),
    ],
)
def test_the_users_credentials_go_with_each_request(
    script: Script, kubeconfig: Kubeconfig, tmp_path: Path, user: dict[str, Any], header: str | None
) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    script.on("/version", VERSION)

    with access.load(kubeconfig(script.address, user)) as cluster:
        cluster.get("/version")

    assert authorizations(script) == [header]


def test_a_refused_token_is_read_anew_once(script: Script, kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    script.on("/version", recorded("401-bad-token"), VERSION)

    with access.load(kubeconfig(script.address, {"tokenFile": "token"})) as cluster:
        token.write_text("new")
        cluster.get("/version")
        cluster.get("/version")

    assert authorizations(script) == ["Bearer old", "Bearer new", "Bearer new"]


def test_a_token_that_stays_refused_is_unauthorized(script: Script, kubeconfig: Kubeconfig, naps: Naps) -> None:
    script.on("/version", recorded("401-bad-token"))

    with (
        access.load(kubeconfig(script.address, {"token": "old"}), pacing=Pacing(sleep=naps)) as cluster,
        pytest.raises(ReadFailed, match="refused the credentials") as caught,
    ):
        cluster.get("/version")

    assert caught.value.kind == FailureKind.UNAUTHORIZED
    assert len(script.asked) == 2


def test_a_token_that_no_header_can_hold(script: Script, kubeconfig: Kubeconfig) -> None:
    with (
        access.load(kubeconfig(script.address, {"token": "a\nb"})) as cluster,
        pytest.raises(ConfigurationError, match="no header may hold"),
    ):
        cluster.get("/version")


def test_a_refreshed_token_is_never_written_back(script: Script, kubeconfig: Kubeconfig) -> None:
    path = Path(kubeconfig(script.address, {"token": "abc"}))
    before = path.read_bytes()
    script.on("/version", recorded("401-bad-token"), VERSION)

    with access.load(str(path)) as cluster:
        cluster.get("/version")

    assert path.read_bytes() == before


# Exec plugins


def plugin(folder: Path, body: str, name: str = "plugin") -> str:
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport json, os, sys, time\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def printing(**status: Any) -> str:
    return f"print({json.dumps(json.dumps({'kind': 'ExecCredential', 'apiVersion': V1, 'status': status}))})"


def user_of(command: str, **fields: Any) -> dict[str, Any]:
    return {"exec": {"apiVersion": V1, "command": command, **fields}}


def test_a_plugin_issues_a_token(script: Script, kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    body = """
token = ".".join((sys.argv[1], os.environ["PROFILE"]))
print(json.dumps({"kind": "ExecCredential", "apiVersion": sys.argv[2], "status": {"token": token}}))
"""
    user = user_of(plugin(tmp_path, body), args=["get-token", V1], env=[{"name": "PROFILE", "value": "prod"}])
    script.on("/version", VERSION)

    with access.load(kubeconfig(script.address, user)) as cluster:
        cluster.get("/version")

    assert authorizations(script) == ["Bearer get-token.prod"]


def test_a_plugin_named_with_a_slash_lies_beside_the_kubeconfig(
    script: Script, kubeconfig: Kubeconfig, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    plugin(tmp_path / "bin", printing(token="near"))
    script.on("/version", VERSION)

    with access.load(kubeconfig(script.address, user_of("bin/plugin"))) as cluster:
        cluster.get("/version")

    assert authorizations(script) == ["Bearer near"]


def test_a_plugin_is_told_of_the_cluster_if_it_asks(script: Script, kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    body = f"""
spec = json.loads(os.environ["KUBERNETES_EXEC_INFO"])["spec"]
open({str(tmp_path / "told")!r}, "w").write(json.dumps(spec))
{printing(token="t")}
"""
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "sickbay"}}
    cluster_fields = {"certificate-authority": str(TLS / "ca.pem"), "extensions": [extension]}
    user = user_of(plugin(tmp_path, body), provideClusterInfo=True)

    with access.load(kubeconfig(script.address, user, cluster_fields)):
        told = json.loads((tmp_path / "told").read_text())

    assert told == {
        "interactive": False,
        "cluster": {
            "server": script.address,
            "certificate-authority-data": data("ca.pem"),
            "config": {"audience": "sickbay"},
        },
    }


def test_a_plugin_cannot_be_told_of_a_file_that_is_gone(kubeconfig: Kubeconfig) -> None:
    path = kubeconfig(
        "https://c.example", user_of("any", provideClusterInfo=True), {"certificate-authority": "gone.pem"}
    )

    with pytest.raises(ConfigurationError, match=r"gone\.pem cannot be read: No such file"):
        access.load(path)


def test_a_plugins_token_is_renewed_before_it_expires(script: Script, kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=10)).isoformat()
    body = f"""
runs = {str(tmp_path / "runs")!r}
open(runs, "a").write(".")
status = {{"token": str(os.path.getsize(runs)), "expirationTimestamp": {soon!r}}}
print(json.dumps({{"kind": "ExecCredential", "apiVersion": {V1!r}, "status": status}}))
"""
    script.on("/version", VERSION)

    with access.load(kubeconfig(script.address, user_of(plugin(tmp_path, body)))) as cluster:
        cluster.get("/version")
        cluster.get("/version")

    assert authorizations(script) == ["Bearer 2", "Bearer 3"]


def test_a_plugin_issues_a_certificate(kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    status = {
        "clientCertificateData": (TLS / "client.pem").read_text(),
        "clientKeyData": (TLS / "client.key").read_text(),
    }
    user = user_of(plugin(tmp_path, printing(**status)))

    with serve(certificate="server", wants_client=True) as script:
        script.on("/version", VERSION)
        with access.load(kubeconfig(script.address, user, {"certificate-authority-data": data("ca.pem")})) as cluster:
            assert cluster.get("/version").status == 200


def failure_of(kubeconfig: Kubeconfig, user: dict[str, Any]) -> ReadFailed:
    with pytest.raises(ReadFailed) as caught:
        access.load(kubeconfig("https://c.example", user))
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_plugin_that_is_missing(kubeconfig: Kubeconfig) -> None:
    failure = failure_of(kubeconfig, user_of("no-such-plugin", installHint="Get it from\nthe shelf"))

    assert isinstance(failure, ConfigurationError)
    assert (
        str(failure) == "The credential plugin 'no-such-plugin' cannot be run: No such file or directory. Get it from"
    )
    assert "Install it" in failure_of(kubeconfig, user_of("no-such-plugin")).hint


def test_a_plugin_that_is_malformed(kubeconfig: Kubeconfig) -> None:
    failure = failure_of(kubeconfig, {"exec": {"command": "x"}})

    assert isinstance(failure, ConfigurationError)
    assert "missing required field `apiVersion`" in str(failure)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("sys.exit('first\\nsession ended, password=Zq9xSecret77')", "exit code 1: session ended, password=[redacted]"),
        ("sys.exit(3)", "failed with exit code 3: no reason given"),
        ("print('Opening the browser...')", "printed no ExecCredential"),
        (printing(), "printed neither a token nor a client certificate with its key"),
        (printing(clientCertificateData="only"), "printed neither"),
        (printing(token="x").replace("/v1", "/v1beta1"), "answered in client.authentication.k8s.io/v1beta1"),
    ],
)
def test_a_plugin_that_fails(kubeconfig: Kubeconfig, tmp_path: Path, body: str, says: str) -> None:
    failure = failure_of(kubeconfig, user_of(plugin(tmp_path, body)))

    assert failure.kind == FailureKind.UNAUTHORIZED
    assert says in str(failure)


def test_a_plugin_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    path = tmp_path / "hangs"
    # The child holds the fifo open: its end is seen when the fifo has no writer left.
    path.write_text(f"#!/bin/sh\nsleep 600 > {fifo} &\nwait\n")
    path.chmod(0o700)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)

    with pytest.raises(ReadFailed, match=r"did not end within 0\.2 s") as caught:
        exec_plugin.issue({"apiVersion": V1, "command": str(path)}, {}, timeout=0.2)

    assert caught.value.kind == FailureKind.TIMEOUT
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_plugins_output_is_never_quoted(kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    failure = failure_of(kubeconfig, user_of(plugin(tmp_path, 'print(\'{"token": "Zq9xSecret77"}\')')))

    assert "Zq9xSecret77" not in str(failure)


# TLS


def test_the_clusters_own_authority_is_trusted(kubeconfig: Kubeconfig) -> None:
    with serve(certificate="server") as script:
        script.on("/version", VERSION)
        for authority in (
            {"certificate-authority": str(TLS / "ca.pem")},
            {"certificate-authority-data": data("ca.pem")},
        ):
            with access.load(kubeconfig(script.address, cluster=authority)) as cluster:
                assert cluster.get("/version").status == 200


def test_the_machines_authorities_are_trusted_where_the_kubeconfig_names_none(
    kubeconfig: Kubeconfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "ca.pem"))
    with serve(certificate="server") as script:
        script.on("/version", VERSION)
        with access.load(kubeconfig(script.address)) as cluster:
            assert cluster.get("/version").status == 200


@pytest.mark.parametrize(
    ("certificate", "fields", "says"),
    [
        ("server", {}, "not signed by the authority"),
        ("expired", {"certificate-authority": str(TLS / "ca.pem")}, "its certificate has expired"),
        ("other", {"certificate-authority": str(TLS / "ca.pem")}, "its certificate is for another address"),
        ("server", {"certificate-authority-data": "bm8gY2VydGlmaWNhdGU="}, "is not a certificate"),
    ],
)
def test_certificates_that_are_wrong(
    kubeconfig: Kubeconfig, naps: Naps, certificate: str, fields: dict[str, str], says: str
) -> None:
    with serve(certificate=certificate) as script:
        path = kubeconfig(script.address, cluster=fields)
        with access.load(path, pacing=Pacing(sleep=naps)) as cluster, pytest.raises(ReadFailed) as caught:
            cluster.get("/version")

    assert caught.value.kind == FailureKind.TLS
    assert says in str(caught.value)
    assert naps.seconds == []


def test_a_name_that_the_certificate_has_may_be_given(kubeconfig: Kubeconfig) -> None:
    fields = {"certificate-authority": str(TLS / "ca.pem"), "tls-server-name": "elsewhere.example"}
    with serve(certificate="other") as script:
        script.on("/version", VERSION)
        with access.load(kubeconfig(script.address, cluster=fields)) as cluster:
            assert cluster.get("/version").status == 200


def test_verification_is_skipped_only_where_the_kubeconfig_says_so(kubeconfig: Kubeconfig) -> None:
    with serve(certificate="expired") as script:
        script.on("/version", VERSION)
        with access.load(kubeconfig(script.address, cluster={"insecure-skip-tls-verify": True})) as cluster:
            assert cluster.get("/version").status == 200


def test_https_where_http_is_spoken(script: Script, kubeconfig: Kubeconfig, naps: Naps) -> None:
    path = kubeconfig(script.address.replace("http:", "https:"))
    with access.load(path, pacing=Pacing(sleep=naps)) as cluster, pytest.raises(ReadFailed) as caught:
        cluster.get("/version")

    assert caught.value.kind == FailureKind.TLS
    assert "it does not speak TLS" in str(caught.value)


def test_a_client_certificate_is_shown(kubeconfig: Kubeconfig) -> None:
    user = {"client-certificate": str(TLS / "client.pem"), "client-key": str(TLS / "client.key")}
    authority = {"certificate-authority": str(TLS / "ca.pem")}
    with serve(certificate="server", wants_client=True) as script:
        script.on("/version", VERSION)
        with access.load(kubeconfig(script.address, user, authority)) as cluster:
            assert cluster.get("/version").status == 200


def test_a_client_certificate_that_is_wanted_and_missing(kubeconfig: Kubeconfig, naps: Naps) -> None:
    authority = {"certificate-authority": str(TLS / "ca.pem")}
    with serve(certificate="server", wants_client=True) as script:
        path = kubeconfig(script.address, cluster=authority)
        with access.load(path, pacing=Pacing(sleep=naps)) as cluster, pytest.raises(ReadFailed) as caught:
            cluster.get("/version")

    assert caught.value.kind in (
        FailureKind.TLS,
        FailureKind.UNREACHABLE,
    )  # As the end of the connection is seen first.


# In a pod


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that a pod finds mounted; its API server is given by the environment."""
    mounted = tmp_path / "serviceaccount"
    mounted.mkdir()
    (mounted / "token").write_text("of-the-pod")
    (mounted / "namespace").write_text("sickbay")
    (mounted / "ca.crt").write_bytes((TLS / "ca.pem").read_bytes())
    monkeypatch.setattr("diagnostics.kube.credentials.SERVICE_ACCOUNT", mounted)
    return mounted


def running_at(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    host, _, port = script.address.removeprefix("https://").rpartition(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)


def test_a_pod_reads_as_its_service_account(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(certificate="server") as script:
        running_at(script, monkeypatch)
        script.on("/version", recorded("401-bad-token"), VERSION)
        with access.load() as cluster:
            (pod / "token").write_text("rotated")
            cluster.get("/version")
            assert (cluster.name, cluster.namespace) == ("in-cluster", "sickbay")

    assert authorizations(script) == ["bearer of-the-pod", "bearer rotated"]


def test_a_pod_without_the_namespaces_file_reads_default(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (pod / "namespace").unlink()
    with serve(certificate="server") as script:
        running_at(script, monkeypatch)
        with access.load() as cluster:
            assert cluster.namespace == "default"


def test_a_pod_without_its_token(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (pod / "token").unlink()
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")

    with pytest.raises(ConfigurationError, match="service account of this pod cannot be used"):
        access.load()


def test_a_pods_token_that_goes_away(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(certificate="server") as script:
        running_at(script, monkeypatch)
        script.on("/version", recorded("401-bad-token"))
        with access.load() as cluster:
            (pod / "token").unlink()
            with pytest.raises(ConfigurationError, match="service account"):
                cluster.get("/version")


# Imports


def test_reading_never_imports_the_clients_models() -> None:
    code = """
import sys
import diagnostics.kube.collect, diagnostics.kube.watch, diagnostics.kube.health
assert not [name for name in sys.modules if name.split(".")[0] == "kubernetes"], "too early"
import diagnostics.kube.credentials
heavy = [name for name in sys.modules if name.startswith(("kubernetes.client.models.", "kubernetes.client.api."))]
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
