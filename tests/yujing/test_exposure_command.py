"""Amounts as an officer writes them on the command line."""

import pytest

from graph.errors import InputError
from yujing.commands.exposure import fen_of


@pytest.mark.parametrize(
    ("text", "fen"),
    [("5000万", 5_000_000_000), ("1.2亿", 12_000_000_000), ("1,000.50", 100_050), ("3 万元", 3_000_000), ("0", 0)],
)
def test_an_amount_is_read_in_its_unit_exactly(text: str, fen: int) -> None:
    assert fen_of(text) == fen


@pytest.mark.parametrize("text", ["5x", "-5万", "万", "0.001", "99999999999亿", "1e9"])
def test_what_is_no_amount_is_refused_by_field(text: str) -> None:
    with pytest.raises(InputError) as refused:
        fen_of(text)
    assert refused.value.field == "add"
