"""Kubernetes quantities: "100m", "64Mi", "1e3", 2.

Source: k8s.io/apimachinery/pkg/api/resource, `ParseQuantity`.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

_SUFFIXES: dict[str, Decimal] = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}
_LARGEST = Decimal(2**63 - 1)
_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))(?:(?P<exponent>[eE][+-]?\d{1,3})|(?P<suffix>[numkMGTPE]|[KMGTPE]i)?)",
    re.ASCII,
)


class InvalidQuantity(ValueError):
    """The text is not a quantity."""


@lru_cache(maxsize=4096)
def parse(quantity: str | float) -> Decimal:
    """The number in its base unit: cores, bytes or a plain count; as in Go, never beyond 2^63-1 either way.

    Raises `InvalidQuantity` for anything that the API server would refuse.
    """
    match = _QUANTITY.fullmatch(str(quantity))
    if match is None:
        raise InvalidQuantity(f"not a quantity: {quantity!r}")
    number = Decimal(match["number"] + (match["exponent"] or "")) * _SUFFIXES[match["suffix"] or ""]
    return max(-_LARGEST, min(number, _LARGEST))


def in_binary(amount: Decimal, rounding: str = ROUND_HALF_EVEN) -> str:
    """Bytes as people write limits: the largest binary unit that leaves at least 1, at most one decimal place."""
    for suffix in ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki"):
        unit = _SUFFIXES[suffix]
        if abs(amount) >= unit:
            return f"{_plain(amount / unit, _TENTH, rounding)}{suffix}"
    return _plain(amount, _TENTH, rounding)


def in_cores(amount: Decimal, rounding: str = ROUND_HALF_EVEN) -> str:
    """CPU as people write it: "250m" below one core, "1.5" above; never finer than a thousandth."""
    if amount >= 1 or not amount:
        return _plain(amount, _THOUSANDTH, rounding)
    return f"{_plain(amount * 1000, Decimal(1), rounding)}m"


_TENTH, _THOUSANDTH = Decimal("0.1"), Decimal("0.001")


def _plain(amount: Decimal, step: Decimal, rounding: str) -> str:
    rounded = amount.quantize(step, rounding).normalize()
    return f"{rounded:f}"
