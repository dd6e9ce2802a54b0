"""What an administrator applies: it parses, grants what is missing and no more, and its kubeconfig is taken here."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import yaml

from diagnostics.kube import pasted
from diagnostics.kube.grants import Grant
from diagnostics.kube.mending import PRINT_KUBECONFIG, reader, rights_for, user_in
from tests.kube.test_roles import permissions, shipped


def test_the_reader_is_the_shipped_role_with_an_account_and_its_token() -> None:
    documents = list(yaml.safe_load_all(reader()))

    assert [document["kind"] for document in documents[:3]] == ["Namespace", "ServiceAccount", "Secret"]
    assert documents[3:] == shipped("clusterrole.yaml")


def test_what_is_missing_is_granted_to_whom_it_was_refused() -> None:
    said = 'pods "x" is forbidden: User "system:serviceaccount:tools:reader" cannot get'
    grants = [Grant("get", "pods/log"), Grant("list", "nodes"), Grant("watch", "nodes"), Grant("get", "/readyz")]
    role, binding = yaml.safe_load_all(rights_for(grants, user_in(said)))

    assert permissions([role], "ClusterRole") == {
        ("get", "", "pods/log"),
        ("list", "", "nodes"),
        ("watch", "", "nodes"),
        ("get", "", "/readyz"),
    }
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "reader", "namespace": "tools"}]


def test_in_a_namespace_it_is_a_role_and_a_user_may_be_called_anything() -> None:
    role, binding = yaml.safe_load_all(rights_for([Grant.read("list deployments.apps", "shop")], 'ana"\\x'))

    assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "shop")
    assert permissions([role], "Role") == {("list", "apps", "deployments"), ("watch", "apps", "deployments")}
    assert binding["subjects"][0]["name"] == 'ana"\\x'
    assert rights_for([]) == ""


def test_a_grant_is_read_as_it_is_written() -> None:
    for grant in (Grant("list", "deployments", "apps"), Grant("get", "pods/log"), Grant("get", "/readyz")):
        assert Grant.read(str(grant)) == grant


def test_the_printed_kubeconfig_is_taken(tmp_path: Path) -> None:
    authority = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()
    answers = {
        "config current-context": "arn:aws:eks:eu-west-1:123:cluster/prod",
        "config view": "https://prod.example:6443",
        "ca": authority,
        "token": base64.b64encode(b"t0ken").decode(),
    }
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        "#!/bin/sh\n"
        f'case "$*" in "config current-context") printf %s "{answers["config current-context"]}";; '
        f"config*) printf %s {answers['config view']};; *ca*crt*) printf %s {answers['ca']};; "
        f"*) printf %s {answers['token']};; esac\n"
    )
    kubectl.chmod(0o755)

    printed = subprocess.run(
        ["/bin/sh", "-c", PRINT_KUBECONFIG],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    context = pasted.chosen(pasted.read(printed), "")
    assert list(pasted.objections(context, plain_http=False)) == []
    assert (context.name, context.server) == (answers["config current-context"], answers["config view"])
    assert context.user == {"token": "t0ken"}
