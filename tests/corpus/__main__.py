"""`make corpus`: the score by family, then what is wrong; exits 1 below the bars."""

from __future__ import annotations

import sys

from tests.corpus.judged import as_a_whole
from tests.corpus.report import lines, passes


def main() -> int:
    """Prints the score of the captured cluster."""
    scores = list(as_a_whole().values())
    sys.stdout.writelines(f"{line}\n" for line in lines(scores))
    return 0 if passes(scores) else 1


if __name__ == "__main__":
    sys.exit(main())
