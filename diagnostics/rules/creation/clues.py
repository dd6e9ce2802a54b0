"""Which words of a refusal speak for which code.

The order matters: a webhook that does not answer says "context deadline exceeded" as well, and what a webhook says in
its denial may be anything. Sources: k8s.io/apiserver pkg/admission and plugin/resourcequota;
k8s.io/pod-security-admission; k8s.io/kubernetes plugin/pkg/admission (limitranger, priority, serviceaccount); the
webhooks of Gatekeeper and Kyverno.
"""

from __future__ import annotations

from diagnostics.rules.clues import clue
from diagnostics.rules.creation import quota_rules, rules
from diagnostics.rules.model import Confidence

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}"

REFUSALS = (
    clue(quota_rules.CLAIM, rf"failed to create PVC (?P<claim>{_NAME}): (?P<said>[^\0]+)"),
    clue(
        quota_rules.CLAIM,
        rf"create Claim (?P<claim>{_NAME}) (?:for )?Pod {_NAME} in StatefulSet {_NAME} failed error: (?P<said>[^\0]+)",
    ),
    clue(rules.WEBHOOK_DOWN, r'failed calling (?:admission )?webhook "(?P<webhook>[^"]{1,253})": (?P<said>[^\0]+)'),
    clue(rules.KYVERNO, r"was blocked due to the following policies:?(?P<said>[^\0]+)"),
    clue(
        rules.GATEKEEPER,
        r'admission webhook "validation\.gatekeeper\.sh" denied the request: '
        rf"(?=\[(?:denied by )?(?P<constraint>{_NAME})\])(?P<said>[^\0]+)",
    ),
    clue(
        rules.WEBHOOK_DENIED,
        r'admission webhook "(?P<webhook>[^"]{1,253})" denied the request(?:: (?P<said>[^\0]+))?',
    ),
    clue(
        rules.POLICY,
        rf"(?P<policy_kind>(?:Validating|Mutating)AdmissionPolicy) '(?P<policy>{_NAME})' with binding "
        rf"'(?P<binding>{_NAME})' denied request: (?P<said>[^\0]+)",
    ),
    clue(
        rules.POD_SECURITY,
        r'violates PodSecurity "(?P<level>[a-z]{1,20}):(?P<version>[^"]{1,20})": (?P<checks>[^\0]+)',
    ),
    clue(rules.NAMESPACE_TERMINATING, r"because it is being terminated"),
    clue(
        quota_rules.EXCEEDED,
        rf"exceeded quota: (?P<quota>{_NAME}), requested: (?P<requested>[^:]{{1,1500}}), "
        r"used: (?P<used>[^:]{1,1500}), limited: (?P<limited>[^:\s]{1,1500})",
    ),
    clue(quota_rules.MISSING, rf"failed quota: (?P<quota>{_NAME}): must specify (?P<demanded>[^\0]+)"),
    clue(
        quota_rules.LIMIT_RANGE,
        r"(?:minimum|maximum) (?P<resource>[\w./-]{1,100}) usage per (?P<per>Container|Pod)\b",
    ),
    clue(
        quota_rules.LIMIT_RANGE,
        r"(?P<resource>[\w./-]{1,100}) max limit to request ratio per (?P<per>Container|Pod)\b",
    ),
    clue(
        rules.SERVICE_ACCOUNT,
        rf"error looking up service account {_NAME}/(?P<service_account>{_NAME}): serviceaccounts? \S{{1,260}} not found",
    ),
    clue(rules.PRIORITY_CLASS, rf"no PriorityClass with name (?P<priority_class>{_NAME}) was found"),
    clue(rules.RUNTIME_CLASS, rf'RuntimeClass "?(?P<runtime_class>{_NAME})"? not found'),
    clue(rules.INVALID, r"\bis invalid: (?P<said>[^\0]+)"),
    clue(
        rules.FORBIDDEN,
        r'User "(?P<user>[^"]{1,400})" cannot create resource "(?P<resource>[\w./-]{1,100})"',
    ),
    clue(rules.FORBIDDEN, r"cannot set blockOwnerDeletion"),
    clue(rules.TIMEOUT, r"request did not complete within|etcdserver: (?:request timed out|leader changed|too many)"),
    clue(rules.TIMEOUT, r"server was unable to return a response in the time|context deadline exceeded"),
    clue(rules.TIMEOUT, r"the server is currently unable to handle the request", Confidence.LIKELY),
)
