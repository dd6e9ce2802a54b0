"""Why a container that was made cannot be started (catalogue B7, start-*)."""

from diagnostics.rules.start.errors import container_start
from diagnostics.rules.start.last_lines import container_command, wants_log
from diagnostics.rules.start.stuck import stuck_creating

__all__ = ["container_command", "container_start", "stuck_creating", "wants_log"]
