"""Settings: the only reader of the environment. Every variable starts with `YUJING_`, but for Neo4j's own."""

import json
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph.clock import day_of, now_us

DEMO_MARK = "demo.json"  # in a home that holds an invented bank: which one, and its day


class Settings(BaseSettings):
    """Where state lives, which engines serve it, and the bank's own constants."""

    model_config = SettingsConfigDict(env_prefix="YUJING_", env_file=None, extra="ignore")

    home: Path = Path("var")
    data: Path = Path("../shared/data")  # real and benchmark data sets, never part of the project
    time_zone: str = "Asia/Shanghai"
    store: Literal["ladybug", "neo4j"] = "ladybug"
    journal_url: str = ""  # empty: SQLite under home
    mlflow_url: str = ""  # empty: SQLite under home
    threads: int = Field(default=2, ge=1)
    memory_limit: str = Field(
        default="4GB", pattern=r"^\d+(\.\d+)? ?([KMGT]i?B)$"
    )  # what one DuckDB connection may take before it spills to disk
    engine: Literal["duckdb", "spark"] = "duckdb"  # what computes whole books
    spark_master: str = "local[*]"  # as Spark names it; empty: as spark-submit or the cluster sets it
    spark_conf: str = ""  # further Spark settings, one JSON object
    spark_root: str = ""  # where the cluster's machines see the ledger's folder, if under another name
    ledger_file_mb: int = Field(default=256, ge=1)  # how large `ledger optimize` makes files, in MiB
    keep_files_hours: float = Field(default=168, ge=0)  # how long `ledger vacuum` leaves unused files
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    demo: bool = False  # the data are invented: pages say so, and are open on this machine without a key
    today: date | None = None  # the bank's day; the calendar's in its time zone unless set

    databases: SecretStr = SecretStr("")  # JSON: name to SQLAlchemy URL, for manifests that read tables
    kafka: SecretStr = SecretStr("")  # JSON: name to librdkafka's settings, for manifests that read topics

    neo4j_uri: str = Field(default="", validation_alias="NEO4J_URI")
    neo4j_control: str = ""  # a command that takes start, stop and status; empty: bin/neo4j of the home that is imported into
    neo4j_admin: str = ""  # empty: bin/neo4j-admin of that home
    neo4j_user: str = Field(default="neo4j", validation_alias="NEO4J_USER")
    neo4j_password: SecretStr = Field(default=SecretStr(""), validation_alias="NEO4J_PASSWORD")

    @field_validator("time_zone")
    @classmethod
    def _is_a_time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"'{name}' is no time zone; write for example Asia/Shanghai") from None
        return name

    @field_validator("spark_conf")
    @classmethod
    def _is_an_object(cls, text: str) -> str:
        _spark_conf(text)
        return text

    @model_validator(mode="after")
    def _invented_bank(self) -> "Settings":
        """A home with an invented bank says so to every command, and its day is the bank's day."""
        mark = self.home / DEMO_MARK
        if mark.is_file():
            self.demo = True
            self.today = self.today or date.fromisoformat(json.loads(mark.read_text("utf-8"))["today"])
        return self

    @property
    def day(self) -> date:
        """The bank's day: what every command means by "today"."""
        return self.today or day_of(now_us(), self.time_zone)

    @property
    def spark_settings(self) -> dict[str, str]:
        """`spark_conf`, read."""
        return _spark_conf(self.spark_conf)

    @property
    def ledger(self) -> Path:
        return self.home / "ledger"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"

    @property
    def graph(self) -> Path:
        return self.home / "graph"

    @property
    def scores(self) -> Path:
        return self.home / "scores"

    @property
    def note_scores(self) -> Path:
        return self.home / "note-scores"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def resolution(self) -> Path:
        return self.home / "resolution"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @cached_property
    def journal(self) -> str:
        return self.journal_url or f"sqlite:///{(self.home / 'journal.db').resolve()}"

    @cached_property
    def mlflow(self) -> str:
        return self.mlflow_url or f"sqlite:///{(self.home / 'mlflow.db').resolve()}"


def _spark_conf(text: str) -> dict[str, str]:
    try:
        told = json.loads(text or "{}")
    except ValueError:
        told = None
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        raise ValueError('write one JSON object of texts, for example {"spark.executor.memory": "8g"}')
    return told
