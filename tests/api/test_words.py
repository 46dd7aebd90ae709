"""Officers read Chinese first and English beside it, and no word is missing in either."""

import re
from math import log
from pathlib import Path

import pytest

from api.console import words
from api.console.ties import TIES, tie
from graph.ontology import core_ontology

TEMPLATES = sorted((Path(words.__file__).parent / "templates").glob("*.html"))


def test_every_word_that_a_template_says_is_in_the_catalogue() -> None:
    called = re.compile(r"\bt\([\"']([^\"']+)[\"']\)")
    said = {key for template in TEMPLATES for key in called.findall(template.read_text("utf-8"))}
    assert said <= set(words.WORDS)


def test_every_word_is_there_in_both_languages() -> None:
    assert all(zh and en for zh, en in words.WORDS.values())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_carries_script_or_inline_style(template: Path) -> None:
    assert not re.search(r"<script|\bstyle=|\bon\w+=|<style|https?:", template.read_text("utf-8"))


@pytest.mark.parametrize(
    ("fen", "zh", "en"),
    [
        (None, "—", "—"),
        (0, "0元", "CNY 0"),
        (123, "1.23元", "CNY 1.23"),
        (800_000_000, "800万元", "CNY 8 m"),
        (12_500_000_000, "1.25亿元", "CNY 125 m"),
        (1_234_567_890_000, "123.5亿元", "CNY 12.35 bn"),
        (-50_000_000, "-50万元", "CNY -500 k"),
    ],
)
def test_amounts_are_written_as_they_are_read_aloud(fen: int | None, zh: str, en: str) -> None:
    assert (words.money(fen, "zh"), words.money(fen, "en")) == (zh, en)


@pytest.mark.parametrize(
    ("log_odds", "zh", "en"),
    [
        (log(1.35), "几率增加35%", "odds up 35%"),
        (log(0.88), "几率减少12%", "odds down 12%"),
        (log(6.2), "几率变为6.2倍", "odds × 6.2"),
        (0.0, "几率几乎不变", "odds hardly change"),
    ],
)
def test_a_part_of_a_score_is_told_by_what_it_does_to_the_odds(log_odds: float, zh: str, en: str) -> None:
    assert (words.odds(log_odds, "zh"), words.odds(log_odds, "en")) == (zh, en)


def test_every_relation_of_the_core_ontology_is_told_from_both_its_ends() -> None:
    assert set(TIES) == set(core_ontology().relations)
    assert (tie(core_ontology(), "TRANSFERS", "out", "zh"), tie(core_ontology(), "TRANSFERS", "in", "zh")) == ("付款给", "收款自")
    assert (tie(core_ontology(), "TRANSFERS", "out", "en"), tie(core_ontology(), "TRANSFERS", "in", "en")) == ("paid to", "paid by")


def test_shares_are_percentages_with_at_most_two_decimals() -> None:
    assert [words.percent(share) for share in (None, 0, 0.5, 0.12345, 1)] == ["—", "0%", "50%", "12.35%", "100%"]
