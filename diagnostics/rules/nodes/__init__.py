"""What is wrong with a node as such: the node family (catalogue B12).

What a node says of itself, in conditions, taints and events, is one diagnosis of that node, and the engine folds what
its pods suffer from it. Certificates about to expire are not told: certificate requests are not read.
"""

from diagnostics.rules.nodes.conditions import conditions, custom_conditions
from diagnostics.rules.nodes.happenings import cordoned, disk_not_freed, flapping, full, happenings
from diagnostics.rules.nodes.readiness import not_ready

__all__ = [
    "conditions",
    "cordoned",
    "custom_conditions",
    "disk_not_freed",
    "flapping",
    "full",
    "happenings",
    "not_ready",
]
