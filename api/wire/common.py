"""Words that every wire shape uses: days, money, texts, firm references, evidence rows."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, WithJsonSchema

from graph.clock import iso_day

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MAX_FEN = 10**17  # a thousand trillion yuan: beyond any bank, and well inside int64


class Wire(BaseModel):
    """A shape of ours: immutable, and an unknown field is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _check_text(value: Any) -> Any:
    if isinstance(value, str) and _CONTROL.search(value):
        raise ValueError("holds control characters")
    return value


Day = Annotated[date, BeforeValidator(iso_day), WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-03-31"]})]
Money = Annotated[int, Strict(), Field(ge=0, le=_MAX_FEN, description="fen (1 yuan = 100), a whole number")]
PositiveMoney = Annotated[int, Strict(), Field(gt=0, le=_MAX_FEN, description="fen (1 yuan = 100), a whole number")]
Text = Annotated[str, BeforeValidator(_check_text), Field(min_length=1, max_length=200)]
FirmRefText = Annotated[
    str,
    BeforeValidator(_check_text),
    Field(
        pattern=r"^(Firm-[0-9a-f]{32}|[0-9A-HJ-NPQRTUWXY]{18})$",
        description="an entity id (Firm-…) or a Unified Social Credit Code",
    ),
]


class Row(Wire):
    """Where a number stands in what the bank handed in: the file, its sheet and line, and the batch that loaded it."""

    table: str
    id: str
    file: str
    sheet: str
    line: int | None
    batch: str

    @property
    def place(self) -> str:
        """`loans.xlsx [Sheet1]:17`, as an officer would look it up."""
        sheet = f" [{self.sheet}]" if self.sheet else ""
        return f"{self.file}{sheet}" + (f":{self.line}" if self.line else "")
