"""The peer of `scan`: every pod of a cluster through the official client's typed list, in pages of 500."""

from __future__ import annotations

from kubernetes import client, config

from bench.pods import PAGE


def main() -> None:
    """Lists and counts."""
    config.load_kube_config()  # type: ignore[no-untyped-call]  # The client is typed in part.
    api, token, seen = client.CoreV1Api(), None, 0
    while True:
        page = api.list_pod_for_all_namespaces(limit=PAGE, _continue=token)
        seen += len(page.items)
        token = page.metadata._continue if page.metadata else None  # noqa: SLF001 - the name for the API's `continue`.
        if not token:
            break
    print(seen)


if __name__ == "__main__":
    main()
