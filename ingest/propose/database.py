"""Tables of a database: columns, keys and foreign keys as declared, and rows from both ends of the key."""

from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa

from graph.errors import InputError
from ingest.propose.look import Look, Table

_ROWS = 5_000


def look_at_database(url: str) -> list[Look]:
    """Every table and view that the URL's user sees. InputError where the database does not answer or holds no table."""
    _refuse_missing_file(url)
    try:
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            inspector = sa.inspect(connection)
            names = [*inspector.get_table_names(), *inspector.get_view_names()]
            looks = [_look_at_table(connection, inspector, url, name) for name in sorted(names)]
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ModuleNotFoundError) as problem:
        fix = "Write it as dialect://user@host/name, and install the dialect's driver."
        raise InputError(f"{_shown(url)}: this is no database URL that can be opened: {problem}.", fix, "source") from problem
    except sa.exc.SQLAlchemyError as problem:
        said = str(problem).splitlines()[0]
        raise InputError(
            f"{_shown(url)}: the database does not answer: {said}", "Check address, user and rights.", "source"
        ) from problem
    if not looks:
        raise InputError(f"{_shown(url)}: the database has no tables.", "Check the URL, or the user's rights.", "source")
    return [look for look in looks if look.frame.width]


def _refuse_missing_file(url: str) -> None:
    """SQLite would make the file, and find it empty."""
    try:
        told = sa.make_url(url)
    except sa.exc.ArgumentError:
        return  # said where it is opened
    if told.get_backend_name() == "sqlite" and not Path(told.database or "").is_file():
        raise InputError(f"{told.database or url}: there is no such database.", "Put it there, or give its whole path.", "source")


def _shown(url: str) -> str:
    """The URL without its password."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return "the database URL"


def _look_at_table(connection: sa.Connection, inspector: Any, url: str, name: str) -> Look:
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    key = [column.name for column in table.primary_key.columns]
    head = list(connection.execute(sa.select(table).limit(_ROWS)))
    whole = len(head) < _ROWS
    rows = len(head) if whole else int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
    if not whole and key:
        order = [table.c[column].desc() for column in key]
        head += connection.execute(sa.select(table).order_by(*order).limit(_ROWS))
    names = [column.name for column in table.columns]
    frame = pl.DataFrame(
        [[_text(cell) for cell in row] for row in head], schema=dict.fromkeys(names, pl.String), orient="row"
    ).unique(maintain_order=True)
    links = {
        local: (each["referred_table"], remote)
        for each in inspector.get_foreign_keys(name)
        for local, remote in zip(each["constrained_columns"], each["referred_columns"], strict=True)
    }
    place = Table(url if url.startswith("sqlite") else "", name, sa.make_url(url).database or "")
    return Look(name, frame, rows, whole, table=place, form="sql", keys=tuple(key), links=links)


def _text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case _:
            return str(cell).strip()
