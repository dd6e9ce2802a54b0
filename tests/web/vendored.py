"""Plotly's bundles as they lie in `static/vendor`: `python -m tests.web.vendored 4.1.1` fetches another version by npm.

The bundle writes its rules into the page itself, which our policy forbids. It leaves that alone where it finds a style
sheet with the id `plotly.js-style-global` and the class `no-inline-styles`, so the rules lie beside it as a file.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from dashboard.environment import PROJECT

VENDOR = PROJECT / "static/vendor"
BUNDLES = ("basic", "cartesian")
STYLE_SHEET = VENDOR / "plotly.css"
# An object literal from selector to declarations; X and Y stand for the outermost classes.
_RULES = re.compile(r"""\{"X,X div":.*?\};""", re.DOTALL)
_RULE = re.compile(r"""(?:"(?P<selector>[^"]+)"|(?P<bare>[XY])):(?P<quote>["'])(?P<declarations>.*?)(?P=quote)[,}]""")


def bundle(name: str) -> Path:
    """The file of a bundle."""
    return VENDOR / f"plotly-{name}.min.js"


def rules(script: str) -> str:
    """The style sheet that a bundle would write. It puts each rule before the one before: the first wins last."""
    found = _RULES.search(script)
    if not found:
        raise ValueError("the bundle no longer holds its rules as it did: look for addStyleRule in its source")
    pairs = [(rule["selector"] or rule["bare"], rule["declarations"]) for rule in _RULE.finditer(found[0])]
    return "".join(f"{_spelled(selector)} {{{declarations}}}\n" for selector, declarations in reversed(pairs))


def _spelled(selector: str) -> str:
    return selector.replace("X", ".js-plotly-plot .plotly").replace("Y", ".plotly-notifier")


def fetch(version: str) -> None:
    """Puts a version's bundles, their licence and the style sheet in place."""
    VENDOR.mkdir(exist_ok=True)
    for name in BUNDLES:
        with TemporaryDirectory() as home:
            package = _unpacked(f"plotly.js-{name}-dist-min@{version}", Path(home))
            shutil.copyfile(package / f"plotly-{name}.min.js", bundle(name))
            shutil.copyfile(package / "LICENSE", VENDOR / "plotly.LICENSE")
    STYLE_SHEET.write_text(rules(bundle("basic").read_text(encoding="utf-8")), encoding="utf-8")


def _unpacked(package: str, home: Path) -> Path:
    command = ["npm", "pack", "--silent", package]
    packed = subprocess.run(command, cwd=home, check=True, capture_output=True, text=True).stdout.strip()
    with tarfile.open(home / packed) as archive:
        archive.extractall(home, filter="data")
    return home / "package"


if __name__ == "__main__":
    fetch(sys.argv[1])
