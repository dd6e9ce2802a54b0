"""What rules name as what several workloads may share, and how they would say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from diagnostics.engine.context import subjects
from diagnostics.engine.texts import Texts
from diagnostics.rules import checks, rules
from diagnostics.rules.image import image_pull
from diagnostics.rules.model import Check, Finding, Rule, Shared
from diagnostics.rules.sandbox import pod_sandbox
from diagnostics.rules.subject import Subject
from diagnostics.rules.suspect import Suspect
from diagnostics.rules.volumes import claim_pending, volume_mount
from tests.rules.loading import FIXTURES, load
from tests.rules.pods import event, found, pod, suspect, waiting
from tests.rules.test_volumes import DATA, about_claim, claim, mounting, storage_class, unscheduled

ALL_ALIKE = {"sufferers": "5 pods of 3 workloads", "thing": "it", "place": "node n1"}
TOLD_TOGETHER = sorted((rule for rule in rules().values() if rule.together), key=lambda rule: rule.code)
ANNOTATED = {"annotations": {"volume.kubernetes.io/storage-provisioner": "ebs.csi.aws.com"}}
ATTACHING = event("FailedAttachVolume", 'AttachVolume.Attach failed for volume "pv-1" : no')
TIMED_OUT = event(
    "FailedMount",
    "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: "
    "timed out waiting for the condition",
)


def pulling(error: str, image: str = "quay.io/shop/cart:1") -> Suspect:
    message = f'Back-off pulling image "{image}": ErrImagePull: {error}'
    return suspect(pod(waiting("ImagePullBackOff", message), containers=[{"name": "app", "image": image}]))


def unsandboxed(message: str) -> Suspect:
    return mounting(event("FailedCreatePodSandBox", message))


@pytest.mark.parametrize(
    ("check", "of", "thing"),
    [
        (image_pull, pulling("connection refused"), Shared("Registry", "quay.io")),
        (image_pull, pulling("toomanyrequests", "nginx"), Shared("Registry", "docker.io")),
        (image_pull, pulling("unauthorized: authentication required"), Shared("Registry", "quay.io")),
        (image_pull, pulling("denied, repository does not exist or may require authorization: unauthorized"), None),
        (image_pull, pulling("quay.io/shop/cart:1: manifest unknown"), None),
        (image_pull, pulling("connection refused", "quay.io/Shop"), None),
        (image_pull, pulling("write /layer: no space left on device"), Shared("Node", "n1")),
        (pod_sandbox, unsandboxed("cni plugin not initialized"), Shared("Node", "n1")),
        (pod_sandbox, unsandboxed("container init was OOM-killed"), None),
        (volume_mount, mounting(ATTACHING, volumes=[DATA]), None),
        (volume_mount, mounting(TIMED_OUT, volumes=[DATA]), None),
        (volume_mount, mounting(ATTACHING, volumes=[DATA], claims=claim(metadata=ANNOTATED)), "ebs.csi.aws.com"),
        (volume_mount, mounting(TIMED_OUT, volumes=[DATA], claims=claim(metadata=ANNOTATED)), "ebs.csi.aws.com"),
        (volume_mount, mounting(event("FailedMount", 'secret "b" not found'), volumes=[DATA]), None),
    ],
)
def test_what_is_at_fault_if_others_fail_alike(check: Check, of: Suspect, thing: Shared | str | None) -> None:
    expected = Shared("CSIDriver", thing) if isinstance(thing, str) else thing
    assert [finding.shared for finding in found(check, of)] == [expected]


def test_a_provisioner_is_shared_where_it_is_known() -> None:
    waits = about_claim("ExternalProvisioning")
    known = unscheduled(waits, claims=claim(), storage_classes=storage_class("fast"), read={"storageclasses"})
    assert [finding.shared for finding in found(claim_pending, known)] == [Shared("Provisioner", "csi.example")]
    assert [finding.shared for finding in found(claim_pending, unscheduled(waits, claims=claim()))] == [None]


def test_what_several_workloads_share_needs_a_text() -> None:
    finding = next(iter(found(image_pull, pulling("connection refused"))))
    with pytest.raises(ValueError, match="image-registry-unreachable: what several workloads share needs a text"):
        replace(finding, rule=replace(finding.rule, together=""))


@pytest.mark.parametrize("rule", TOLD_TOGETHER, ids=lambda rule: rule.code)
def test_every_shared_text_can_be_filled(rule: Rule) -> None:
    concluded = list(_concluded(rule))
    assert any(finding.shared for _, finding in concluded) or rule.code.startswith("vol-")  # Needs a driver's name.
    for subject, finding in concluded:
        texts = Texts(subject, replace(finding, params={**finding.params, **ALL_ALIKE}))
        assert "5 pods of 3 workloads" in texts.sentence(rule.together)


def _concluded(rule: Rule) -> Iterator[tuple[Subject, Finding]]:
    """What is found of that rule in its own fixtures."""
    made_by = [check for check in checks() if rule in check.rules]
    for case in sorted(FIXTURES.glob(f"{rule.code}/*/expected.json")):
        for subject in subjects(load(case.parent), frozenset(kind for check in made_by for kind in check.about)):
            for check in made_by:
                if subject.kind in check.about:
                    yield from ((subject, finding) for finding in check.judge(subject) if finding.rule is rule)
