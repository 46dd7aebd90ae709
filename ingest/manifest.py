"""The manifest: how one feed's files become records of the ontology. Declared, versioned, validated; never guessed."""

import hashlib
import json
import re
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from graph.errors import InputError


class DateForm(StrEnum):
    """A form in which a day or an instant is written, named by the day 18 July 2017 in it."""

    ISO = "2017-07-18"
    SLASH = "2017/7/18"
    DOT = "2017.7.18"
    COMPACT = "20170718"
    CHINESE = "2017年7月18日"
    ISO_MONTH = "2017-07"
    SLASH_MONTH = "2017/7"
    COMPACT_MONTH = "201707"
    CHINESE_MONTH = "2017年7月"
    ISO_TIME = "2017-07-18 09:30:00"
    ISO_T_TIME = "2017-07-18T09:30:00"
    SLASH_TIME = "2017/7/18 9:30:00"
    SLASH_MINUTE = "2017/7/18 9:30"
    COMPACT_TIME = "20170718093000"
    EXCEL = "excel"  # serial number of a day, 1900 system
    EPOCH_S = "epoch_s"
    EPOCH_MS = "epoch_ms"


class Unit(StrEnum):
    """What one of the number stands for."""

    ONE = "1"
    FEN = "fen"
    YUAN = "元"
    THOUSAND_YUAN = "千元"
    TEN_THOUSAND_YUAN = "万元"
    MILLION_YUAN = "百万元"
    HUNDRED_MILLION_YUAN = "亿元"
    PERCENT = "%"
    PER_MILLE = "‰"


class Severity(StrEnum):
    ERROR = "error"
    WARN = "warn"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | int) else value


def _as_text(value: Any) -> Any:
    """YAML reads 20170718 and 是 unlike; a manifest means the text that stands in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float | date) else value


Text = Annotated[str, BeforeValidator(_as_text)]
Columns = Annotated[tuple[Text, ...], BeforeValidator(_as_list), Field(min_length=1)]
Dates = Annotated[
    tuple[Annotated[DateForm, BeforeValidator(_as_text)], ...], BeforeValidator(lambda value: _as_list(_as_text(value)))
]


class Condition(_Strict):
    """A test of one cell: exactly one of `equals`, `not_equals`, `one_of`, `empty`, `negative`."""

    column: Text
    equals: Text | None = None
    not_equals: Text | None = None
    one_of: tuple[Text, ...] | None = None
    empty: bool | None = None
    negative: bool | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "Condition":
        given = [n for n in ("equals", "not_equals", "one_of", "empty", "negative") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of equals, not_equals, one_of, empty, negative (got {given})")
        return self


Conditions = Annotated[tuple[Condition, ...], BeforeValidator(lambda value: [value] if isinstance(value, dict) else value)]


class Case(_Strict):
    """`then`, where every condition of `when` holds."""

    when: Conditions
    then: Text


class Value(_Strict):
    """Where a value comes from and how it is written. A bare string is short for {column: …}."""

    column: Text = ""
    constant: Text | None = None
    cases: tuple[Case, ...] = ()
    unit: Unit | None = None
    dates: Dates = ()
    values: dict[Text, Text] = Field(default_factory=dict, description="source text to value; what is not listed is refused")
    round: bool = Field(default=False, description="an amount between two fen is rounded (half to even) rather than refused")
    inclusive: bool = Field(default=False, description="valid_to only: the day named is the last true day")
    check: bool = Field(default=True, description="false: a wrong check digit warns and does not refuse the row")

    @model_validator(mode="after")
    def _exactly_one(self) -> "Value":
        given = [bool(self.column), self.constant is not None, bool(self.cases)]
        if sum(given) != 1:
            raise ValueError("give exactly one of column, constant, cases")
        return self

    @property
    def columns(self) -> set[str]:
        """Every column that is looked at."""
        return {self.column} - {""} | {c.column for case in self.cases for c in case.when}


def _long_value(value: Any) -> Any:
    if isinstance(value, str | int):
        return {"column": value}
    return {"constant": value} if isinstance(value, date) else value


ValueOf = Annotated[Value, BeforeValidator(_long_value)]


class End(_Strict):
    """A record that a row names: its type, the system that hands out the key, and the key's columns."""

    type: str
    source: Text = Field(default="", description="empty: the manifest's default source")
    key: Columns
    personal: str = Field(default="", description="the key is personal, of this kind (id_number, name, phone): its token is used")


