"""Kubernetes quantities, as Go reads and people write them."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.snapshot.quantities import InvalidQuantity, in_binary, in_cores, parse
from tests.characters import texts


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("1", "1"),
        ("100m", "0.1"),
        ("1500u", "0.0015"),
        ("2n", "0.000000002"),
        ("64Mi", "67108864"),
        ("1.5Gi", "1610612736"),
        ("1Ki", "1024"),
        ("2Ti", "2199023255552"),
        ("1Pi", "1125899906842624"),
        ("3k", "3000"),
        ("1M", "1000000"),
        ("1G", "1000000000"),
        ("1T", "1000000000000"),
        ("1P", "1000000000000000"),
        ("1E", "1000000000000000000"),
        ("1e3", "1000"),
        ("12E2", "1200"),
        ("1e-3", "0.001"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-1Mi", "-1048576"),
        ("+2", "2"),
    ],
)
def test_parse(text: str, number: str) -> None:
    assert parse(text) == Decimal(number)


@pytest.mark.parametrize("bare", [2, 0.5, 1e3])
def test_parse_takes_the_numbers_that_yaml_makes_of_quantities(bare: float) -> None:
    assert parse(bare) == Decimal(str(bare))


@pytest.mark.parametrize(
    "text", ["", " 1", "1 Gi", "1gi", "1K", "Mi", "1e", "0x10", "1.2.3", "inf", "nan", "1Mii", "\u0661"]
)
def test_parse_refuses_what_the_api_server_would(text: str) -> None:
    with pytest.raises(InvalidQuantity):
        parse(text)


@pytest.mark.parametrize(("text", "bound"), [("1e999", 2**63 - 1), ("16Ei", 2**63 - 1), ("-9e99", 1 - 2**63)])
def test_parse_is_capped_as_in_go(text: str, bound: int) -> None:
    assert parse(text) == bound


@given(texts())
def test_parse_raises_nothing_else(text: str) -> None:
    try:
        parse(text)
    except InvalidQuantity:
        return


UNITS = st.sampled_from(["", "m", "Ki", "Mi", "Gi", "k", "M"])


@given(st.integers(0, 10**6), st.integers(0, 10**6), UNITS)
def test_parse_keeps_the_order_within_a_unit(less: int, more: int, unit: str) -> None:
    less, more = sorted((less, more))
    assert parse(f"{less}{unit}") <= parse(f"{more}{unit}")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (1, "1"),
        (1023, "1023"),
        (1024, "1Ki"),
        (64 * 2**20, "64Mi"),
        (3 * 2**29, "1.5Gi"),
        (2**40, "1Ti"),
        (2**50, "1Pi"),
        (2**60, "1Ei"),
        (-(2**20), "-1Mi"),
    ],
)
def test_in_binary(amount: int, text: str) -> None:
    assert in_binary(Decimal(amount)) == text


def test_in_binary_rounds_the_way_it_is_told() -> None:
    amount = 4095 * Decimal(2**20)
    assert (in_binary(amount, ROUND_FLOOR), in_binary(amount, ROUND_CEILING)) == ("3.9Gi", "4Gi")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "0"),
        ("0.25", "250m"),
        ("0.0005", "0m"),
        ("1", "1"),
        ("1.5", "1.5"),
        ("1.898", "1.898"),
        ("16", "16"),
        ("100", "100"),
    ],
)
def test_in_cores(amount: str, text: str) -> None:
    assert in_cores(Decimal(amount)) == text


def test_in_cores_rounds_the_way_it_is_told() -> None:
    assert (in_cores(Decimal("1.8999"), ROUND_FLOOR), in_cores(Decimal("0.0001"), ROUND_CEILING)) == ("1.899", "1m")


@given(st.integers(0, 2**62))
def test_what_is_written_reads_back_near_enough(amount: int) -> None:
    back = parse(in_binary(Decimal(amount)))
    assert abs(back - amount) <= max(Decimal(amount) / 20, Decimal("0.05"))
