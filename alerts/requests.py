"""What a loan system asks before a loan and at drawdown: frozen inside, validated from JSON at the edge."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, ConfigDict, Field, Strict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from graph.clock import iso_day
from graph.errors import InputError

_STRICT = ConfigDict(extra="forbid", str_strip_whitespace=True)
_Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
_Whole = Annotated[int, Strict(), Field(ge=-(10**18), le=10**18)]  # "5", 5.0 and true are no amounts of fen
_Fen = Annotated[_Whole, Field(gt=0)]
_Day = Annotated[date, BeforeValidator(iso_day), Field(ge=date(1990, 1, 1), le=date(2200, 1, 1))]


@checked(frozen=True, config=_STRICT)
class Party:
    """A firm named by entity id, credit code or exact name: where several are given they must agree."""

    id: _Text = ""
    uscc: _Text = ""
    name: _Text = ""

    @property
    def label(self) -> str:
        return self.id or self.uscc or self.name


@checked(frozen=True, config=_STRICT)
class Declared:
    """What an applicant says of itself, used only where the bank's own data says nothing."""

    net_assets_fen: _Whole | None = None
    revenue_fen: Annotated[_Whole, Field(ge=0)] | None = None
    other_banks_balance_fen: Annotated[_Whole, Field(ge=0)] | None = None
    controllers: Annotated[tuple[Party, ...], Field(max_length=50)] = ()


@checked(frozen=True, config=_STRICT)
class PreLoanRequest:
    """An application. `collateral` are collateral numbers or entity ids; `on` is the day of the decision."""

    applicant: Party
    amount_fen: _Fen
    on: _Day
    currency: _Currency = "CNY"
    product: Annotated[
        str, Field(pattern="^(working_capital|fixed_asset|acceptance|letter_of_credit|guarantee|advance|other)$")
    ] = "working_capital"
    term_months: Annotated[int, Strict(), Field(gt=0, le=600)] = 12
    guarantors: Annotated[tuple[Party, ...], Field(max_length=50)] = ()
    collateral: Annotated[tuple[_Text, ...], Field(max_length=50)] = ()
    purpose: _Text = ""
    declared: Declared = Declared()


@checked(frozen=True, config=_STRICT)
class Payee:
    """Who is paid: an account number, a firm, or only a name on the payment order."""

    account: _Text = ""
    firm: Party = Party()


@checked(frozen=True, config=_STRICT)
class DrawdownRequest:
    """A drawdown or payment. Name the loan note or the contract; the borrower follows from it, or is named."""

    amount_fen: _Fen
    on: _Day
    payee: Payee
    contract: _Text = ""
    loan_note: _Text = ""
    borrower: Party = Party()
    currency: _Currency = "CNY"
    entrusted: Annotated[bool, Strict()] = False
    purpose: _Text = ""


@dataclass(frozen=True)
class Capacity:
    """How many score alerts officers can look at in a month: the score threshold follows from it, but is never below the floor."""

    alerts_a_month: int = 60
    least_probability: float = 0.02


_Request = TypeVar("_Request", PreLoanRequest, DrawdownRequest)


def read_request(kind: type[_Request], path: Path) -> _Request:
    """A request out of a JSON file. InputError names the file, the field and what is wrong with it."""
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except OSError as problem:
        raise InputError(f"{path}: the request cannot be read: {problem.strerror}.", "Give a JSON file.", "body") from None
    except ValidationError as problem:
        first = problem.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: {field or 'body'}: {first['msg']}.", "docs/rules.md shows a request.", field) from None
