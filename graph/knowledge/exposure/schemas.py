"""What is read of each type, and the tables that come of it."""

import pyarrow as pa

_TEXT, _MONEY, _DAY, _FLAG = pa.string(), pa.int64(), pa.date32(), pa.bool_()
_TOLD = {"recorded_at": _MONEY, "batch_seq": _MONEY, "line": _MONEY}  # which of two rows about one thing came last

INPUTS: dict[str, pa.Schema] = {
    name: pa.schema([("id", _TEXT), *columns.items()])
    for name, columns in {
        "Firm": {"industry": _TEXT},
        "BORROWS": {"src": _TEXT, "dst": _TEXT},
        "LoanNote": dict.fromkeys(("product", "contract"), _TEXT)
        | dict.fromkeys(("principal_fen", "margin_fen"), _MONEY)
        | {"currency": _TEXT},
        "LoanNoteState": {"subject": _TEXT, "balance_fen": _MONEY, "written_off": _FLAG, "currency": _TEXT, "valid_from": _DAY}
        | _TOLD,
        "Contract": dict.fromkeys(("number", "credit_line"), _TEXT),
        "CreditLine": {"number": _TEXT, "limit_fen": _MONEY, "currency": _TEXT, "expires_on": _DAY, "status": _TEXT},
        "SECURED_BY": {"src": _TEXT, "dst": _TEXT},
        "Collateral": {"collateral_type": _TEXT, "value_fen": _MONEY, "currency": _TEXT, "seized": _FLAG},
        "GUARANTEES": {"src": _TEXT, "dst": _TEXT, "amount_fen": _MONEY, "currency": _TEXT},
        "Currency": {"code": _TEXT},
        "ExchangeRate": {"subject": _TEXT, "cny_per_unit": pa.float64(), "valid_from": _DAY} | _TOLD,
        "CapitalFigure": {"subject": _TEXT, "net_capital_fen": _MONEY, "tier1_net_fen": _MONEY, "currency": _TEXT}
        | {"valid_from": _DAY, "valid_to": _DAY}
        | _TOLD,
    }.items()
}
"""Columns of each type, `id` first."""

GROUPS = pa.schema([("kind", _TEXT), ("group", _TEXT), ("member", _TEXT)])
"""Who stands together. kind: one of KINDS; of `related` each group is one client."""

KINDS = ("group_client", "connected", "connected_with_pending", "related", "related_group", "related_all")
"""`connected_with_pending`: a set as it would be if what awaits an officer's word were confirmed; only where that changes it."""

ITEMS = pa.schema(
    [
        ("client", _TEXT),
        ("item", _TEXT),  # the note or the line
        ("row_type", _TEXT),
        ("row_id", _TEXT),  # the row that tells the amount
        ("component", _TEXT),  # drawn | off_balance | undrawn
        ("product", _TEXT),
        ("amount_fen", _MONEY),  # in `currency`, as told
        ("currency", _TEXT),
        ("gross_fen", _MONEY),  # CNY; null without a rate
        ("margin_fen", _MONEY),  # CNY
        ("factor", pa.float64()),
        ("exposure_fen", _MONEY),  # what it counts
        ("negative", _FLAG),  # told below nothing: counts nothing
    ]
)
_AMOUNTS = [
    (name, _MONEY)
    for name in (
        *("drawn_fen", "off_balance_fen", "undrawn_fen", "margin_fen", "collateral_fen"),
        *("exposure_fen", "related_fen", "lex_fen"),
    )
]
EXPOSURES = pa.schema(
    [("client", _TEXT), ("interbank", _FLAG), *_AMOUNTS, ("guaranteed_fen", _MONEY), ("negative", _MONEY), ("missing", _TEXT)]
)
"""A row a client; gross but for the last three amounts, which the documents count. `missing`: currencies without a rate."""

GROUP_EXPOSURES = pa.schema(
    [("kind", _TEXT), ("group", _TEXT), ("members", _MONEY), ("interbank", _FLAG), *_AMOUNTS, ("missing", _TEXT)]
)

LIMIT_USE = pa.schema(
    [
        ("subject", _TEXT),  # a client, or a group
        ("rule", _TEXT),
        ("pending", _FLAG),  # of a set with what awaits an officer's word
        ("amount_fen", _MONEY),
        ("capital_fen", _MONEY),  # null: no figure for that day
        ("capital_on", _DAY),
        ("limit_fen", _MONEY),
        ("headroom_fen", _MONEY),  # below nothing: over the limit by so much
        ("share", pa.float64()),  # of capital
        ("use", pa.float64()),  # of the limit
        ("large", _FLAG),
        ("level", _TEXT),  # within | near | over | not_determinable | no_capital_figure
        ("missing", _TEXT),
    ]
)
