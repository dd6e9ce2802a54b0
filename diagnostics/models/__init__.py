"""What is stored: clusters and their watches, diagnoses and their history, and evidence that outlives the pod."""

from diagnostics.models.cluster import Cluster, KnownObject, Run
from diagnostics.models.diagnosis import Activity, Diagnosis, Occurrence
from diagnostics.models.kept import KeptEvent, KeptLog, Suspect
from diagnostics.models.update import Update

__all__ = [
    "Activity",
    "Cluster",
    "Diagnosis",
    "KeptEvent",
    "KeptLog",
    "KnownObject",
    "Occurrence",
    "Run",
    "Suspect",
    "Update",
]
