"""Core banking: accounts and transfers as gzipped TSV, the monthly summary of accounts as Parquet."""

import numpy as np
import polars as pl

from yujing.bank.files import SourceTable, day_text, instant_text, night_text, yuan_text
from yujing.bank.firms import Firms
from yujing.bank.plan import BankPlan, Ints, Texts
from yujing.bank.planting import Fault, Planter
from yujing.bank.world import World

_BANK = "澄岭银行"


def export_core(world: World, planter: Planter) -> list[SourceTable]:
    """Accounts by owner, transfers, what came in and stayed on average each month."""
    return [
        planter.plant(SourceTable("core/accounts.tsv.gz", _accounts(world)), Fault("exact_copy", 0.003)),
        planter.plant(
            SourceTable("core/transfers.tsv.gz", _transfers(world)),
            Fault("text_in_number", 0.0004, ("amt",), "N/A"),
            Fault("self_loop", 0.0002, ("payer_acct", "payee_acct")),
            Fault("exact_copy", 0.0015),
            Fault("impossible_day", 0.0003, ("txn_time",), "0000-00-00 00:00:00"),
        ),
        SourceTable("core/account_month.parquet", _months(world)),
    ]


def _accounts(world: World) -> pl.DataFrame:
    firms, persons, accounts = world.society.firms, world.society.persons, world.accounts
    rng = world.plan.rng("account days")
    first, second = np.flatnonzero(firms.customer != ""), np.flatnonzero(accounts.second != "")
    people = np.flatnonzero(persons.customer != "")
    number: Texts = np.concatenate([accounts.firm[first], accounts.second[second], accounts.person[people]])
    owner: Texts = np.concatenate([firms.customer[first], firms.customer[second], persons.customer[people]])
    day = np.datetime64(world.plan.first_day) - rng.integers(30, 2500, len(number)).astype("timedelta64[D]")
    counts = [len(first), len(second), len(people)]
    return pl.DataFrame(
        {
            "acct_no": number,
            "cust_no": owner,
            "cust_kind": np.repeat(np.array(["CORP", "CORP", "IND"], dtype=object), counts),
            "acct_type": np.repeat(np.array(["BASIC", "GENERAL", "SAVINGS"], dtype=object), counts),
            "bank": np.full(len(number), _BANK, dtype=object),
            "open_date": day_text(day),
            "status": np.full(len(number), "NORMAL", dtype=object),
        }
    )


def _transfers(world: World) -> pl.DataFrame:
    transfers = world.transfers
    return pl.DataFrame(
        {
            "txn_id": pl.Series(np.arange(len(transfers.at)) + 500_000_000)
            .cast(pl.String)
            .map_elements(lambda k: f"T{k}", pl.String),
            "txn_time": instant_text(transfers.at),
            "payer_acct": transfers.payer,
            "payer_name": transfers.payer_name,
            "payee_acct": transfers.payee,
            "payee_name": transfers.payee_name,
            "amt": yuan_text(transfers.amount_fen),
            "ccy": np.full(len(transfers.at), "CNY", dtype=object),
            "purpose": transfers.purpose,
        }
    )


def _months(world: World) -> pl.DataFrame:
    """Money as whole fen. Recorded on the night of the month's last day."""
    firms, plan, indicators = world.society.firms, world.plan, world.reports.indicators
    firm, month = _grid(firms, plan)
    return pl.DataFrame(
        {
            "cust_no": firms.customer[firm],
            "month": pl.Series(plan.month_start(month)),
            "inflow_fen": indicators.inflow_fen[firm, month].astype(np.int64),
            "avg_balance_fen": indicators.balance_fen[firm, month].astype(np.int64),
            "loaded_at": night_text(plan.month_end(month)),
        }
    )


def _grid(firms: Firms, plan: BankPlan) -> tuple[Ints, Ints]:
    customers = np.flatnonzero(firms.customer != "")
    return np.repeat(customers, plan.months), np.tile(np.arange(plan.months), len(customers))
