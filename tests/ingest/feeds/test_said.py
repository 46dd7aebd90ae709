"""What a silent feed does to alerts, decisions and the journal: it is named, from the day it was late, never before."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from alerts.journal import AlertFilter, Journal, upgrade
from alerts.requests import PreLoanRequest, read_request
from alerts.said import Alert, Decision, Grade, Stage
from alerts.stages import Desk, pre_loan, scan
from alerts.stages.feeds import data_alerts, troubles
from graph.snapshot import Snapshot
from ingest.feeds import FeedBook
from tests.ingest.feeds.conftest import CODES, COURTS, CRM, Deliveries, events, firms

TAX = """
name: tax
title: 税务数据
expected: {every: day}
files:
  - path: tax.csv
    yields:
      - fact: MonthlyIndicator
        key: [code, month]
        subject: {type: Firm, source: uscc, key: code}
        valid_from: {column: month, dates: 2017-07}
        properties: {month: {column: month, dates: 2017-07}, tax_paid_fen: tax}
"""
LISTED = ("z1", "失信", "2026-02-01")


@pytest.fixture
def told(deliveries: Deliveries) -> Deliveries:
    """Firms in February, court events on the 10th and 11th, nothing after that; it is the 15th now."""
    deliveries.deliver("02-10 08:00", CRM, firms())
    deliveries.deliver("02-10 08:30", COURTS, events(LISTED))
    deliveries.deliver("02-11 08:30", COURTS, events(("s1", "立案", "2026-02-02")))
    deliveries.at("02-15 12:00")
    return deliveries


@contextmanager
def desk(told: Deliveries, day: str) -> Iterator[Desk]:
    snapshot = Snapshot(told.ledger, date.fromisoformat(f"2026-{day}"))
    opened = Desk.open(snapshot, feeds=FeedBook(told.ledger, snapshot.as_of, snapshot.ledger_seq))
    try:
        yield opened
    finally:
        opened.close()


def listed(told: Deliveries, day: str) -> Alert:
    """The alert on the listed defaulter."""
    with desk(told, day) as opened:
        return next(a for a in scan(opened).alerts if a.stage is Stage.POST_LOAN and "defaulter_listed" in a.hits[0].inputs)


def applied(told: Deliveries, day: str, tmp_path: Path) -> Decision:
    body = tmp_path / "ask.json"
    body.write_text(f'{{"applicant": {{"uscc": "{CODES[1]}"}}, "amount_fen": 100000000, "on": "2026-{day}"}}', "utf-8")
    with desk(told, day) as opened:
        return pre_loan(opened, read_request(PreLoanRequest, body))


def named(said: Alert | Decision) -> list[str]:
    return [each.says.zh for each in said.unseen if each.fact.startswith("feed:")]


def test_a_silent_feed_is_named_in_the_alert_that_leans_on_it_and_never_before_it_was_late(told: Deliveries) -> None:
    assert named(listed(told, "02-10")) == named(listed(told, "02-11")) == []
    assert named(listed(told, "02-12")) == ["司法数据应于2026-02-12到达，尚未到"]
    assert named(listed(told, "02-15")) == ["司法数据自2026-02-12起未到"]


def test_a_decision_names_the_silent_feed_and_the_rules_that_lean_on_it(told: Deliveries, tmp_path: Path) -> None:
    assert named(applied(told, "02-11", tmp_path)) == []
    decision = applied(told, "02-15", tmp_path)
    unseen = next(each for each in decision.unseen if each.fact == "feed:courts")
    assert unseen.says.en == "courts feed silent since 2026-02-12"
    assert unseen.rules
    assert not [each for each in decision.unseen if each.fact == "feed:crm"]


def test_an_alert_that_leans_on_other_feeds_does_not_name_it(told: Deliveries) -> None:
    told.deliver("02-11 12:30", TAX, f"code,month,tax\n{CODES[0]},2026-01,100\n")
    told.at("02-15 12:00")
    assert told.feed("tax", "02-15").state == "silent"
    assert named(listed(told, "02-15")) == ["司法数据自2026-02-12起未到"]


def test_the_scan_raises_the_silent_feed_as_an_alert_of_its_own_with_batch_file_and_counts(told: Deliveries) -> None:
    with desk(told, "02-15") as opened:
        result = scan(opened)
    alert = result.alerts[0]
    assert (alert.stage, alert.grade, alert.firm.id) == (Stage.DATA, Grade.ORANGE, "feed:courts")
    assert alert.sentence.zh == "司法数据自2026-02-12起未到"
    row = alert.evidence.rows[0]
    batches = told.ledger.batches().to_pylist()
    assert (row.file, row.value, row.batch) == ("events.csv", "1", batches[-1]["batch"])
    assert any(each.fact == "feed:courts" for each in result.unseen)
    with desk(told, "02-11") as opened:
        assert not [a for a in scan(opened).alerts if a.stage is Stage.DATA]


def test_late_and_then_silent_is_one_alert_that_grows_worse(told: Deliveries, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    upgrade(url)
    journal = Journal(url)
    kept = []
    for day in ("02-12", "02-15", "02-15"):
        book = FeedBook(told.ledger, date.fromisoformat(f"2026-{day}"))
        kept.append(journal.record_data_alerts(data_alerts(troubles(book), book.as_of, book.ledger_seq), "test"))
    assert [(each.new, each.updated, each.unchanged) for each in kept] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    page = journal.alerts(AlertFilter(stage=Stage.DATA))
    assert [(record.alert.grade, record.version) for record in page.items] == [(Grade.ORANGE, 2)]
    assert journal.verify_audit().whole
    journal.close()


def test_checking_feeds_takes_no_other_alert_out_of_what_is_current(told: Deliveries, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    upgrade(url)
    journal = Journal(url)
    with desk(told, "02-12") as opened:
        journal.record_scan(scan(opened), "test")
    before = len(journal.alerts(AlertFilter(current=True, stage=Stage.POST_LOAN)).items)
    book = FeedBook(told.ledger, date(2026, 2, 15))
    journal.record_data_alerts(data_alerts(troubles(book), book.as_of, book.ledger_seq), "test")
    assert len(journal.alerts(AlertFilter(current=True, stage=Stage.POST_LOAN)).items) == before > 0
    journal.close()
