"""Tables are read like files: streamed in one order, exactly, from the last committed watermark on; nothing is lost."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Connection, Engine, create_engine, text

from graph.errors import ConflictError, InputError, UnavailableError
from graph.ledger import Ledger
from ingest.manifest import SourceFile, read_manifest
from ingest.readers import Connections, Surroundings, find_inputs, sql
from tests.alerts.postgres import postgres_url
from tests.ingest.command import Command
from tests.ingest.kill_child import load
from tests.ingest.world import Inbox, counts

_FIRM = {
    "entity": "Firm",
    "key": "no",
    "properties": {"name": "name", "registered_capital_fen": {"column": "capital", "unit": "元"}},
}
_CREATE = """CREATE TABLE firms (no varchar(20) PRIMARY KEY, name varchar(50), capital numeric(18, 2), updated_at timestamp)"""
_ADD = text("INSERT INTO firms VALUES (:no, :name, :capital, :updated_at)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def bank(request: pytest.FixtureRequest, inbox: Inbox) -> Iterator[Engine]:
    """A core system's database, which `database: core` names."""
    if request.param == "sqlite":
        yield from _opened(f"sqlite:///{inbox.files / 'core.db'}", inbox)
    else:
        with postgres_url() as url:
            yield from _opened(url, inbox)


@pytest.fixture
def postgres(inbox: Inbox) -> Iterator[Engine]:
    with postgres_url() as url:
        yield from _opened(url, inbox)


def _opened(url: str, inbox: Inbox) -> Iterator[Engine]:
    inbox.connections = Connections({"core": url})
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text(_CREATE))
    yield engine
    engine.dispose()


def add(engine: Engine, *firms: tuple[str, str, str, str | None]) -> None:
    with engine.begin() as connection:
        for no, name, capital, updated_at in firms:
            connection.execute(_ADD, {"no": no, "name": name, "capital": Decimal(capital) if _is_pg(connection) else capital,
                                      "updated_at": updated_at})  # fmt: skip


