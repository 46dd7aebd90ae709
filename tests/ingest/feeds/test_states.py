"""What is said of a feed on a day: fresh, late, silent, shrunk, repeated, changed, refused; and never before it could be known."""

from datetime import date

import pytest

from graph.errors import InputError
from ingest.feeds import State
from tests.ingest.feeds.conftest import COURTS, CRM, Deliveries, events, firms

FIRST = ("s1", "立案", "2026-02-01")
SECOND = ("s2", "立案", "2026-02-02")


def test_a_daily_feed_that_comes_every_morning_is_fresh_and_due_the_next_day(deliveries: Deliveries) -> None:
    deliveries.deliver("02-10 08:30", COURTS, events(FIRST))
    result = deliveries.deliver("02-11 08:30", COURTS, events(SECOND))
    deliveries.at("02-11 20:00")
    file = deliveries.feed("courts", "02-11")
    assert (file.state, file.since, file.missed) == (State.FRESH, None, 0)
    assert file.next_due == date(2026, 2, 12)
    assert file.last is not None
    assert (file.last.batch, file.last.rows, file.rows_before) == (result.batch, 1, 1)
    assert file.types == ("JudicialEvent",)


def test_a_feed_that_missed_one_morning_is_late_and_one_that_missed_two_is_silent_since_the_first(deliveries: Deliveries) -> None:
    deliveries.deliver("02-10 08:30", COURTS, events(FIRST))
    deliveries.at("02-20 12:00")
    assert [deliveries.feed("courts", f"02-{day}").state for day in (10, 11, 12, 13)] == ["fresh", "late", "silent", "silent"]
    assert {deliveries.feed("courts", f"02-{day}").since for day in (11, 12, 13)} == {date(2026, 2, 11)}
    assert deliveries.feed("courts", "02-13").missed == 3


def test_what_is_due_by_nine_is_not_late_at_half_past_eight(deliveries: Deliveries) -> None:
    deliveries.deliver("02-10 08:30", COURTS, events(FIRST))
    deliveries.at("02-11 08:30")
    assert deliveries.feed("courts", "02-11").state is State.FRESH
    deliveries.at("02-11 09:01")
    assert deliveries.feed("courts", "02-11").state is State.LATE


def test_a_late_delivery_answers_for_the_day_it_was_due_and_not_for_the_next(deliveries: Deliveries) -> None:
    deliveries.deliver("02-10 08:30", COURTS, events(FIRST))
    deliveries.deliver("02-11 15:00", COURTS, events(SECOND))
    assert deliveries.feed("courts", "02-11").state is State.FRESH
    deliveries.at("02-12 10:00")
    assert deliveries.feed("courts", "02-12").state is State.LATE


def test_a_feed_that_comes_the_night_before_is_never_late(deliveries: Deliveries) -> None:
    for day in range(10, 15):
        deliveries.deliver(f"02-{day} 23:30", COURTS, events((f"s{day}", "立案", "2026-02-01")))
        assert deliveries.feed("courts", f"02-{day}").state is State.FRESH
        deliveries.at(f"02-{day + 1} 12:00")
        assert deliveries.feed("courts", f"02-{day + 1}").state is State.FRESH


def test_yesterdays_file_again_is_a_repetition_but_loading_todays_twice_is_none(deliveries: Deliveries) -> None:
    deliveries.deliver("02-10 08:30", COURTS, events(FIRST))
    again = deliveries.deliver("02-10 08:40", COURTS, events(FIRST))
    assert again.batch_seq is None
    assert deliveries.feed("courts", "02-10").state is State.FRESH
    deliveries.deliver("02-11 08:30", COURTS, events(FIRST))
    file = deliveries.feed("courts", "02-11")
    assert (file.state, file.since) == (State.REPEATED, date(2026, 2, 11))
    assert deliveries.feed("courts", "02-10").state is State.FRESH


def test_a_repetition_that_the_manifest_bears_with_and_an_empty_delta_are_no_trouble(deliveries: Deliveries) -> None:
    bearing = COURTS.replace('by: "09:00"', 'by: "09:00", may_repeat: true')
    deliveries.deliver("02-10 08:30", bearing, events(FIRST))
    deliveries.deliver("02-11 08:30", bearing, events(FIRST))
    assert deliveries.feed("courts", "02-11").state is State.FRESH
    deliveries.deliver("02-12 08:30", COURTS, events())
    deliveries.deliver("02-13 08:30", COURTS, events())
    assert deliveries.feed("courts", "02-13").state is State.FRESH


def test_a_full_feed_with_less_than_four_fifths_of_its_rows_has_shrunk_and_a_delta_has_not(deliveries: Deliveries) -> None:
    deliveries.deliver("02-10 08:30", CRM, firms(2))
    deliveries.deliver("02-11 08:30", CRM, firms(1))
    file = deliveries.feed("crm", "02-11")
    assert (file.state, file.rows_before) == (State.SHRUNK, 2)
    assert file.last is not None
    assert file.last.rows == 1
    deliveries.deliver("02-10 08:31", COURTS, events(FIRST, SECOND))
    deliveries.deliver("02-11 08:31", COURTS, events(("s3", "立案", "2026-02-03")))
    assert deliveries.feed("courts", "02-11").state is State.FRESH


