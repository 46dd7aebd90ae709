"""Which columns a row is refused for in stage two: where rows of one load differ, and which end nobody tells of.

Stage two no longer has the cells, only what was read from them; values are shown as the manifest's file would write them
(in its unit, in its words). All of it is SQL, an issue for each row and column: row, column, value, reason.
"""

from collections.abc import Iterator, Mapping

from graph.clock import OPEN_END
from graph.currencies import DECIMALS
from graph.ledger.as_of import STATE
from graph.ledger.matching import FOREVER_US
from graph.ledger.schema import content_columns, properties_of
from graph.ontology import Kind
from ingest.clean import MAJOR_UNITS, NUMBER_UNITS
from ingest.manifest import Condition, Unit
from ingest.parts import text_sql
from ingest.plan import EndPlan, Field, YieldPlan
from ingest.reasons import Reason

_ROLES = ("src", "dst", "subject")
_KEY_PARTS = "string_split({}, chr(31))"


def differing_sql(plan: YieldPlan, disputed: str) -> str:
    """The rows of `disputed` with a flag for each column that says something: do rows told of one state at one instant differ?"""
    instant = f"PARTITION BY {', '.join(STATE)}, coalesce(recorded_at, {FOREVER_US})"
    flags = (
        f'(min("{name}"::VARCHAR) OVER w <> max("{name}"::VARCHAR) OVER w '  # as text, as the hash of the content has it
        f'OR count("{name}") OVER w BETWEEN 1 AND count(*) OVER w - 1) AS "{_flag(name)}"'
        for name in content_columns(plan.kind)
    )
    return f"SELECT *, {', '.join(flags)} FROM ({disputed}) WINDOW w AS ({instant})"


def conflict_sql(plan: YieldPlan, differing: str, named: str) -> str:
    """Issues of one yield's rows in conflict. `differing`: as `differing_sql` gives it; `named`: type, record and key of ends.

    Where nothing differs that a column holds (constants of two files, say), the first column of the key stands for it, and
    the value says which property it is.
    """
    ends = [end for end in plan.ends if end.role in _ROLES]
    joins = [
        f"LEFT JOIN {named} n_{end.role} ON n_{end.role}.type = d.{end.role}_type AND n_{end.role}.record = d.{end.role}"
        for end in ends
    ]
    said = [
        f'CASE WHEN "{_flag(name)}" THEN {_issue(column, value)} END'
        for name in content_columns(plan.kind)
        for column, value in _told_by(plan, name)
    ]
    return f"""
        SELECT DISTINCT row, unnest([issue FOR issue IN [{", ".join(said)}] IF issue IS NOT NULL], recursive := true),
            '{Reason.CONFLICT}' AS reason FROM {differing} d {" ".join(joins)}
    """


def unknown_sql(plan: YieldPlan, records: str, unknown: str) -> str:
    """Issues of one yield's records whose end is in `unknown` (type, record, key): one for each column of that end's key."""
    found = (
        f"SELECT DISTINCT row, unnest([{_key_issues(end, 'u.key')}], recursive := true), '{Reason.UNKNOWN_END}' AS reason "
        f"FROM {records} p JOIN {unknown} u ON p.{end.role} = u.record AND p.{end.role}_type = u.type"
        for end in plan.ends
    )
    return " UNION ALL ".join(found)


def _flag(name: str) -> str:
    return f"{name} differs"


def _issue(column: str, value: str) -> str:
    return f"{{'column': {text_sql(column)}, 'value': coalesce({value}, '')}}"


def _key_issues(end: EndPlan, key: str) -> str:
    return ", ".join(_issue(column, _key_part(end, place, key)) for place, column in enumerate(end.key, 1))


def _key_part(end: EndPlan, place: int, key: str) -> str:
    """A personal key is one token, whatever it was joined from."""
    return key if end.personal else f"{_KEY_PARTS.format(key)}[{place}]"


def _told_by(plan: YieldPlan, name: str) -> Iterator[tuple[str, str]]:
    """The source columns that tell a ledger column, each with the SQL of its value."""
    for end in plan.ends:
        if name in (end.role, f"{end.role}_type"):
            for place, column in enumerate(end.key, 1):
                yield column, _key_part(end, place, f"n_{end.role}.key")
            return
    if name == "action" and (columns := _columns_of((*plan.spec.close, *plan.spec.retract))):
        for column in columns:
            yield column, '"action"'
        return
    field = _fields(plan).get(name)
    if field is None or not field.value.columns:
        yield plan.key_column, f"{text_sql(name + '=')} || coalesce(\"{name}\"::VARCHAR, '')"
        return
    for column in [field.value.column] if field.value.column else sorted(field.value.columns):
        yield column, _as_written(plan, field)


def _fields(plan: YieldPlan) -> dict[str, Field]:
    clocks = (plan.valid_to, plan.currency)
    return {field.name: field for field in (*plan.fields, *clocks) if field is not None}


def _columns_of(conditions: tuple[Condition, ...]) -> list[str]:
    return sorted({condition.column for condition in conditions})


def _as_written(plan: YieldPlan, field: Field) -> str:
    """SQL that writes a value that was read as its file would."""
    name = f'"{field.name}"'
    money = {p.name for p in properties_of(plan.kind)} >= {"currency"}
    match field.kind:
        case Kind.MONEY:
            return _amount(name, field.unit, money)
        case Kind.SHARE | Kind.NUMBER:
            return f"format('{{:.15g}}', {name} / {NUMBER_UNITS[field.unit]})"
        case Kind.DAY if field.name == "valid_to":
            last = f"({name} - INTERVAL 1 DAY)::DATE" if field.value.inclusive else name
            return f"CASE WHEN {name} < DATE '{OPEN_END}' THEN {last}::VARCHAR END"
        case Kind.INSTANT:
            return f"make_timestamp({name})::VARCHAR || 'Z'"
        case _:
            return _in_words(f"{name}::VARCHAR", field.value.values)


def _amount(name: str, unit: Unit, has_currency: bool) -> str:
    if unit is Unit.FEN:
        return f"{name}::VARCHAR"
    by_decimals: dict[int, str] = {}
    for decimals in sorted(set(DECIMALS.values())):
        places = len(str(MAJOR_UNITS[unit])) - 1 + decimals
        exact = f"({name}::DECIMAL(19, 0) * 1e-{places}::DECIMAL({max(places, 1)}, {places}))::VARCHAR" if places else ""
        by_decimals[decimals] = f"regexp_replace({exact}, '\\.?0+$', '')" if places else f"{name}::VARCHAR"
    if not has_currency:
        return by_decimals[2]
    others = (
        f"WHEN currency IN ({', '.join(text_sql(code) for code, n in DECIMALS.items() if n == decimals)}) THEN {sql}"
        for decimals, sql in by_decimals.items()
        if decimals != 2
    )
    return f"CASE {' '.join(others)} ELSE {by_decimals[2]} END"


def _in_words(value: str, words: Mapping[str, str]) -> str:
    """The file's own word for a mapped value."""
    if not words:
        return value
    told = " ".join(f"WHEN {text_sql(meant)} THEN {text_sql(text)}" for text, meant in words.items())
    return f"CASE {value} {told} ELSE {value} END"