class _Yield(_Strict):
    when: Conditions = ()
    valid_from: ValueOf | None = None
    valid_to: ValueOf | None = None
    recorded_at: ValueOf | None = None
    retract: Conditions = Field(default=(), description="rows that say: this never was so")
    close: Conditions = Field(default=(), description="rows that say: this ended on valid_to")
    currency: ValueOf | None = None
    properties: dict[str, ValueOf] = Field(default_factory=dict)


class EntityYield(_Yield):
    """One entity record a row."""

    entity: str
    source: Text = Field(default="", description="empty: the manifest's default source")
    key: Columns
    personal: str = ""


class _Identified(_Yield):
    key: Columns | None = Field(default=None, description="unique columns: an equal row is a duplicate")
    identify_by: Columns | None = Field(
        default=None, description="columns that with an occurrence number identify a row: equal rows are kept"
    )

    @model_validator(mode="after")
    def _one_identity(self) -> "_Identified":
        if (self.key is None) == (self.identify_by is None):
            raise ValueError("give exactly one of key, identify_by")
        return self


class RelationYield(_Identified):
    """One relation a row."""

    relation: str
    src: End
    dst: End


class FactYield(_Identified):
    """One dated fact a row."""

    fact: str
    subject: End


def _yield_tag(value: Any) -> str | None:
    names = value if isinstance(value, dict) else value.__class__.model_fields
    return next((tag for tag in ("entity", "relation", "fact") if tag in names), None)


Yield = Annotated[
    Annotated[EntityYield, Tag("entity")] | Annotated[RelationYield, Tag("relation")] | Annotated[FactYield, Tag("fact")],
    Discriminator(_yield_tag, custom_error_type="yield", custom_error_message="a yield names one of entity, relation, fact"),
]


_SECRET = re.compile(r"://[^/@]*:[^@]+@|(?i:[?&;](password|passwd|pwd|sslpassword)=)|(?i:\bpwd(=|%3d))")
_TYPED = ("xlsx", "xlsm", "xls", "xlsb", "ods", "parquet")
_FILES_ONLY = frozenset(
    {"optional", "format", "encoding", "delimiter", "quote", "sheet", "sheets"}
    | {"header_row", "header_separator", "skip_footer", "until"}
)


class RowCount(_Strict):
    """How many rows the file must have; outside, the batch is refused."""

    min: int = 0
    max: int | None = None


class Expected(_Strict):
    """How often a delivery is due and by when, and what of it is to be minded. Hours are the bank's own; holidays are not known."""

    every: Literal["day", "workday", "week", "month", "quarter"]
    by: Annotated[Text, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description='the hour, as "09:00"')] = "09:00"
    grace_days: Annotated[int, Field(ge=0, le=92)] = 0
    min_share_of_last: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None,
        description="fewer rows than this share of the delivery before are too few; 0.8 for a full feed, unminded for a delta",
    )
    may_repeat: bool = Field(default=False, description="the same content again is nothing to mind")


class Watermark(_Strict):
    """A column that only grows as rows are added or changed: a delta read begins where the last committed one ended.

    `overlap`: read again so much before that, for rows that are committed late (ISO 8601: PT15M). Days and instants only.
    """

    column: Text
    overlap: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(0)


class SqlSource(_Strict):
    """A table or a query of a database: `database` is a name in YUJING_DATABASES; `url` may stand for one without a password."""

    database: Text = ""
    url: str = ""
    table: str = Field(default="", description="schema.table where the schema is not the user's own")
    query: str = Field(default="", description="one SELECT; needs order_by, and a name where there are two of a database")
    name: Text = Field(default="", description="what lineage calls it; else the table, or 'query'")
    order_by: Columns | None = Field(default=None, description="else the watermark and the primary key")

    @model_validator(mode="after")
    def _whole(self) -> "SqlSource":
        if bool(self.database) == bool(self.url):
            raise ValueError("give exactly one of database, url")
        if bool(self.table) == bool(self.query):
            raise ValueError("give exactly one of table, query")
        if _SECRET.search(self.url):
            raise ValueError(
                "a password does not belong in a manifest: put the URL into YUJING_DATABASES and name it by database: …"
            )
        return self


