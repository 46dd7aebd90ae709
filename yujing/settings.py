"""Settings: the only reader of the environment. Every variable starts with `YUJING_`, but for Neo4j's own."""

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where state lives, which engines serve it, and the bank's own constants."""

    model_config = SettingsConfigDict(env_prefix="YUJING_", env_file=None, extra="ignore")

    home: Path = Path("var")
    data: Path = Path("../shared/data")  # real and benchmark data sets, never part of the project
    time_zone: str = "Asia/Shanghai"
    store: Literal["ladybug", "neo4j"] = "ladybug"
    journal_url: str = ""  # empty: SQLite under home
    mlflow_url: str = ""  # empty: SQLite under home
    threads: int = 2
    memory_limit: str = "4GB"  # what one DuckDB connection may take before it spills to disk
    host: str = "127.0.0.1"
    port: int = 8000
    demo: bool = False  # the data are invented: pages say so, and are open on this machine without a key
    today: date | None = None  # the bank's day; the calendar's in its time zone unless set

    neo4j_uri: str = Field(default="", validation_alias="NEO4J_URI")
    neo4j_user: str = Field(default="neo4j", validation_alias="NEO4J_USER")
    neo4j_password: SecretStr = Field(default=SecretStr(""), validation_alias="NEO4J_PASSWORD")

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
    def models(self) -> Path:
        return self.home / "models"

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @cached_property
    def journal(self) -> str:
        return self.journal_url or f"sqlite:///{(self.home / 'journal.db').resolve()}"

    @cached_property
    def mlflow(self) -> str:
        return self.mlflow_url or f"sqlite:///{(self.home / 'mlflow.db').resolve()}"
