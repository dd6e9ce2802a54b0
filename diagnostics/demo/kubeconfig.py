"""A kubeconfig that leads to the demo cluster."""

from __future__ import annotations

import json
import os
from pathlib import Path


def write(path: Path, url: str, *, name: str, namespace: str, token: str) -> Path:
    """Writes it in one step, so that no reader sees half of it; JSON is YAML."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url}}],
        "users": [{"name": name, "user": {"token": token} if token else {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": namespace}}],
        "current-context": name,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(config, file, indent=2)
    draft.replace(path)
    return path
