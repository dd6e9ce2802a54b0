"""`python -m tests.on_postgres COMMAND...`: runs a command with `DATABASE_URL` naming a PostgreSQL of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.servers import postgres_programs, private_postgres

if __name__ == "__main__":
    if postgres_programs() is None:
        sys.stdout.write("no PostgreSQL server here: what touches the database was tested on SQLite alone\n")
        sys.exit(0)
    with private_postgres() as url:
        sys.exit(subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": url}, check=False).returncode)
