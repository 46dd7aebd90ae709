"""Numbers, amounts, days and flags agree with plain-Python oracles, whatever the text."""

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.clean import DECIMALS, LARGEST_AMOUNT, read_integer, read_money, read_share, read_text, tidy_code
from ingest.days import read_days, read_instants
from ingest.manifest import DateForm, Unit
from ingest.reasons import Reason

_WIDE = str.maketrans("0123456789.,-+%", "０１２３４５６７８９．，－＋％")
_FACTORS = {Unit.FEN: 1, Unit.YUAN: 100, Unit.TEN_THOUSAND_YUAN: 10**6, Unit.HUNDRED_MILLION_YUAN: 10**10}


def series(*texts: str) -> pl.Series:
    return pl.Series(list(texts), dtype=pl.String)


amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=4, allow_nan=False, allow_infinity=False)
messy = st.sampled_from([lambda t: t, lambda t: f" {t}　", lambda t: t.translate(_WIDE), lambda t: f"\u200b{t}\t"])


def fen_by_decimal(text: str, unit: Unit) -> int | None:
    exact = Decimal(text).quantize(Decimal(1).scaleb(-DECIMALS), ROUND_HALF_EVEN) * _FACTORS[unit]
    return int(exact) if exact == exact.to_integral_value() else None


@given(amounts, st.sampled_from(list(_FACTORS)), messy)
def test_an_amount_is_the_exact_number_of_fen_however_it_is_dressed(amount: Decimal, unit: Unit, dress: object) -> None:
    text = f"{amount:f}"
    column = read_money(series(dress(text)), unit, 2, rounded=False)  # type: ignore[operator]
    expected = fen_by_decimal(text, unit)
    if expected is not None and abs(expected) > LARGEST_AMOUNT:
        assert [reason for _, reason in column.problems] == [Reason.AMOUNT_SIZE]
    elif expected is None:
        assert [reason for _, reason in column.problems] in ([Reason.NOT_WHOLE], [Reason.AMOUNT_SIZE])
    else:
        assert column.values.to_list() == [expected]
        assert not any(where.any() for where, _ in column.problems)


@given(st.integers(-(10**11), 10**11))
def test_thousands_separators_change_nothing(fen: int) -> None:
    text = f"{Decimal(fen) / 100:,.2f}"
    assert read_money(series(text), Unit.YUAN, 2, rounded=False).values.to_list() == [fen]


@given(st.text(alphabet="0123456789.,-+e元 万%x", max_size=8))
def test_what_is_no_number_is_refused_and_never_guessed(text: str) -> None:
    column = read_money(series(text), Unit.YUAN, 2, rounded=True)
    plain = text.strip()
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", plain):
        plain = plain.replace(",", "")
    number: Decimal | None
    try:
        number = Decimal(plain) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", plain) else None
    except InvalidOperation:
        number = None
    refused = any(where.any() for where, _ in column.problems)
    assert refused == (plain != "" and (number is None or abs(number) > 10**15))


def test_commas_that_are_no_thousands_separators_are_refused() -> None:
    column = read_money(series("1,23", "12,3456.7", "1,234,56"), Unit.YUAN, 2, rounded=False)
    assert column.values.to_list() == [None, None, None]


def test_yen_have_no_minor_unit_and_dinars_three_decimals() -> None:
    column = read_money(series("15", "1.5"), Unit.YUAN, pl.Series([0, 3]), rounded=False)
    assert column.values.to_list() == [15, 1500]


def test_an_absurd_amount_is_refused_rather_than_wrapped() -> None:
    column = read_money(series("1" + "0" * 22, "-1" + "0" * 15 + "0"), Unit.HUNDRED_MILLION_YUAN, 2, rounded=False)
    assert [where.to_list() for where, reason in column.problems if reason is Reason.AMOUNT_SIZE] == [[True, True]]


@given(st.integers(0, 10_000), messy)
def test_a_percentage_is_a_share_with_or_without_its_sign(basis_points: int, dress: object) -> None:
    text = f"{basis_points / 100:.2f}"
    for told in (text, f"{text}%", f"{text} %"):
        values = read_share(series(dress(told)), Unit.PERCENT).values.to_list()  # type: ignore[operator]
        assert abs(values[0] - basis_points / 10_000) < 1e-12


