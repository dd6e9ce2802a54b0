"""What stands behind a Service: its EndpointSlices, the workloads whose pods it selects, and pods that fail.

The workloads and the failing pods are live; Services and EndpointSlices may be some minutes old. Of pods that are well
and belong to no workload that is read, EndpointSlices are all that is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from diagnostics.rules.dependencies.backing import Backing
from diagnostics.rules.model import Evidence
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.suspect import Suspect
from diagnostics.rules.workloads.pods import latest
from diagnostics.snapshot.traffic import Endpoint, EndpointSlice, Service, changed_at

# Labels that controllers put on pods: no template has them.
_OF_PODS = frozenset(
    {
        "pod-template-hash",
        "rollouts-pod-template-hash",
        "controller-revision-hash",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
    }
)


@dataclass(frozen=True)
class Behind:
    """A Service that leads to pods by their labels, and what is known of these."""

    view: ObjectView[Service]

    @property
    def service(self) -> Service:
        """The Service itself."""
        return self.view.item

    @property
    def selector(self) -> Mapping[str, str]:
        """The labels that it selects."""
        return self.service.spec.selector

    @property
    def known(self) -> bool:
        """Whether there is something to judge: it is meant to lead to ready pods, and its EndpointSlices were read.

        There is always one, as soon as the controller has seen the Service.
        """
        spec = self.service.spec
        goes = self.view.metadata.deletion_timestamp is not None
        elsewhere = not spec.selector or spec.type == "ExternalName" or spec.publish_not_ready_addresses
        return bool(self.slices) and not (goes or elsewhere)

    @cached_property
    def slices(self) -> tuple[EndpointSlice, ...]:
        """Its EndpointSlices."""
        return tuple(self.view.around.slices.get((self.view.namespace, self.view.metadata.name), ()))

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The pods with an address that it selects, ready or not, as its EndpointSlices tell."""
        return tuple(endpoint for each in self.slices for endpoint in each.endpoints)

    @property
    def by_pod_labels(self) -> bool:
        """Whether it selects by labels that no template can tell."""
        return not _OF_PODS.isdisjoint(self.selector)

    @cached_property
    def workloads(self) -> tuple[Backing, ...]:
        """The workloads whose pods it selects, as far as their templates tell."""
        wanted = {key: value for key, value in self.selector.items() if key not in _OF_PODS}
        return tuple(each for each in self.neighbours if wanted and wanted.items() <= labels(each).items())

    @property
    def neighbours(self) -> tuple[Backing, ...]:
        """Every workload of the namespace."""
        found = self.view.around.serving.get(self.view.namespace, ())
        return tuple(Backing(ref, workload) for ref, workload in found)

    @property
    def pods(self) -> tuple[Suspect, ...]:
        """The pods that it selects, of those that are not well or not settled."""
        return self.view.pods

    @property
    def for_jobs(self) -> bool:
        """Whether it leads to pods of Jobs, which end."""
        jobs = self.view.around.jobs.get(self.view.namespace, ())
        return any(pod.workload.kind in ("Job", "CronJob") for pod in self.pods) or any(
            self.service.selects(job.spec.template.metadata.labels) for job in jobs
        )

    @property
    def changed(self) -> datetime | None:
        """When it last changed, or what it leads to."""
        written = (each.metadata.written_at for each in self.slices)
        return latest(self.service.metadata.written_at, changed_at(self.slices), *written)

    @property
    def in_use(self) -> bool:
        """Whether it takes traffic from outside, or an Ingress, an API or a webhook names it."""
        named = (self.view.namespace, self.view.metadata.name) in self.view.around.backends
        return named or self.service.spec.type in ("LoadBalancer", "NodePort")

    @property
    def evidence(self) -> Evidence:
        """How many of its endpoints are ready."""
        ready = sum(endpoint.ready for endpoint in self.endpoints)
        said = f"{ready} of {len(self.endpoints)} ready" if self.endpoints else "none"
        name = f"EndpointSlice/{self.slices[0].metadata.name}"
        return Evidence("endpointslice", name, "endpoints", said, self.changed)


def labels(backing: Backing) -> Mapping[str, str]:
    """The labels of a workload's pods, as its template has them."""
    return backing.workload.spec.template.metadata.labels


def said(selected: Mapping[str, str]) -> str:
    """Labels as `kubectl -l` takes them: `app=web,tier=cache`."""
    return ",".join(f"{key}={value}" for key, value in sorted(selected.items()))
