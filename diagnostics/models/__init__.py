"""What is stored: clusters and their watches, diagnoses and their history, evidence that outlives the pod; who is told."""

from diagnostics.models.access import ApiToken, Badge, Member, SavedView
from diagnostics.models.cluster import Cluster, ClusterCredentials, KnownObject, Rollout, Run, RunningPods
from diagnostics.models.diagnosis import Activity, Diagnosis, Occurrence
from diagnostics.models.kept import EndedRun, KeptEvent, KeptLog, Suspect
from diagnostics.models.notifying import Announcement, Channel, Delivery, Route, Silence, Storm
from diagnostics.models.update import Update

__all__ = [
    "Activity",
    "Announcement",
    "ApiToken",
    "Badge",
    "Channel",
    "Cluster",
    "ClusterCredentials",
    "Delivery",
    "Diagnosis",
    "EndedRun",
    "KeptEvent",
    "KeptLog",
    "KnownObject",
    "Member",
    "Occurrence",
    "Rollout",
    "Route",
    "Run",
    "RunningPods",
    "SavedView",
    "Silence",
    "Storm",
    "Suspect",
    "Update",
]
