"""StatefulSets whose Service does not exist (catalogue B11, sts-service-missing).

What its pods fail of may come of that or not: where something is diagnosed in them, this is listed with it. Pods that do
not look for each other by name are well without one (Argo CD's application controllers): that is information.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from diagnostics.rules.lookalikes import alike
from diagnostics.rules.model import Confidence, Finding, Offender, Severity, check
from diagnostics.rules.traffic import rules
from diagnostics.rules.workloads.pods import WorkloadView


@check(rules.SERVICE_MISSING, needs=("services",), about=("StatefulSet",))
def service_missing(view: WorkloadView) -> Iterator[Finding]:
    """StatefulSets that name a Service which is not there; a set of one has no other member that has to find it."""
    name, services = view.item.spec.service_name, view.around.services.get(view.namespace, {})
    needless = view.metadata.deletion_timestamp is not None or view.item.desired < 2
    if not name or name in services or needless or "services" not in view.snapshot.read:
        return
    own = view.item.spec.template.metadata.labels
    near = alike(name, (other for other, service in services.items() if service.headless and service.selects(own)))
    found = view.finding(
        rules.SERVICE_MISSING,
        Confidence.CERTAIN,
        view.quote("spec.serviceName", name),
        offender=Offender("Service", name, view.namespace),
        since=view.metadata.creation_timestamp,
        service=name,
        instead=f"There is a Service {near} in this namespace: is that the one that was meant?" if near else "",
    )
    suffers = near is not None or view.item.status.ready_pods < view.item.desired
    yield found if suffers else replace(found, severity=Severity.INFO)