class KafkaSource(_Strict):
    """A topic: `cluster` is a name in YUJING_KAFKA; `servers` may stand for one that asks for no password."""

    cluster: Text = ""
    servers: str = Field(default="", description="host:port, several by commas")
    topic: Annotated[str, Field(min_length=1)]
    format: Literal["json"] = "json"
    on_gap: Severity = Field(default=Severity.ERROR, description="messages that were gone before they were read: refuse or warn")

    @model_validator(mode="after")
    def _one_cluster(self) -> "KafkaSource":
        if bool(self.cluster) == bool(self.servers):
            raise ValueError("give exactly one of cluster, servers")
        return self


class SourceFile(_Strict):
    """One file (or a folder or pattern of like files), table or topic, what it must look like, and what its rows say."""

    path: str = Field(default="", description="a file, a folder, or a pattern")
    sql: SqlSource | None = None
    kafka: KafkaSource | None = None
    optional: bool = Field(default=False, description="that no file is there warns and does not refuse")
    format: Literal["", "csv", "tsv", "xlsx", "xls", "xlsb", "ods", "parquet", "jsonl"] = Field(
        default="", description="empty: from the name"
    )
    encoding: Literal["utf-8", "utf-8-sig", "gb18030"] = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    quote: Literal['"', ""] = '"'
    sheet: str = ""
    sheets: Columns | None = Field(default=None, description="several like sheets, by name or pattern (2026*)")
    header_row: Annotated[int, Field(ge=1)] | Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = Field(
        default=1, description="of a workbook also several, [3, 4]: names are joined from top to bottom"
    )
    header_separator: str = Field(default="/", description="between the joined parts of a name")
    skip_footer: Annotated[int, Field(ge=0)] = Field(default=0, description="so many last rows are no rows (totals, signatures)")
    until: Conditions = Field(default=(), description="the first row for which this holds, and all below it, are no rows")
    explode: Text = Field(default="", description="JSON: the path of an array, each element of which is a row")
    ignore: tuple[Text, ...] = Field(default=(), description="columns that are there and not used; '#1' is a nameless first one")
    on_missing_column: Severity = Severity.ERROR
    on_new_column: Severity = Severity.ERROR
    rows: RowCount = RowCount()
    feed: Literal["full", "delta"] = "delta"
    watermark: Annotated[Watermark, BeforeValidator(lambda v: {"column": v} if isinstance(v, str) else v)] | None = None
    as_of: date | None = Field(
        default=None, description="full feeds: the day on which what is no longer told has ended; else today"
    )
    expected: Expected | None = Field(default=None, description="empty: as the manifest expects")
    yields: Annotated[tuple[Yield, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_origin(self) -> "SourceFile":
        given = [name for name in ("path", "sql", "kafka") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"give exactly one of path, sql, kafka (got {given})")
        alien = sorted(self.model_fields_set & _FILES_ONLY)
        if alien and not self.path:
            raise ValueError(f"{alien[0]} is for files, not for {given[0]}")
        if self.explode and self.sql:
            raise ValueError("explode is for JSON, not for sql")
        if self.explode and (self.until or self.skip_footer):
            raise ValueError("a table that ends before its file does (until, skip_footer) cannot be exploded")
        if self.explode and any(
            self.element not in (each.identify_by or (self.element,)) for each in self.yields if not isinstance(each, EntityYield)
        ):
            raise ValueError(
                f"identify_by must name '{self.element}', the element's place, or equal elements could not be told apart"
            )
        if self.watermark and not self.sql:
            raise ValueError("watermark is for sql")
        if self.feed == "full" and (self.watermark or self.kafka):
            raise ValueError(f"{'a watermark' if self.watermark else 'kafka'} reads what is new, so feed must be delta")
        if self.sheet and self.sheets:
            raise ValueError("give one of sheet, sheets")
        if list(self.header_rows) != sorted(set(self.header_rows)):
            raise ValueError(f"header_row goes from top to bottom (got {list(self.header_rows)})")
        return self

    @property
    def called(self) -> str:
        """What this entry is read from, in a word."""
        if self.sql:
            return f"sql:{self.sql.database or self.sql.url}/{self.sql.name or self.sql.table or 'query'}"
        return f"kafka:{self.kafka.topic}" if self.kafka else self.path

    @property
    def element(self) -> str:
        """The column that holds an exploded element's place in its array, from 1."""
        return f"{self.explode}.#"

    @property
    def typed(self) -> bool:
        """The source has days of its own, which come in ISO form, whatever form its texts are in."""
        return self.sql is not None or self.format in _TYPED or self.path.lower().endswith(tuple(f".{form}" for form in _TYPED))

    @property
    def header_rows(self) -> tuple[int, ...]:
        """The rows that the header stands on."""
        return (self.header_row,) if isinstance(self.header_row, int) else self.header_row

    @property
    def columns(self) -> set[str]:
        """Every column that some yield, or the end of the table, looks at."""
        return set().union(*(_columns_of(each) for each in self.yields), (c.column for c in self.until))


class Defaults(_Strict):
    """What holds where a value does not say otherwise."""

    source: Text = ""
    currency: str = "CNY"
    money_unit: Unit = Unit.YUAN
    share_unit: Unit = Unit.ONE
    dates: Dates = (DateForm.ISO,)


class Manifest(_Strict):
    """A feed: its files, and how their rows are read."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Yujing manifest")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="the feed's name; part of every relation's id")]
    version: Text = "1"
    title: str = ""
    ontology: str = Field(default="", description="a bank's additions, beside the manifest")
    backfill: Literal["", "assumed"] = Field(default="", description="assumed: recorded_at may come from the source")
    max_bad_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    on_unknown_end: Literal["stub", "refuse"] = "stub"
    defaults: Defaults = Defaults()
    expected: Expected | None = Field(default=None, description="how often the feed is due; a file may say otherwise")
    files: Annotated[tuple[SourceFile, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _clock(self) -> "Manifest":
        for file in self.files:
            for each in file.yields:
                if each.recorded_at is not None and not self.backfill:
                    raise ValueError("recorded_at may be filled only by a manifest that declares 'backfill: assumed'")
        return self


def _columns_of(one: Yield) -> set[str]:
    values = [one.valid_from, one.valid_to, one.recorded_at, one.currency, *one.properties.values()]
    named = set().union(*(value.columns for value in values if value is not None))
    named |= {c.column for c in (*one.when, *one.retract, *one.close)}
    match one:
        case EntityYield():
            return named | set(one.key)
        case RelationYield():
            return named | set(one.key or one.identify_by or ()) | set(one.src.key) | set(one.dst.key)
        case FactYield():
            return named | set(one.key or one.identify_by or ()) | set(one.subject.key)


def read_manifest(path: Path) -> tuple[Manifest, str]:
    """The manifest at `path` and the hash of its text. InputError names file, field and fix."""
    try:
        raw = path.read_bytes()
        plain = yaml.safe_load(raw.decode("utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such manifest.", "Give the path of a manifest.yaml.", "manifest") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(f"{path}: the manifest cannot be read: {problem}.", "Write it as UTF-8 YAML.", "manifest") from problem
    except yaml.YAMLError as problem:
        where = getattr(problem, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        said = getattr(problem, "problem", None) or "not YAML"
        raise InputError(f"{path}{line}: the manifest is not valid YAML: {said}.", "Mend that line.", "manifest") from problem
    if not isinstance(plain, dict):
        raise InputError(f"{path}: the manifest is empty or no mapping.", "Begin with 'name:' and 'files:'.", "manifest")
    try:
        return Manifest.model_validate(plain), hashlib.sha256(raw).hexdigest()[:16]
    except ValidationError as problem:
        first = problem.errors(include_context=False)[0]
    # Not raised from it: what it holds is out of the collector's sight, and would keep all that our callers hold to the very end.
    field = ".".join(str(part) for part in first["loc"]) or "manifest"
    given = first["input"]
    got = f" (got {given!r})" if isinstance(given, str | int | float) else ""
    raise InputError(f"{path}: {field}: {first['msg']}{got}.", "See ingest/manifest.schema.json.", field)


def manifest_schema() -> str:
    """The JSON Schema of a manifest, for editors; `ingest/manifest.schema.json` is this text."""
    return json.dumps(Manifest.model_json_schema(), ensure_ascii=False, indent=1) + "\n"
