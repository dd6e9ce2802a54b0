"""Did you mean: names that exist and look like the one that is missing."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from diagnostics.rules.suspect import Suspect

# Near enough to be a slip of the pen ("pricing-conf" for "pricing-config"), far enough from any two names of one app.
ALIKE = 0.72
# How many names a sentence lists.
LISTED = 5
SECRETS_UNREAD = "Which Secrets and keys exist was not looked at: Sickbay never reads Secrets."
# Kubernetes puts it into every namespace; nobody means it.
_EVERYWHERE = frozenset({"kube-root-ca.crt", "openshift-service-ca.crt"})


def alike(name: str, existing: Iterable[str]) -> str | None:
    """The existing name that looks most like the missing one, if any looks like it at all."""
    return next(iter(get_close_matches(name, sorted(existing), n=1, cutoff=ALIKE)), None)


def listed(names: Iterable[str]) -> str:
    """Some names for a sentence: `a, b and 3 more`."""
    known = sorted(names)
    shown = ", ".join(known[:LISTED])
    return shown if len(known) <= LISTED else f"{shown} and {len(known) - LISTED} more"


def instead_of_config_map(suspect: Suspect, name: str) -> str:
    """What is known of other ConfigMaps where one is missing: a sentence, or why nothing is known."""
    if not _config_maps_read(suspect):
        return "Which ConfigMaps exist could not be checked: they were not readable."
    known = suspect.snapshot.config_maps
    if (suspect.namespace, name) in known:
        return "It exists by now, so the kubelet's next attempt should succeed."
    here = {other for namespace, other in known if namespace == suspect.namespace} - _EVERYWHERE
    if near := alike(name, here):
        return f'There is a ConfigMap "{near}" in this namespace: is that the one that is meant?'
    if elsewhere := [namespace for namespace, other in known if other == name]:
        return f"Namespace {listed(elsewhere)} has one of that name, but a pod can only use its own namespace's."
    return f"The namespace has {listed(here)}." if here else "The namespace has no ConfigMap of its own."


def instead_of_key(suspect: Suspect, name: str, key: str) -> str:
    """What is known of the keys of a ConfigMap that lacks one: a sentence, or why nothing is known."""
    config_map = suspect.snapshot.config_maps.get((suspect.namespace, name))
    if config_map is None or not _config_maps_read(suspect):
        return "Which keys it has could not be checked: it was not readable."
    if key in config_map.keys:
        return "It has the key by now, so the kubelet's next attempt should succeed."
    if near := alike(key, config_map.keys):
        return f'It has a key "{near}": is that the one that is meant?'
    return f"Its keys are {listed(config_map.keys)}." if config_map.keys else "It has no keys at all."


def _config_maps_read(suspect: Suspect) -> bool:
    return "configmaps" in suspect.snapshot.read and not suspect.unread("configmaps")
