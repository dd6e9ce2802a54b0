"""How a scan is written out."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import pytest

from diagnostics.engine.verdict import Crashed, Skipped
from diagnostics.management.reports import WRITERS, headline
from diagnostics.operations.scanning import PodLine, Scan


def written(scan: Scan, form: str) -> str:
    """What a pipe would get."""
    out = io.StringIO()
    WRITERS[form](scan, out)
    return out.getvalue()


def test_json_is_the_contract(scan: Scan) -> None:
    """One object; what does not apply is null; times are UTC."""
    document = json.loads(written(scan, "json"))
    assert document["schema"] == "sickbay/scan.v1"
    assert document["observed_at"] == "2026-11-23T04:00:00Z"
    assert document["unavailable"] == [
        {"resource": "pods/log", "namespace": "shop", "error": "forbidden", "grant": "get pods/log"}
    ]
    assert "pods" not in document
    first = document["diagnoses"][0]
    assert first["workload"] == {"kind": "Deployment", "name": "cart"}
    assert first["pods"][0] == {
        "name": "cart-7f6-a",
        "uid": "uid-cart-7f6-a",
        "status": "Running",
        "node": "n1",
    }
    assert first["remedy"]["commands"] == ["kubectl --context prod-eu -n shop rollout undo deployment/cart"]
    assert first["symptoms"] == [
        {
            "code": "probe-refused",
            "workload": {"kind": "Deployment", "name": "cart"},
            "summary": "Nobody | answers app.",
            "namespace": "shop",
        }
    ]
    assert first["delivered_by"] is None


def test_every_pod_is_listed_for_those_who_ask(scan: Scan) -> None:
    """`--all-pods` adds kubectl's columns."""
    line = PodLine(namespace="shop", name="cart-7f6-a", status="Running", ready="1/2", restarts=4)
    asked = msgspec.structs.replace(scan, pods=(line,))
    assert json.loads(written(asked, "json"))["pods"] == [
        {"namespace": "shop", "name": "cart-7f6-a", "status": "Running", "ready": "1/2", "restarts": 4}
    ]
    assert "cart-7f6-a" in written(asked, "table")


def test_ndjson_ends_with_the_object(scan: Scan) -> None:
    """One diagnosis a line, then everything else."""
    *diagnoses, rest = map(json.loads, written(scan, "ndjson").splitlines())
    assert [found["code"] for found in diagnoses] == ["crash-config-env", "image-tag-drift"]
    assert rest["pods_seen"] == 212
    assert "diagnoses" not in rest


def test_the_piped_table_has_a_line_a_diagnosis(scan: Scan) -> None:
    """Nothing is wrapped or coloured; symptoms are indented under their root; gaps are said at the end."""
    lines = [line for line in written(scan, "table").splitlines() if line]
    assert lines == [line.rstrip() for line in lines]
    assert lines[0] == "2 diagnoses in prod-eu: 1 critical, 1 low (212 pods read)"
    assert lines[1].split() == ["SEVERITY", "NAMESPACE", "WORKLOAD", "CODE", "PODS", "AGE", "SUMMARY"]
    assert lines[2].split(maxsplit=6) == [
        "◆", "critical", "shop", "Deployment/cart/app", "crash-config-env", "2/2",
        "14m  Container app exits: DATABASE_URL is not set.",
    ]  # fmt: skip
    assert lines[3].split(maxsplit=2) == ["└", "probe-refused", "Nobody | answers app."]
    assert lines[3].index("Nobody") == lines[2].index("Container app")
    assert lines[-1] == "! Could not read pods/log in namespace shop (forbidden); to mend it, grant: get pods/log"


def test_what_is_shared_names_those_who_suffer(scan: Scan) -> None:
    """What hangs under a cause without a namespace says where it is."""
    shared = msgspec.structs.replace(scan.diagnoses[0], namespace=None)
    lines = written(msgspec.structs.replace(scan, diagnoses=(shared,)), "table").splitlines()
    (symptom,) = [line for line in lines if "└" in line]
    assert symptom.rstrip().split(maxsplit=4) == [
        "shop",
        "Deployment/cart",
        "└",
        "probe-refused",
        "Nobody | answers app.",
    ]


def test_wide_adds_offender_confidence_and_next_command(scan: Scan) -> None:
    """What one needs to act without opening anything else."""
    wide = written(scan, "wide")
    assert "kubectl --context prod-eu -n shop rollout undo deployment/cart" in wide
    assert "certain" in wide
    assert "Deployment/cart" in wide


def test_markdown_can_be_pasted(scan: Scan) -> None:
    """A table whose cells survive pipes, a section a diagnosis, commands in a block."""
    text = written(scan, "markdown")
    assert text.startswith("# 2 diagnoses in prod-eu: 1 critical, 1 low (212 pods read)\n")
    assert "| critical | shop/Deployment/cart (app) | `crash-config-env` | 2/2 | 14m |" in text
    assert "```sh\nkubectl --context prod-eu -n shop rollout undo deployment/cart\n" in text
    assert "- Symptom: Nobody | answers app. (`probe-refused`)" in text
    assert "> Could not read pods/log" in text


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_nothing_failing_is_said(scan: Scan, form: str) -> None:
    """Never an empty answer: nobody can tell "fine" from "broken" by it."""
    assert "Nothing failing in prod-eu: 212 pods read" in written(msgspec.structs.replace(scan, diagnoses=()), form)


def test_one_of_each_is_singular(scan: Scan) -> None:
    """Sentences are sentences."""
    one = msgspec.structs.replace(scan, diagnoses=scan.diagnoses[:1], pods_seen=1)
    assert headline(one) == "1 diagnosis in prod-eu: 1 critical (1 pod read)"


def test_blind_spots_are_said(scan: Scan) -> None:
    """Malformed objects, skipped and crashed checks never look like health."""
    fields: dict[str, Any] = {
        "malformed": 2,
        "skipped": (Skipped(check="scheduling", needs="nodes", pods=3),),
        "crashed": (Crashed(check="image", object="Pod/x", error="KeyError('y')"),),
    }
    text = written(msgspec.structs.replace(scan, **fields), "table")
    assert "2 objects could not be decoded" in text
    assert "Not checked for 3 pods: scheduling, which needs nodes" in text
    assert "The check image failed on Pod/x: KeyError('y')" in text