def test_shares_outside_nought_and_one_are_problems_and_the_ends_are_not() -> None:
    column = read_share(series("0", "1", "1.0001", "-0.1", "nan", "inf"), Unit.ONE)
    found = {reason: where.to_list() for where, reason in column.problems}
    assert found[Reason.SHARE_RANGE] == [False, False, True, True, False, False]
    assert found[Reason.NOT_A_NUMBER] == [False, False, False, False, True, True]


def test_whole_numbers_may_be_written_with_a_point_and_nought() -> None:
    column = read_integer(series("90", "90.0", "90.5", "１２", ""))
    assert column.values.to_list()[:2] == [90, 90]
    assert column.values.to_list()[3:] == [12, None]
    assert [(where.to_list(), reason) for where, reason in column.problems] == [
        ([False, False, True, False, False], Reason.NOT_WHOLE)
    ]


_WRITERS = {
    DateForm.ISO: lambda d: f"{d:%Y-%m-%d}",
    DateForm.SLASH: lambda d: f"{d.year}/{d.month}/{d.day}",
    DateForm.COMPACT: lambda d: f"{d:%Y%m%d}",
    DateForm.CHINESE: lambda d: f"{d.year}年{d.month}月{d.day}日",
    DateForm.EXCEL: lambda d: str((d - date(1899, 12, 30)).days),
}


@given(st.dates(date(1900, 3, 1), date(2199, 12, 31)), st.sampled_from(list(_WRITERS)), messy)
def test_a_day_is_read_in_every_declared_form(day: date, form: DateForm, dress: object) -> None:
    text = dress(_WRITERS[form](day))  # type: ignore[operator]
    column = read_days(series(text), [form], "Asia/Shanghai")
    assert column.values.to_list() == [day]


@given(st.text(alphabet="0123456789/-年月日 .", max_size=11))
def test_a_day_is_read_only_in_the_declared_form(text: str) -> None:
    column = read_days(series(text), [DateForm.SLASH], "Asia/Shanghai")
    match = re.fullmatch(r"(\d{4})/(\d{1,2})/(\d{1,2})", text.strip())
    try:
        expected = date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        expected = None
    assert column.values.to_list() == [expected]
    refused = any(where.any() for where, _ in column.problems)
    assert refused == (text.strip() != "" and (expected is None or not 1900 <= expected.year <= 2199))


def test_months_stand_for_their_first_day_and_the_open_end_is_no_absurd_year() -> None:
    column = read_days(series("2017-07", "9999-12-31", "3017-01-01"), [DateForm.ISO, DateForm.ISO_MONTH], "Asia/Shanghai")
    assert column.values.to_list()[:2] == [date(2017, 7, 1), date(9999, 12, 31)]
    assert [(where.to_list(), reason) for where, reason in column.problems] == [([False, False, True], Reason.DATE_RANGE)]


@given(st.datetimes(datetime(1992, 1, 1), datetime(2100, 1, 1)))
def test_an_instant_without_a_zone_is_the_banks_time(moment: datetime) -> None:
    text = moment.isoformat(" ", "microseconds")
    micros = read_instants(series(text), [DateForm.ISO_TIME], "Asia/Shanghai").values.to_list()[0]
    assert micros == (moment - timedelta(hours=8) - datetime(1970, 1, 1)) // timedelta(microseconds=1)


def test_names_keep_their_full_width_brackets_and_lose_odd_blanks() -> None:
    column = read_text(series("　青禾（上海）ＡＢ１　公司 ", "素名", ""))
    assert column.values.to_list() == ["青禾（上海）AB1 公司", "素名", None]
    assert column.tidied is not None
    assert column.tidied.to_list() == [True, False, False]


@settings(max_examples=50)
@given(st.lists(st.text(max_size=6), min_size=1, max_size=5))
def test_tidying_twice_is_tidying_once(texts: list[str]) -> None:
    once = tidy_code(pl.Series(texts, dtype=pl.String))
    assert tidy_code(once).to_list() == once.to_list()