def _is_pg(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def manifest(**changes: Any) -> str:
    file = {"sql": {"database": "core", "table": "firms"}, "watermark": "updated_at", "ignore": ["updated_at"], "yields": [_FIRM]}
    file = {k: v for k, v in {**file, **changes}.items() if v is not None}
    return yaml.safe_dump({"name": "core", "defaults": {"source": "core"}, "max_bad_share": 1, "files": [file]}, allow_unicode=True)


def names(inbox: Inbox) -> list[str]:
    return [name for (name,) in inbox.rows("Firm", "name")]


def test_a_table_is_loaded_with_its_rows_places(inbox: Inbox, bank: Engine) -> None:
    add(bank, ("2", "素木", "12345678901234.56", "2026-01-02 00:00:00"), ("1", "青禾", "0.01", "2026-01-01 00:00:00"))
    result = inbox.load(manifest())
    assert counts(result) == (2, 2, 0, 0)
    assert inbox.rows("Firm", "file", "line", "name", "registered_capital_fen") == [
        ("sql:core/firms", 1, "青禾", 1),
        ("sql:core/firms", 2, "素木", 1_234_567_890_123_456),
    ]


def test_a_row_that_is_wrong_is_quarantined_at_its_place_in_the_order(inbox: Inbox, bank: Engine) -> None:
    add(bank, ("1", "青禾", "1", "2026-01-01 00:00:00"), ("2", "素木", "0.005", "2026-01-02 00:00:00"))
    with bank.begin() as connection:
        if _is_pg(connection):
            connection.execute(text("ALTER TABLE firms ALTER capital TYPE numeric(18, 3)"))
        connection.execute(text("UPDATE firms SET capital = 0.005 WHERE no = '2'"))
    result = inbox.load(manifest())
    assert inbox.quarantined(result) == [(2, "capital", "0.005", "not_whole")]


def test_the_second_read_begins_at_the_last_watermark_and_loses_no_row_that_shares_it(inbox: Inbox, bank: Engine) -> None:
    add(bank, ("1", "青禾", "1", "2026-01-01 00:00:00"), ("2", "素木", "1", "2026-01-02 00:00:00"))
    first = inbox.load(manifest())
    assert first.read_to["sql:core/firms"]["column"] == "updated_at"
    add(bank, ("3", "同刻", "1", "2026-01-02 00:00:00"), ("4", "远山", "1", "2026-01-03 00:00:00"), ("5", "无期", "1", None))
    second = inbox.load()
    assert counts(second) == (4, 3, 1, 0)  # the boundary's row is read again and known
    assert names(inbox) == ["同刻", "无期", "素木", "远山", "青禾"]
    third = inbox.load()
    assert counts(third) == (2, 0, 2, 0)
    assert third.batch_seq is None


def test_a_watermark_moves_on_though_all_new_rows_were_refused(inbox: Inbox, bank: Engine) -> None:
    add(bank, ("1", "青禾", "1", "2026-01-01 00:00:00"))
    inbox.load(manifest())
    add(bank, ("2", "素木", "1", "2026-01-02 00:00:00"))
    with bank.begin() as connection:
        connection.execute(text("UPDATE firms SET no = '' WHERE no = '2'"))
    assert counts(inbox.load()) == (2, 0, 1, 1)
    assert counts(inbox.load()) == (1, 0, 0, 1)  # the boundary's own row only


def test_a_watermark_that_nothing_else_uses_need_not_be_ignored(inbox: Inbox, bank: Engine) -> None:
    add(bank, ("1", "青禾", "1", "2026-01-01 00:00:00"))
    assert counts(inbox.load(manifest(ignore=None))) == (1, 1, 0, 0)
    assert counts(inbox.load(manifest(ignore=None))) == (1, 0, 1, 0)  # the boundary's own row only


def test_a_dry_run_moves_no_watermark(inbox: Inbox, bank: Engine) -> None:
    add(bank, ("1", "青禾", "1", "2026-01-01 00:00:00"))
    assert counts(inbox.load(manifest(), dry_run=True)) == (1, 1, 0, 0)
    assert counts(inbox.load(manifest())) == (1, 1, 0, 0)


def test_a_table_that_was_emptied_is_remarked_on(inbox: Inbox, bank: Engine) -> None:
    add(bank, ("1", "青禾", "1", "2026-01-01 00:00:00"))
    inbox.load(manifest())
    with bank.begin() as connection:
        connection.execute(text("DELETE FROM firms"))
    result = inbox.load()
    assert result.rows.read == 0
    assert any("emptied or set back" in warning for warning in result.warnings)


def test_rows_committed_late_are_found_within_the_overlap(inbox: Inbox, postgres: Engine) -> None:
    told = manifest(watermark={"column": "updated_at", "overlap": "PT1H"})
    add(postgres, ("1", "青禾", "1", "2026-01-01 10:00:00"))
    inbox.load(told)
    add(postgres, ("2", "迟到", "1", "2026-01-01 09:30:00"), ("3", "太迟", "1", "2026-01-01 08:30:00"))
    inbox.load()
    assert names(inbox) == ["迟到", "青禾"]


def test_a_full_feed_of_a_table_closes_what_is_gone(inbox: Inbox, bank: Engine) -> None:
    held = {
        **{"relation": "HOLDS_SHARES", "src": {"type": "Firm", "key": "no"}, "dst": {"type": "Firm", "key": "name"}},
        **{"key": "no", "valid_from": {"constant": "2026-01-01"}, "properties": {"paid_in_fen": "capital"}},
    }
    add(bank, ("1", "青禾", "1", None), ("2", "素木", "1", None))
    inbox.load(manifest(feed="full", watermark=None, yields=[held]))
    with bank.begin() as connection:
        connection.execute(text("DELETE FROM firms WHERE no = '2'"))
    assert inbox.load().closed == {"HOLDS_SHARES": 1}


def test_a_query_is_read_in_its_declared_order_and_may_only_select(inbox: Inbox, bank: Engine) -> None:
    add(bank, ("1", "青禾", "1", None), ("2", "素木", "2", None), ("3", "10:30 100%", "3", None))
    query = "SELECT no, name, capital FROM firms WHERE no <> '1' AND name NOT LIKE '%:x%';"
    asked = {"database": "core", "query": query, "order_by": "name", "name": "big"}
    result = inbox.load(manifest(sql=asked, watermark=None, ignore=None))
    assert counts(result) == (2, 2, 0, 0)
    assert inbox.rows("Firm", "file", "line", "name") == [("sql:core/big", 1, "10:30 100%"), ("sql:core/big", 2, "素木")]
    with pytest.raises(InputError, match="order_by"):
        inbox.load(manifest(sql={"database": "core", "query": query}, watermark=None, ignore=None))
    with pytest.raises(InputError, match="the database refuses"):
        inbox.load(manifest(sql={**asked, "query": "DELETE FROM firms"}, watermark=None, ignore=None))


def test_a_table_without_a_key_needs_an_order(inbox: Inbox, bank: Engine) -> None:
    with bank.begin() as connection:
        connection.execute(text("CREATE TABLE loose (no varchar(9), name varchar(9), capital integer)"))
        connection.execute(text("INSERT INTO loose VALUES ('1', '青禾', 2)"))
    loose = {"database": "core", "table": "loose"}
    with pytest.raises(InputError, match="in which order"):
        inbox.load(manifest(sql=loose, watermark=None, ignore=None))
    with pytest.raises(InputError, match="order_by: there is no column nr") as refusal:
        inbox.load(manifest(sql={**loose, "order_by": "nr"}, watermark=None, ignore=None))
    assert "no, name, capital" in refusal.value.fix
    assert counts(inbox.load(manifest(sql={**loose, "order_by": "no"}, watermark=None, ignore=None))) == (1, 1, 0, 0)


def test_a_table_whose_columns_changed_is_refused_naming_the_column(inbox: Inbox, bank: Engine) -> None:
    add(bank, ("1", "青禾", "1", None))
    inbox.load(manifest())
    for change, message in (
        ("ADD COLUMN phone varchar(9)", "new column phone"),
        ("RENAME COLUMN capital TO cap", "missing column capital"),
    ):
        with bank.begin() as connection:
            connection.execute(text(f"ALTER TABLE firms {change}"))
        with pytest.raises(InputError, match=message):
            inbox.load()
    with pytest.raises(InputError, match="no column updated_on"):
        inbox.load(manifest(watermark="updated_on"))
    with pytest.raises(InputError, match="the database refuses"):
        inbox.load(manifest(sql={"database": "core", "table": "firmz"}))


@pytest.mark.postgres
def test_every_type_of_value_comes_as_text_that_loses_nothing(inbox: Inbox, postgres: Engine) -> None:
    inbox.connections = Connections({"core": str(postgres.url)})
    with postgres.begin() as connection:
        connection.execute(
            text("""CREATE TABLE typed (a varchar PRIMARY KEY, n numeric, f float8, b boolean, d date, t timestamp,
            z timestamptz, u uuid, i bigint, e text)""")
        )
        connection.execute(
            text("INSERT INTO typed VALUES ('1', 0.10000000000000000000000000000000001, 0.1, true, :d, :t, :z, :u, :i, NULL)"),
            {"d": date(2026, 1, 2), "t": datetime(2026, 1, 2, 3, 4, 5, 6), "z": datetime(2026, 1, 2, 20, tzinfo=UTC),
             "u": "00000000-0000-0000-0000-000000000001", "i": 9_007_199_254_740_993},
        )  # fmt: skip
    assert read(inbox, "typed", "a", *"nfbdtzuie") == [
        {"a": "1", "n": "0.10000000000000000000000000000000001", "f": "0.1", "b": "true", "d": "2026-01-02",
         "t": "2026-01-02 03:04:05.000006", "z": "2026-01-03 04:00:00", "u": "00000000-0000-0000-0000-000000000001",
         "i": "9007199254740993", "e": ""}
    ]  # fmt: skip


def read(inbox: Inbox, table: str, *columns: str) -> list[dict[str, str]]:
    spec = SourceFile.model_validate(
        {
            "sql": {"database": "core", "table": table},
            "yields": [{"fact": "X", "identify_by": columns, "subject": {"type": "F", "key": columns[0]}}],
        }
    )
    around = Surroundings(inbox.files, inbox.files, "core", "Asia/Shanghai", inbox.connections)
    inputs, _ = find_inputs(spec, around)
    return [row for each in inputs for chunk in each.chunks() for row in chunk.frame.to_dicts()]


def test_bytes_are_refused_naming_the_column_unless_ignored(inbox: Inbox, bank: Engine) -> None:
    with bank.begin() as connection:
        blob = "bytea" if _is_pg(connection) else "blob"
        connection.execute(text(f"CREATE TABLE scans (no varchar(9) PRIMARY KEY, name varchar(9), capital integer, scan {blob})"))
        connection.execute(text("INSERT INTO scans VALUES ('1', '青禾', 2, :scan)"), {"scan": b"\x00\xff"})
    scans = {"database": "core", "table": "scans"}
    wrong = {**_FIRM, "properties": {"name": "scan"}}
    with pytest.raises(InputError, match="row 1: column scan holds bytes"):
        inbox.load(manifest(sql=scans, watermark=None, ignore=["name", "capital"], yields=[wrong]))
    assert counts(inbox.load(manifest(sql=scans, watermark=None, ignore=["scan"]))) == (1, 1, 0, 0)


@pytest.mark.postgres
def test_a_database_that_goes_away_half_way_loses_nothing(inbox: Inbox, postgres: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres.begin() as connection:
        connection.execute(
            text("INSERT INTO firms SELECT n, n, 1, timestamp '2026-01-01' + n * interval '1 s' FROM generate_series(1, 50000) n")
        )
    inbox.load(manifest(sql={"database": "core", "query": "SELECT * FROM firms WHERE no = '1'", "order_by": "no", "name": "firms"}))
    before = inbox.ledger.latest_seq
    monkeypatch.setattr(sql, "_ROWS", 1000)
    texts = sql.SqlInput._texts

    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%FETCH%' AND pid <> pg_backend_pid()"

    def cut_off(self: sql.SqlInput, name: str, values: Any, line: int) -> Any:
        if line == 3000 and name == "no":
            with postgres.connect() as other:
                other.execute(text(kill))
        return texts(self, name, values, line)

    with monkeypatch.context() as patched:
        patched.setattr(sql.SqlInput, "_texts", cut_off)
        with pytest.raises(
            UnavailableError, match=r"sql:core/firms: the database broke off after row \d+000: .*terminat"
        ) as problem:
            inbox.load(manifest())
    assert "run it again" in problem.value.fix
    assert inbox.ledger.latest_seq == before
    assert counts(inbox.load(manifest())) == (50000, 49999, 1, 0)


@pytest.mark.postgres
def test_a_database_that_is_not_there_is_named_without_its_password(inbox: Inbox) -> None:
    inbox.connections = Connections({"core": "postgresql://yujing:s3cret@127.0.0.1:9/none"})
    with pytest.raises(UnavailableError, match="sql:core/firms: the database does not answer") as problem:
        inbox.load(manifest())
    assert "s3cret" not in str(problem.value)


def test_two_loads_of_one_feed_do_not_move_the_watermark_back(inbox: Inbox, bank: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    add(bank, ("1", "青禾", "1", "2026-01-01 00:00:00"))
    inbox.manifest(manifest())
    rows = sql.SqlInput._rows

    def overtaken(self: sql.SqlInput, *arguments: Any) -> Any:
        with monkeypatch.context() as patched:
            patched.setattr(sql.SqlInput, "_rows", rows)
            inbox.load()
        yield from rows(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(sql.SqlInput, "_rows", overtaken)
        with pytest.raises(ConflictError, match="another load of it was committed meanwhile"):
            inbox.load()
    assert counts(inbox.load()) == (1, 0, 1, 0)


def test_a_load_of_a_table_killed_at_any_step_repeats_from_the_same_watermark(inbox: Inbox, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{inbox.files / 'crm.db'}")
    with engine.begin() as connection:
        connection.execute(text(_CREATE))
    add(engine, ("1", "青禾", "1", "2026-01-01 00:00:00"), ("2", "素木", "1", "2026-01-02 00:00:00"))
    path = inbox.manifest(manifest(sql={"url": "sqlite:///crm.db", "table": "firms"}))
    _, steps = load(tmp_path / "unharmed", path)
    for step in sorted({1, steps // 2, *range(steps - 5, steps + 1)}):
        home = tmp_path / f"killed-{step}"
        load(home, path, step)
        assert load(home, path)[0] == 0
        survivor = Inbox.__new__(Inbox)
        with closing(Ledger.open(home / "ledger")) as ledger:
            survivor.ledger = ledger
            assert names(survivor) == ["素木", "青禾"]
            assert json.loads(ledger.batches().column("summary")[-1].as_py())["read_to"]["sql:crm/firms"]["value"].startswith(
                "2026-01-02"
            )
    engine.dispose()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": "x.csv"}, "exactly one of path, sql, kafka"),
        ({"sql": None}, "exactly one of path, sql, kafka"),
        ({"sql": {"database": "core"}}, "exactly one of table, query"),
        ({"sql": {"table": "t"}}, "exactly one of database, url"),
        ({"sql": {"url": "postgresql://u:s3cret@h/d", "table": "t"}}, "YUJING_DATABASES"),
        ({"sql": {"url": "mssql+pyodbc://h/d?PWD=s3cret", "table": "t"}}, "YUJING_DATABASES"),
        ({"encoding": "gb18030"}, "encoding is for files, not for sql"),
        ({"explode": "a"}, "explode is for JSON"),
        ({"feed": "full"}, "feed must be delta"),
        ({"watermark": {"column": "a", "overlap": "-PT1S"}}, "greater than or equal"),
    ],
)
def test_a_source_that_is_declared_wrongly_is_refused_and_no_password_shown(
    inbox: Inbox, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        read_manifest(inbox.manifest(manifest(**change)))
    assert "s3cret" not in str(refusal.value)


def test_unknown_databases_drivers_and_files_are_named(inbox: Inbox) -> None:
    cases: list[tuple[dict[str, str], dict[str, str], str]] = [
        ({}, {"database": "core"}, "no database 'core' among none"),
        ({"core": "postgresql//"}, {"database": "core"}, "URL of core cannot be read"),
        ({}, {"url": "oracel://h/d"}, "no driver for oracel"),
        ({}, {"url": "sqlite:///gone.db"}, "gone.db: there is no such database"),
    ]
    for known, named, message in cases:
        inbox.connections = Connections(known)
        with pytest.raises(InputError, match=message) as refusal:
            inbox.load(manifest(sql={**named, "table": "firms"}))
        assert refusal.value.fix


def test_one_table_is_read_once(inbox: Inbox, bank: Engine) -> None:
    told = yaml.safe_load(manifest())
    told["files"] *= 2
    with pytest.raises(InputError, match="sql:core/firms is read twice"):
        inbox.load(yaml.safe_dump(told))


def test_the_command_takes_databases_from_the_settings_and_never_shows_them(
    inbox: Inbox, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_engine(f"sqlite:///{inbox.files / 'core.db'}")
    with engine.begin() as connection:
        connection.execute(text(_CREATE))
    add(engine, ("1", "青禾", "1", "2026-01-01 00:00:00"))
    path = inbox.manifest(manifest())
    monkeypatch.setenv("YUJING_DATABASES", json.dumps({"core": f"sqlite:///{inbox.files / 'core.db'}"}))
    done = command.run("ingest", str(path), "--json")
    assert done.code == 0
    assert json.loads(done.out)["read_to"]["sql:core/firms"]["column"] == "updated_at"
    monkeypatch.setenv("YUJING_DATABASES", '["postgresql://u:s3cret@h/d"]')
    done = command.run("ingest", str(path))
    assert done.code == 2
    assert "YUJING_DATABASES" in done.error
    assert "s3cret" not in done.error
