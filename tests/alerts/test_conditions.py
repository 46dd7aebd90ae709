"""A condition is SQL over named facts and nothing else; what is wrong is named, with the nearest right word."""

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.rules import parse_condition
from alerts.rules.evaluate import evaluate
from alerts.rules.rule import HOUSE, Rule, cite
from alerts.said import Grade, RuleStatus, Sentence, Stage
from graph.errors import InputError

POST = Stage.POST_LOAN


def rule(when: str) -> Rule:
    said = Sentence("真", "true")
    return Rule("r", 1, "p", POST, Grade.RED, "r", parse_condition(when, POST), said, said, cite(HOUSE, ""), RuleStatus.HOUSE)


def judged(when: str, **facts: object) -> bool | None:
    table = pa.table({name: pa.array([value], pa.float64() if value is None else None) for name, value in facts.items()})
    told: bool | None = evaluate([rule(when)], table).table["r"][0].as_py()
    return told


@pytest.mark.parametrize(
    "attempt",
    [
        "lenders > 1; DROP TABLE firm",
        "lenders > (SELECT count(*) FROM firm)",
        "lenders IN (SELECT 1)",
        "EXISTS (SELECT 1)",
        "read_text('/etc/passwd') = 'x'",
        "length(status) > 3",
        "getenv('HOME') IS NULL",
        "lenders > 1 UNION SELECT true",
        "firm.lenders > 1",
        "lenders::VARCHAR = '1'",
        "CAST(lenders AS VARCHAR) = '1'",
        "CASE WHEN lenders > 1 THEN true ELSE false END",
        "status LIKE 'a%'",
        "status ~ 'a'",
        "status || 'x' = 'activex'",
        "lenders > $1",
        "lenders > ?",
        "lenders > :x",
        "lenders > @@x",
        "(lenders, 1) = (1, 1)",
        "[lenders] = [1]",
        "lenders BETWEEN 1 AND (SELECT 2)",
        "count(*) > 1",
        "sum(lenders) OVER () > 1",
        "lenders > 1 ORDER BY 1",
        "SELECT true",
        "TABLE firm",
        "COPY firm TO 'x'",
        "ATTACH 'x.db'",
        "PRAGMA version",
        "INSTALL httpfs",
        "lenders > INTERVAL 1 DAY",
        "COLUMNS('.*') > 1",
        "* > 1",
        "lenders > 1 AND",
        "",
        "lenders > 1 -- x\n; DROP TABLE firm",
        "x'00' = 'a'",
    ],
)
def test_whatever_is_more_than_a_condition_over_facts_is_refused(attempt: str) -> None:
    with pytest.raises(InputError):
        parse_condition(attempt, POST)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("days_past_due_mx > 1", "days_past_due_max"),
        ("status = 'broke'", "bankrupt"),
        ("status > 'active'", "no order"),
        ("lenders = 'three'", "number"),
        ("lenders", "true or false"),
        ("defaulter_listed > 1", "compares"),
        ("lenders AND defaulter_listed", "needed"),
        ("payee_related", "drawdown"),
        ("lenders IS TRUE", "NULL"),
        ("control_changed_on > '2025-13-01'", "no value"),
        ("1 = 'x'", "no fact"),
    ],
)
def test_a_wrong_condition_names_what_is_wrong_and_what_is_right(wrong: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_condition(wrong, POST)
    assert told in str(refused.value)


def test_a_very_long_or_very_deep_condition_is_refused_and_not_a_crash() -> None:
    for text in ("lenders > 1 AND " * 200 + "lenders > 1", "(" * 450 + "lenders > 1" + ")" * 450):
        with pytest.raises(InputError):
            parse_condition(text, POST)


def test_a_comment_is_dropped_and_not_run() -> None:
    assert "drop" not in parse_condition("lenders > 1 /* drop table firm */", POST).sql.lower()


def test_what_is_not_seen_never_fires() -> None:
    assert judged("lenders > 3", lenders=None) is None
    assert judged("NOT lenders > 3", lenders=None) is None
    assert judged("GREATEST(lenders, inquiries_6m) > 3", lenders=None, inquiries_6m=9.0) is None
    assert judged("LEAST(GREATEST(lenders, 5), inquiries_6m) > 3", lenders=None, inquiries_6m=9.0) is None
    assert judged("lenders / inquiries_6m > 3", lenders=5.0, inquiries_6m=0.0) in (None, True)


def test_what_is_seen_may_fire_beside_what_is_not() -> None:
    assert judged("lenders > 3 OR inquiries_6m > 3", lenders=None, inquiries_6m=4.0) is True
    assert judged("COALESCE(lenders, 4) > 3", lenders=None) is True
    assert judged("lenders IS NULL", lenders=None) is True


def test_days_and_words_compare_with_their_like() -> None:
    assert parse_condition("control_changed_on > '2025-01-31'", POST).facts == ("control_changed_on",)
    assert parse_condition("status IN ('revoked', 'bankrupt') AND status <> 'active'", POST).facts == ("status",)


@example("@")
@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_a_named_error(text: str) -> None:
    try:
        parse_condition(text, POST)
    except InputError as refused:
        assert refused.message


@settings(max_examples=30)
@given(st.floats(-5, 5), st.floats(-5, 5), st.sampled_from(["+", "-", "*"]), st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]))
def test_a_condition_says_what_arithmetic_says(a: float, b: float, operation: str, comparison: str) -> None:
    python = {"=": "==", "<>": "!="}.get(comparison, comparison)
    expected = eval(f"(a {operation} b) {python} 1", {"a": a, "b": b})  # the oracle: Python's own arithmetic
    assert judged(f"lenders {operation} inquiries_6m {comparison} 1", lenders=a, inquiries_6m=b) is expected
