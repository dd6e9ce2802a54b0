"""What an administrator of a cluster has to apply there: a reader that may only read, or the rights that one lacks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from diagnostics.kube.grants import Grant
from diagnostics.kube.refusals import USER
from diagnostics.kube.resources import BY_NAME, LOGS
from diagnostics.kube.roles import NAME, cluster_role

MORE = f"{NAME}-more"
_ACCOUNT = re.compile(r"system:serviceaccount:([a-z0-9.-]+):([a-z0-9.-]+)")

ACCOUNT = f"""\
apiVersion: v1
kind: Namespace
metadata:
  name: {NAME}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {NAME}
  namespace: {NAME}
---
# A token that lasts until this Secret is deleted.
apiVersion: v1
kind: Secret
type: kubernetes.io/service-account-token
metadata:
  name: {NAME}
  namespace: {NAME}
  annotations:
    kubernetes.io/service-account.name: {NAME}
"""
# Prints a kubeconfig with everything in it: no file, no program.
PRINT_KUBECONFIG = f"""\
NAME=$(kubectl config current-context)
SERVER=$(kubectl config view --minify -o jsonpath='{{.clusters[0].cluster.server}}')
CA=$(kubectl -n {NAME} get secret {NAME} -o jsonpath='{{.data.ca\\.crt}}')
TOKEN=$(kubectl -n {NAME} get secret {NAME} -o jsonpath='{{.data.token}}' | base64 -d)
cat <<END
current-context: "$NAME"
contexts: [{{name: "$NAME", context: {{cluster: it, user: {NAME}}}}}]
clusters: [{{name: it, cluster: {{server: "$SERVER", certificate-authority-data: "$CA"}}}}]
users: [{{name: {NAME}, user: {{token: "$TOKEN"}}}}]
END
"""


def reader() -> str:
    """A service account that may read what Sickbay reads, and its token, as YAML to apply."""
    return f"{ACCOUNT}---\n{cluster_role()}"


def user_in(text: str) -> str:
    """Whom an API server has refused, if its text says so."""
    found = USER.search(text)
    return found[1] if found else ""


def rights_for(grants: Iterable[Grant], user: str = "") -> str:
    """The rights that are missing as YAML to apply, for a user as the API server calls them; blank if nothing is missing.

    A resource gets every verb of the table: who may not list it could not watch it either.
    """
    by_place: dict[str | None, list[Grant]] = defaultdict(list)
    for grant in dict.fromkeys(replace(grant, verb="get") for grant in grants):
        by_place[grant.namespace].append(grant)
    places = sorted(by_place, key=lambda place: place or "")
    return "---\n".join(_role(place, by_place[place]) + "---\n" + _binding(place, user) for place in places)


def _role(place: str | None, grants: Iterable[Grant]) -> str:
    kind = "Role" if place else "ClusterRole"
    return f"{_head(kind, place)}rules:\n{''.join(map(_rule, grants))}"


def _rule(grant: Grant) -> str:
    if grant.resource.startswith("/"):
        return f"  - nonResourceURLs: [{grant.resource}]\n    verbs: [get]\n"
    known = BY_NAME.get(grant.resource)
    verbs = known.verbs if known else ("get",) if grant.resource == LOGS else ("get", "list")  # Custom ones own pods.
    return f'  - apiGroups: ["{grant.group}"]\n    resources: [{grant.resource}]\n    verbs: [{", ".join(verbs)}]\n'


def _binding(place: str | None, user: str) -> str:
    kind = "Role" if place else "ClusterRole"
    reference = f"roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {MORE}\n"
    return f"{_head(f'{kind}Binding', place)}{reference}subjects:\n{_subject(user)}"


def _subject(user: str) -> str:
    account = _ACCOUNT.fullmatch(user)
    if account or not user:
        namespace, name = account.groups() if account else (NAME, NAME)
        return f"  - kind: ServiceAccount\n    name: {name}\n    namespace: {namespace}\n"
    # In quotes, as JSON is YAML: a user may be called anything.
    quoted = user.replace("\\", "\\\\").replace('"', '\\"')
    return f'  - kind: User\n    apiGroup: rbac.authorization.k8s.io\n    name: "{quoted}"\n'


def _head(kind: str, place: str | None) -> str:
    namespace = f"  namespace: {place}\n" if place else ""
    return f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {MORE}\n{namespace}"
