"""The journal remembers: one transaction each, one decision a key, a chain that shows every tampering."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select, text, update
from sqlalchemy.orm import Session

from alerts.journal import AlertFilter, Answer, InProgressError, Journal, current, downgrade, upgrade
from alerts.journal import once as once_module
from alerts.journal.audit import Chain
from alerts.journal.engine import BASE, WRITES, open_engine
from alerts.journal.keeping import keep_decision
from alerts.journal.tables import AlertRow, AuditHeadRow, AuditRow, Base, DecisionRow, OnceRow, OutboxRow
from alerts.said import (
    Advice,
    Alert,
    Decision,
    Edge,
    Evidence,
    FirmRef,
    Grade,
    Row,
    ScanResult,
    ScoreSplit,
    Sentence,
    Stage,
    TopRelation,
    Unseen,
)
from alerts.said import (
    Path as Trail,
)
from graph.errors import ConflictError, InputError, NotFoundError, UnavailableError
from tests.alerts.postgres import own_cluster, postgres_url

DAY = date(2025, 6, 30)
NOW = datetime(2025, 7, 1, 1, 2, 3, 456789, tzinfo=UTC)
SCORE = ScoreSplit(
    0.2, -1.386, -2.0, 0.614, (TopRelation("GUARANTEES", "out", "r1", "Firm-b", 0.6),), 365, DAY, "gnn", "1", "run-1"
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'journal.db'}"
        return
    with postgres_url() as address:
        yield address


@pytest.fixture
def journal(url: str) -> Iterator[Journal]:
    upgrade(url)
    opened = Journal(url)
    yield opened
    opened.close()


def alert(cause: str = "overdue", grade: Grade = Grade.YELLOW, firm: str = "Firm-a", days: int = 3, branch: str = "") -> Alert:
    evidence = Evidence(
        (Trail(Sentence("保证", "guarantee"), (Edge("GUARANTEES", "r1", firm, "Firm-b"),)),),
        (Row("days_past_due_max", "LoanNoteState", "s1", "days_past_due", str(days), "notes.csv", "", 7, "b1"),),
        SCORE,
    )
    said = Sentence(f"逾期{days}天", f"{days} days past due")
    unseen = (Unseen("probability", Sentence("没有评分", "no score"), ("score-high",)),)
    return Alert(
        f"A-{firm}-{cause}", Stage.POST_LOAN, grade, FirmRef(firm, "甲", ""), cause, said, (), evidence, unseen, DAY, 4, NOW, branch
    )


def scan_of(*alerts: Alert, day: date = DAY) -> ScanResult:
    return ScanResult(day, 4, 10, 3, tuple(replace(a, as_of=day) for a in alerts), (), "run-1", 0.1, "hash")


def decision(name: str = "D-1") -> Decision:
    return Decision(
        name,
        Stage.PRE_LOAN,
        Advice.REFER,
        FirmRef("Firm-a", "甲", ""),
        {"amount_fen": 5},
        (),
        Evidence(score=SCORE),
        (),
        {"known": True},
        DAY,
        4,
        NOW,
    )


def count(journal: Journal, table: type[Base]) -> int:
    with Session(journal._engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_an_upgraded_database_has_exactly_the_mapped_tables(url: str) -> None:
    upgrade(url)
    upgrade(url)
    with open_engine(url).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_what_is_kept_comes_back_as_it_was_said(journal: Journal) -> None:
    journal.record_scan(scan_of(alert()), "scan")
    journal.record_decision(decision(), "loan-system")
    assert journal.alert("A-Firm-a-overdue").alert == alert()
    assert journal.decision("D-1") == decision()


def test_a_decision_its_audit_entry_and_its_message_commit_together_or_not_at_all(journal: Journal) -> None:
    claimed = journal.begin_once("k", "loan-system", "h")
    journal.finish_once(claimed, Answer(200, b"first"))
    with pytest.raises(ConflictError):
        journal.record_decision(decision(), "loan-system", claimed, Answer(200, b"second"))
    assert (count(journal, DecisionRow), count(journal, AuditRow), count(journal, OutboxRow)) == (0, 0, 0)
    journal.record_decision(decision(), "loan-system")
    assert (count(journal, DecisionRow), count(journal, AuditRow), count(journal, OutboxRow)) == (1, 1, 1)


def test_the_same_decision_id_again_is_the_decision_kept_first(journal: Journal) -> None:
    journal.record_decision(decision(), "loan-system")
    again = journal.record_decision(replace(decision(), advice=Advice.APPROVE), "loan-system")
    assert again.advice is Advice.REFER
    assert count(journal, AuditRow) == 1


def test_the_same_scan_twice_adds_nothing(journal: Journal) -> None:
    first = journal.record_scan(scan_of(alert(), alert("enforcement")), "scan")
    before = (count(journal, AuditRow), count(journal, OutboxRow))
    later = scan_of(*(replace(a, created_at=NOW + timedelta(hours=1)) for a in (alert(), alert("enforcement"))))
    second = journal.record_scan(later, "scan")
    assert (first.new, second.new, second.updated, second.unchanged) == (2, 0, 0, 2)
    assert (count(journal, AuditRow), count(journal, OutboxRow)) == before


def test_a_cause_seen_again_updates_its_alert_and_only_worsening_is_told_anew(journal: Journal) -> None:
    journal.record_scan(scan_of(alert(days=3)), "scan")
    journal.record_scan(scan_of(alert(days=4), day=DAY + timedelta(1)), "scan")
    journal.record_scan(scan_of(alert(days=40, grade=Grade.ORANGE), day=DAY + timedelta(37)), "scan")
    record = journal.alert("A-Firm-a-overdue")
    assert (record.version, record.first_as_of, record.alert.grade) == (3, DAY, Grade.ORANGE)
    assert record.alert.created_at == NOW
    topics = [m.topic for m in journal.pending()]
    assert sorted(t for t in topics if t.startswith("alert.")) == ["alert.raised", "alert.worsened"]


def test_a_scan_of_an_earlier_day_does_not_turn_an_alert_back(journal: Journal) -> None:
    journal.record_scan(scan_of(alert(days=40, grade=Grade.ORANGE)), "scan")
    journal.record_scan(scan_of(alert(days=3), day=DAY - timedelta(37)), "scan")
    assert journal.alert("A-Firm-a-overdue").alert.grade is Grade.ORANGE


def test_a_scan_of_an_earlier_day_adds_nothing_to_what_stands_today_and_all_of_its_own_day(journal: Journal) -> None:
    earlier = DAY - timedelta(31)
    journal.record_scan(scan_of(alert("overdue")), "scan")
    journal.record_scan(scan_of(alert("long-gone", Grade.RED), day=earlier), "scan")
    assert causes(journal, AlertFilter(until=DAY, current=True)) == ["overdue"]
    assert journal.alert_counts(AlertFilter(until=DAY, current=True))[Grade.RED] == 0
    assert causes(journal, AlertFilter(until=DAY - timedelta(1), current=True)) == ["long-gone"]
    assert causes(journal, AlertFilter(until=DAY)) == ["long-gone", "overdue"]


def test_what_the_newest_scan_no_longer_raises_stands_no_more(journal: Journal) -> None:
    journal.record_scan(scan_of(alert("overdue"), alert("enforcement")), "scan")
    journal.record_scan(scan_of(alert("overdue"), day=DAY + timedelta(1)), "scan")
    assert causes(journal, AlertFilter(current=True)) == ["overdue"]
    journal.record_scan(scan_of(day=DAY + timedelta(2)), "scan")
    assert causes(journal, AlertFilter(current=True)) == []


def causes(journal: Journal, wanted: AlertFilter) -> list[str]:
    return [record.alert.cause for record in journal.alerts(wanted).items]


def test_pages_neither_repeat_nor_skip_while_alerts_are_written(journal: Journal) -> None:
    journal.record_scan(scan_of(*(alert(f"cause-{i}") for i in range(5))), "scan")
    first = journal.alerts(limit=2)
    journal.record_scan(scan_of(alert("late"), day=DAY + timedelta(1)), "scan")
    second = journal.alerts(cursor=first.next_cursor, limit=2)
    third = journal.alerts(cursor=second.next_cursor, limit=2)
    causes = [r.alert.cause for page in (first, second, third) for r in page.items]
    assert causes == ["cause-0", "cause-1", "cause-2", "cause-3", "cause-4"]  # as the scan ranked them
    assert third.next_cursor == ""


def test_alerts_are_found_by_grade_firm_and_branch_and_another_branchs_looks_absent(journal: Journal) -> None:
    journal.record_scan(scan_of(alert("a", Grade.RED, branch="北分"), alert("b", Grade.YELLOW, "Firm-c", branch="南分")), "scan")
    assert [r.alert.cause for r in journal.alerts(AlertFilter(grade=Grade.RED)).items] == ["a"]
    assert [r.alert.cause for r in journal.alerts(AlertFilter(firm="Firm-c")).items] == ["b"]
    assert [r.alert.cause for r in journal.alerts(AlertFilter(branch="北分")).items] == ["a"]
    with pytest.raises(NotFoundError):
        journal.alert("A-Firm-c-b", branch="北分")


@pytest.mark.parametrize("cursor", ["", "%%%", "YQ", "YjE", "中"])
def test_a_cursor_of_no_page_is_refused(journal: Journal, cursor: str) -> None:
    if cursor:
        with pytest.raises(InputError):
            journal.alerts(cursor=cursor)
    else:
        assert journal.alerts().items == ()


def test_who_acts_on_an_outdated_alert_is_told_so(journal: Journal) -> None:
    journal.record_scan(scan_of(alert()), "scan")
    taken = journal.act("A-Firm-a-overdue", "officer", "take", "我来核实", version=1)
    assert (taken.status, taken.version, taken.actions[0].note) == ("in_progress", 2, "我来核实")
    with pytest.raises(ConflictError):
        journal.act("A-Firm-a-overdue", "other", "close", version=1)
    with pytest.raises(InputError):
        journal.act("A-Firm-a-overdue", "other", "burn")


def test_fifty_threads_with_one_key_make_one_decision(journal: Journal) -> None:
    def call(number: int) -> bytes:
        claimed = journal.begin_once("key", "loan-system", "hash", wait_seconds=60)
        if claimed.answer:
            return claimed.answer.body
        body = f"answer of {number}".encode()
        journal.record_decision(decision(f"D-{number}"), "loan-system", claimed, Answer(200, body))
        return body

    with ThreadPoolExecutor(50) as pool:
        answers = set(pool.map(call, range(50)))
    assert len(answers) == 1
    assert (count(journal, DecisionRow), count(journal, OnceRow)) == (1, 1)
    assert journal.verify_audit().whole


def test_a_key_is_for_one_request_and_one_principal(journal: Journal) -> None:
    claimed = journal.begin_once("key", "a", "hash")
    with pytest.raises(InProgressError):
        journal.begin_once("key", "a", "hash")
    with pytest.raises(ConflictError, match="another request"):
        journal.begin_once("key", "a", "other hash")
    assert journal.begin_once("key", "b", "other hash").answer is None
    journal.finish_once(claimed, Answer(201, b"x"))
    assert journal.begin_once("key", "a", "hash").answer == Answer(201, b"x")


def test_a_claim_that_was_never_answered_falls_free_and_its_holder_cannot_answer_any_more(journal: Journal) -> None:
    dead = journal.begin_once("key", "a", "hash")
    with Session(journal._engine) as session, session.begin():
        session.execute(update(OnceRow).values(created_at=datetime.now(UTC) - once_module.LEASE))
    heir = journal.begin_once("key", "a", "hash")
    assert heir.answer is None
    with pytest.raises(ConflictError):
        journal.finish_once(dead, Answer(200, b"dead"))
    journal.finish_once(heir, Answer(200, b"heir"))


def test_a_key_that_was_given_up_may_be_used_again(journal: Journal) -> None:
    journal.give_up_once(journal.begin_once("key", "a", "hash"))
    assert journal.begin_once("key", "a", "hash").answer is None


def test_many_threads_write_one_unbroken_chain(journal: Journal) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: journal.record_decision(decision(f"D-{i}"), "p"), range(40)))
    check = journal.verify_audit()
    assert (check.whole, check.entries) == (True, 40)


@pytest.mark.parametrize(
    ("tampering", "at", "says"),
    [
        ("UPDATE audit SET principal = 'nobody' WHERE seq = 2", 2, "altered"),
        ("DELETE FROM audit WHERE seq = 2", 2, "missing"),
        ("DELETE FROM audit WHERE seq = 3", 3, "ends at"),
        ("UPDATE audit SET seq = seq + 10 WHERE seq = 1", 1, "missing"),
    ],
)
def test_every_tampering_with_the_audit_is_found(journal: Journal, tampering: str, at: int, says: str) -> None:
    for i in range(3):
        journal.record_decision(decision(f"D-{i}"), "p")
    assert journal.verify_audit().whole
    with journal._engine.connect() as connection:
        connection.execute(text(tampering))
        connection.commit()
    check = journal.verify_audit()
    assert (check.whole, check.broken_at) == (False, at)
    assert says in check.says


def test_a_secret_proves_its_key_until_it_is_revoked_and_is_kept_nowhere(journal: Journal) -> None:
    key, secret = journal.create_key("信贷系统", "integrator", "北分")
    assert journal.find_key(secret) == key
    assert journal.find_key(secret + "x") is None
    journal.revoke_key(key.id)
    assert journal.find_key(secret) is None
    assert [k.name for k in journal.api_keys()] == ["信贷系统"]
    with Session(journal._engine) as session:
        told = str(session.execute(text("SELECT * FROM api_keys")).all()) + str(
            session.execute(text("SELECT body FROM audit")).all()
        )
    assert secret not in told


def test_messages_wait_until_they_are_sent(journal: Journal) -> None:
    journal.record_decision(decision(), "p")
    (message,) = journal.pending()
    assert b"D-1" in message.payload
    journal.mark_sent([message.id])
    assert journal.pending() == ()


def test_a_database_without_tables_is_a_named_error(url: str) -> None:
    journal = Journal(url)
    with pytest.raises(UnavailableError, match="upgrade"):
        journal.alerts()
    journal.close()


def test_a_journal_url_of_another_kind_is_refused() -> None:
    for url in ("mysql://x/y", "no url"):
        with pytest.raises(InputError) as refused:
            Journal(url)
        assert refused.value.field == "journal_url"


def _scan_and_die(url: str, after: int) -> None:
    import alerts.journal.journal as module

    module.CHUNK = 5
    journal = Journal(url)
    left = [after]

    def keep(scan: str, alerts: tuple[Alert, ...], principal: str) -> object:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
        return Journal._keep(journal, scan, alerts, principal)

    journal._keep = keep  # type: ignore[method-assign,assignment]
    journal.record_scan(scan_of(*(alert(f"cause-{i:02}") for i in range(20))), "scan")


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_scan_killed_on_the_way_and_run_again_gives_the_same_alerts(url: str, after: int) -> None:
    upgrade(url)
    process = multiprocessing.get_context("spawn").Process(target=_scan_and_die, args=(url, after))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    journal = Journal(url)
    assert len(journal.alerts(limit=500).items) == after * 5
    told = journal.record_scan(scan_of(*(alert(f"cause-{i:02}") for i in range(20))), "scan")
    assert (told.new, told.unchanged) == (20 - after * 5, after * 5)
    assert len({r.alert.id for r in journal.alerts(limit=500).items}) == 20
    assert [m.topic for m in journal.pending(500)].count("alert.raised") == 20
    assert journal.verify_audit().whole
    journal.close()


def test_readers_go_on_while_a_writer_holds_the_database(journal: Journal, url: str) -> None:
    journal.record_decision(decision(), "p")
    writer = open_engine(url).execution_options(**{WRITES: True})
    with writer.connect() as blocker, blocker.begin():
        blocker.execute(select(AuditHeadRow).with_for_update())
        seen: list[str] = []
        reader = threading.Thread(target=lambda: seen.append(journal.decision("D-1").id))
        reader.start()
        reader.join(20)
    writer.dispose()
    assert seen == ["D-1"]


def test_many_journals_at_once_write_one_chain_in_the_order_of_their_instants(journal: Journal, url: str) -> None:
    """As several API processes do: each with its own connections, all kinds of writing mixed."""
    journal.record_scan(scan_of(alert()), "scan")

    def write(number: int) -> None:
        mine = Journal(url)
        mine.record_decision(decision(f"D-{number}"), f"p{number}")
        mine.record_scan(scan_of(alert(f"cause-{number}"), day=DAY + timedelta(number + 1)), "scan")
        mine.act("A-Firm-a-overdue", f"p{number}", "comment", "看过")
        mine.create_key(f"key {number}", "integrator")
        mine.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(12)))
    check = journal.verify_audit()
    assert (check.whole, check.entries) == (True, 2 + 12 * 5)
    with Session(journal._engine) as session:
        instants = session.scalars(select(AuditRow.at).order_by(AuditRow.seq)).all()
        numbers = sorted(session.scalars(select(AlertRow.seq)).all())
    assert list(instants) == sorted(instants)
    assert numbers == list(range(1, 14))
    assert journal.alert("A-Firm-a-overdue").version == 13


def test_the_schema_goes_down_and_up_again_and_each_way_is_whole(url: str) -> None:
    upgrade(url)
    newest = current(url)
    assert newest.newest
    for revision in (*_revisions_below(newest.head), BASE):
        downgrade(url, revision)
        assert current(url).revision == revision
        if revision == BASE:
            with open_engine(url).connect() as connection:
                assert set(inspect(connection).get_table_names()) == {"alembic_version"}
        upgrade(url)
        with open_engine(url).connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    journal = Journal(url)
    journal.record_decision(decision(), "p")
    assert journal.verify_audit().entries == 1
    journal.close()


def _revisions_below(head: str) -> list[str]:
    folder = files("alerts.journal").joinpath("migrations")
    script = ScriptDirectory(str(folder))
    return [each.revision for each in script.walk_revisions() if each.revision != head]


def test_what_the_journal_holds_outlives_an_upgrade_and_a_refused_downgrade(journal: Journal, url: str) -> None:
    journal.record_decision(decision(), "p")
    journal.record_scan(scan_of(alert()), "scan")
    upgrade(url)
    with pytest.raises(InputError, match="schema"):
        downgrade(url, "no-such-revision")
    assert journal.decision("D-1") == decision()
    assert journal.alert("A-Firm-a-overdue").alert == alert()
    assert journal.verify_audit().whole


@pytest.mark.postgres
def test_a_database_that_goes_away_in_the_middle_is_a_named_error_and_nothing_is_half_written() -> None:
    with own_cluster() as (cluster, url):
        upgrade(url)
        journal = Journal(url)
        journal.record_decision(decision("D-1"), "p")
        with pytest.raises(UnavailableError, match="does not answer"), journal._write() as session:
            keep_decision(Chain.lock(session), decision("D-2"), "p")
            session.flush()
            cluster.stop()
        with pytest.raises(UnavailableError, match="does not answer"):
            journal.record_decision(decision("D-3"), "p")
        with pytest.raises(UnavailableError, match="does not answer"):
            upgrade(url)
        cluster.start()
        assert (count(journal, DecisionRow), count(journal, AuditRow), count(journal, OutboxRow)) == (1, 1, 1)
        journal.record_decision(decision("D-2"), "p")
        assert journal.decision("D-2").id == "D-2"
        assert (journal.verify_audit().whole, journal.verify_audit().entries) == (True, 2)
        journal.close()
