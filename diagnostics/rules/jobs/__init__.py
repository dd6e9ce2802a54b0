"""Jobs and CronJobs: failed, hanging, waiting, missed (catalogue B11).

A Job accounts for all its attempts and a CronJob for all its runs: the engine hangs what failed in their pods under
them, and they tell the latest attempt's own reason.
"""

from diagnostics.rules.jobs.cronjobs import cron_job
from diagnostics.rules.jobs.ended import ended_job
from diagnostics.rules.jobs.running import sidecar_hang, unfinished_job

__all__ = ["cron_job", "ended_job", "sidecar_hang", "unfinished_job"]
