"""What is wrong with a node as such: the node family (catalogue B12).

What a node says of itself, in conditions, taints and events, is one diagnosis of that node, and the engine folds what
its pods suffer from it.
"""

from diagnostics.rules.nodes.certificates import kubelet_certificate
from diagnostics.rules.nodes.concentration import pods_concentrated
from diagnostics.rules.nodes.conditions import conditions, custom_conditions
from diagnostics.rules.nodes.happenings import cordoned, disk_not_freed, flapping, full, happenings
from diagnostics.rules.nodes.readiness import not_ready
from diagnostics.rules.nodes.versions import version_skew

__all__ = [
    "conditions",
    "cordoned",
    "custom_conditions",
    "disk_not_freed",
    "flapping",
    "full",
    "happenings",
    "kubelet_certificate",
    "not_ready",
    "pods_concentrated",
    "version_skew",
]