def test_a_delta_shrinks_where_its_manifest_says_how_much_is_too_little(deliveries: Deliveries) -> None:
    minding = COURTS.replace('by: "09:00"', 'by: "09:00", min_share_of_last: 0.6')
    deliveries.deliver("02-10 08:30", minding, events(FIRST, SECOND))
    deliveries.deliver("02-11 08:30", minding, events(("s3", "立案", "2026-02-03")))
    assert deliveries.feed("courts", "02-11").state is State.SHRUNK


def test_a_refused_header_is_remembered_until_a_good_one_comes(deliveries: Deliveries) -> None:
    deliveries.deliver("02-10 08:30", COURTS, events(FIRST))
    with pytest.raises(InputError, match="missing column kind"):
        deliveries.deliver("02-11 08:30", COURTS, events(SECOND).replace("kind", "类型"))
    file = deliveries.feed("courts", "02-11")
    assert (file.state, file.since) == (State.HEADER, date(2026, 2, 11))
    assert "missing column kind" in file.reason
    assert deliveries.feed("courts", "02-10").state is State.FRESH
    deliveries.deliver("02-11 11:00", COURTS, events(SECOND))
    assert deliveries.feed("courts", "02-11").state is State.FRESH


def test_a_new_column_that_the_manifest_bears_with_is_said_once(deliveries: Deliveries) -> None:
    bearing = COURTS.replace("  - path: events.csv", "  - path: events.csv\n    on_new_column: warn")
    wider = events(SECOND).replace("day\n", "day,note\n", 1).replace("-02-02\n", "-02-02,x\n")
    deliveries.deliver("02-10 08:30", bearing, events(FIRST))
    deliveries.deliver("02-11 08:30", bearing, wider)
    assert deliveries.feed("courts", "02-11").state is State.HEADER
    deliveries.deliver("02-12 08:30", bearing, wider.replace("s2", "s3"))
    assert deliveries.feed("courts", "02-12").state is State.FRESH


def test_a_load_refused_for_another_reason_is_a_feed_refused(deliveries: Deliveries) -> None:
    strict = COURTS.replace("  - path: events.csv", "  - path: events.csv\n    rows: {min: 1}")
    deliveries.deliver("02-10 08:30", strict, events(FIRST))
    with pytest.raises(InputError, match="0 rows"):
        deliveries.deliver("02-11 08:30", strict, events())
    file = deliveries.feed("courts", "02-11")
    assert (file.state, "0 rows" in file.reason) == (State.REFUSED, True)


def test_a_feed_that_nobody_expects_is_listed_and_never_late(deliveries: Deliveries) -> None:
    plain = COURTS.replace('expected: {every: day, by: "09:00"}\n', "")
    deliveries.deliver("02-10 08:30", plain, events(FIRST))
    deliveries.deliver("02-11 08:30", plain, events(FIRST))
    deliveries.at("03-30 08:30")
    file = deliveries.feed("courts", "03-30")
    assert (file.state, file.next_due) == (State.FRESH, None)


def test_a_file_may_be_expected_otherwise_than_its_feed(deliveries: Deliveries) -> None:
    weekly = COURTS.replace("  - path: events.csv", "  - path: events.csv\n    expected: {every: week, grace_days: 1}")
    deliveries.deliver("02-10 10:00", weekly, events(FIRST))  # a Tuesday, after nine: it counts for Monday the 16th
    deliveries.at("02-24 09:01")
    assert deliveries.feed("courts", "02-23").state is State.FRESH
    file = deliveries.feed("courts", "02-24")
    assert (file.state, file.since) == (State.LATE, date(2026, 2, 23))


def test_a_day_is_judged_by_what_was_delivered_up_to_a_ledger_sequence(deliveries: Deliveries) -> None:
    first = deliveries.deliver("02-10 08:30", COURTS, events(FIRST))
    deliveries.deliver("02-11 08:30", COURTS, events(SECOND))
    assert deliveries.feed("courts", "02-11").state is State.FRESH
    deliveries.at("02-11 12:00")
    assert deliveries.feed("courts", "02-11", ledger_seq=first.batch_seq).state is State.LATE


@pytest.mark.parametrize(
    ("every", "last_good", "first_late"),
    [("workday", "02-16", "02-17"), ("month", "03-31", "04-01"), ("quarter", "06-30", "07-01")],
)
def test_what_is_due_on_workdays_or_by_month_or_quarter_is_late_after_its_day(
    deliveries: Deliveries, every: str, last_good: str, first_late: str
) -> None:
    """The first delivery, on Friday 13 February, counts for the next due day: Monday, 1 March, 1 April."""
    deliveries.deliver("02-13 10:00", COURTS.replace("every: day", f"every: {every}"), events(FIRST))
    deliveries.at("07-30 10:00")
    assert deliveries.feed("courts", last_good).state is State.FRESH
    assert deliveries.feed("courts", first_late).state is State.LATE


def test_an_hour_that_no_clock_shows_is_refused(deliveries: Deliveries) -> None:
    with pytest.raises(InputError, match=r"expected\.by"):
        deliveries.deliver("02-10 08:30", COURTS.replace("09:00", "25:00"), events(FIRST))
