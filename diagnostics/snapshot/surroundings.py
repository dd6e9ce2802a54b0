"""What stands around the objects that are judged, put in order once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from itertools import islice

from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.meta import LeanMetadata, OwnerReference
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.owners import Key, WorkloadRef
from diagnostics.snapshot.runs import Runs
from diagnostics.snapshot.traffic import EndpointSlice, Service


class Surroundings:
    """A snapshot by what belongs together. Made for one judging: it does not notice what is read later."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    @cached_property
    def services(self) -> Mapping[str, Mapping[str, Service]]:
        """Services by namespace, then by name."""
        found: dict[str, dict[str, Service]] = {}
        for (namespace, name), service in sorted(self._snapshot.services.items()):
            found.setdefault(namespace, {})[name] = service
        return found

    @cached_property
    def slices(self) -> Mapping[Key, list[EndpointSlice]]:
        """EndpointSlices by namespace and name of their Service."""
        found: dict[Key, list[EndpointSlice]] = {}
        for (namespace, _), each in sorted(self._snapshot.endpoint_slices.items()):
            found.setdefault((namespace, each.service), []).append(each)
        return found

    @cached_property
    def backends(self) -> frozenset[Key]:
        """The Services that an Ingress, an aggregated API or a webhook sends to, by namespace and name."""
        snapshot = self._snapshot
        routed = (
            (namespace, backend.service.name)
            for (namespace, _), ingress in snapshot.ingresses.items()
            for backend in ingress.spec.backends
            if backend.service is not None
        )
        configurations = (*snapshot.validating_webhooks.values(), *snapshot.mutating_webhooks.values())
        hooks = (hook.client_config.service for found in configurations for hook in found.webhooks)
        called = (*(found.spec.service for found in snapshot.api_services.values()), *hooks)
        return frozenset(routed) | {(service.namespace, service.name) for service in called if service is not None}

    @cached_property
    def serving(self) -> Mapping[str, list[tuple[WorkloadRef, Workload]]]:
        """The workloads whose pods are meant to stay, by namespace; each kind by name."""
        found: dict[str, list[tuple[WorkloadRef, Workload]]] = {}
        for kind, known in (
            ("Deployment", self._snapshot.deployments),
            ("StatefulSet", self._snapshot.statefulsets),
            ("DaemonSet", self._snapshot.daemonsets),
        ):
            for (namespace, name), workload in sorted(known.items()):
                found.setdefault(namespace, []).append((WorkloadRef(kind, name, namespace), workload))
        return found

    @cached_property
    def served(self) -> frozenset[WorkloadRef]:
        """Those of them to whose pods a Service leads."""
        by_label: dict[tuple[str, tuple[str, str]], list[Service]] = {}
        for (namespace, _), service in self._snapshot.services.items():
            for label in islice(service.spec.selector.items(), 1):  # Pods behind it have every one of its labels.
                by_label.setdefault((namespace, label), []).append(service)
        return frozenset(
            ref
            for namespace, workloads in self.serving.items()
            for ref, workload in workloads
            for labels in (workload.spec.template.metadata.labels,)
            if any(one.selects(labels) for label in labels.items() for one in by_label.get((namespace, label), ()))
        )

    @cached_property
    def jobs(self) -> Mapping[str, list[Workload]]:
        """Jobs by namespace."""
        found: dict[str, list[Workload]] = {}
        for (namespace, _), job in self._snapshot.jobs.items():
            found.setdefault(namespace, []).append(job)
        return found

    def runs_beside(self, job: LeanMetadata) -> Runs:
        """The Jobs of the owner of that Job that have ended, itself among them if it has."""
        return self._runs.get((job.namespace, job.controller)) or Runs()

    @cached_property
    def _runs(self) -> Mapping[tuple[str, OwnerReference | None], Runs]:
        found: dict[tuple[str, OwnerReference | None], list[Workload]] = {}
        for (namespace, _), job in self._snapshot.jobs.items():
            found.setdefault((namespace, job.metadata.controller), []).append(job)
        return {place: Runs(jobs) for place, jobs in found.items()}
