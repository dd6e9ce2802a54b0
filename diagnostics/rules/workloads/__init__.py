"""What workloads lack by their own status: the consequences that people see first (catalogue B11)."""

from diagnostics.rules.workloads.daemonsets import daemon_set
from diagnostics.rules.workloads.deployments import deployment
from diagnostics.rules.workloads.selecting import conflict, selects_all
from diagnostics.rules.workloads.statefulsets import stateful_set

__all__ = ["conflict", "daemon_set", "deployment", "selects_all", "stateful_set"]
