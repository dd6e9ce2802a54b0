"""The least that a cluster must grant, as YAML to apply: written from the table, so that they cannot drift apart.

`python -m diagnostics.kube.roles` rewrites `deploy/rbac/`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from diagnostics.kube.resources import LOGS, NON_RESOURCES, RESOURCES, Resource, When

FOLDER = Path("deploy", "rbac")
NAME = "sickbay"
_ABOUT = """\
# What Sickbay may read, and nothing else: no write verb, no Secrets.
# Written by `python -m diagnostics.kube.roles` from the table of what it reads.
"""


def cluster_role() -> str:
    """A ClusterRole for all namespaces, with its binding to ServiceAccount sickbay in namespace sickbay."""
    everywhere = [resource for resource in _granted() if resource.only_in is None]
    paths = f"  - nonResourceURLs: [{', '.join(NON_RESOURCES)}]\n    verbs: [get]\n"
    parts = [_role("ClusterRole", None, everywhere) + paths, _binding("ClusterRole", None)]
    for namespace, resources in groupby((r for r in _granted() if r.only_in), key=lambda r: r.only_in):
        parts += [_role("Role", namespace, resources, logs=False), _binding("Role", namespace)]
    return _ABOUT + "---\n".join(parts)


def namespaced_role(namespace: str = "default") -> str:
    """A Role for one namespace: nodes and everything else at the cluster scope stay unseen, and are said to be."""
    resources = [resource for resource in _granted() if resource.namespaced and resource.only_in is None]
    return _ABOUT + _role("Role", namespace, resources) + "---\n" + _binding("Role", namespace)


def _granted() -> Iterator[Resource]:
    return (resource for resource in RESOURCES if resource.when is not When.OPTED_IN)


def _role(kind: str, namespace: str | None, resources: Iterable[Resource], *, logs: bool = True) -> str:
    rules = [*_rules(resources), *([("", [LOGS], ("get",))] if logs else [])]
    lines = (
        f'  - apiGroups: ["{group}"]\n    resources: [{", ".join(names)}]\n    verbs: [{", ".join(verbs)}]\n'
        for group, names, verbs in rules
    )
    return f"{_head(kind, namespace)}rules:\n{''.join(lines)}"


def _rules(resources: Iterable[Resource]) -> Iterator[tuple[str, list[str], tuple[str, ...]]]:
    """Group, resources and verbs, those that share group and verbs in one rule."""
    ordered = sorted(resources, key=lambda resource: (resource.group, resource.verbs))
    for (group, verbs), found in groupby(ordered, key=lambda resource: (resource.group, resource.verbs)):
        yield group, [resource.name for resource in found], verbs


def _binding(kind: str, namespace: str | None) -> str:
    return (
        f"{_head(f'{kind}Binding', namespace)}roleRef:\n"
        f"  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {NAME}\n"
        f"subjects:\n  - kind: ServiceAccount\n    name: {NAME}\n    namespace: {NAME}\n"
    )


def _head(kind: str, namespace: str | None) -> str:
    place = f"  namespace: {namespace}\n" if namespace else ""
    return f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {NAME}\n{place}"


def main(folder: Path = FOLDER) -> None:
    """Rewrites the files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clusterrole.yaml").write_text(cluster_role())
    (folder / "role.yaml").write_text(namespaced_role())


if __name__ == "__main__":
    main()
