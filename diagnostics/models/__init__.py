"""What is stored: clusters and their watches, diagnoses and their history, evidence that outlives the pod; who is told."""

from diagnostics.models.access import ApiToken
from diagnostics.models.cluster import Cluster, KnownObject, Run, RunningPods
from diagnostics.models.diagnosis import Activity, Diagnosis, Occurrence
from diagnostics.models.kept import KeptEvent, KeptLog, Suspect
from diagnostics.models.notifying import Announcement, Channel, Delivery, Route, Silence, Storm
from diagnostics.models.update import Update

__all__ = [
    "Activity",
    "Announcement",
    "ApiToken",
    "Channel",
    "Cluster",
    "Delivery",
    "Diagnosis",
    "KeptEvent",
    "KeptLog",
    "KnownObject",
    "Occurrence",
    "Route",
    "Run",
    "RunningPods",
    "Silence",
    "Storm",
    "Suspect",
    "Update",
]
