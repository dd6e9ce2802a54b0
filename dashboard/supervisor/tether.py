"""Runs a command that ends when the process which started it does: `tether.py PARENT_PID COMMAND ARGUMENT...`.

The supervisor stops its processes itself; this is for the case that it is killed and cannot. It is a file of its own,
run without site-packages, so that it costs some milliseconds and no code runs between fork and exec.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main(arguments: list[str]) -> None:
    """Becomes the command; exits at once if the parent is gone already."""
    parent, command = int(arguments[1]), arguments[2:]
    if sys.platform == "linux":  # Elsewhere the kernel offers nothing like it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("its supervisor is gone")
    try:
        os.execvp(command[0], command)  # noqa: S606 - becoming the command is the point
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv)
