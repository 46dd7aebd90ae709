"""Core banking: accounts and transfers as gzipped TSV, with English column names."""

import numpy as np
import polars as pl

from yujing.bank.files import SourceTable, day_text, instant_text, yuan_text
from yujing.bank.plan import Texts
from yujing.bank.planting import Fault, Planter
from yujing.bank.systems.customers import customer_since
from yujing.bank.world import World

_BANK = "澄岭银行"


def export_core(world: World, planter: Planter) -> list[SourceTable]:
    """Accounts by owner, and transfers."""
    return [
        planter.plant(SourceTable("core/accounts.tsv.gz", _accounts(world)), Fault("exact_copy", 0.003)),
        planter.plant(
            SourceTable("core/transfers.tsv.gz", _transfers(world)),
            Fault("text_in_number", 0.0004, ("amt",), "N/A"),
            Fault("self_loop", 0.0002, ("payer_acct", "payee_acct")),
            Fault("exact_copy", 0.0015),
            Fault("impossible_day", 0.0003, ("txn_time",), "0000-00-00 00:00:00"),
        ),
    ]


def _accounts(world: World) -> pl.DataFrame:
    firms, persons, accounts = world.society.firms, world.society.persons, world.accounts
    rng = world.plan.rng("account days")
    first, second = np.flatnonzero(firms.customer != ""), np.flatnonzero(accounts.second != "")
    people = np.flatnonzero(persons.customer != "")
    number: Texts = np.concatenate([accounts.firm[first], accounts.second[second], accounts.person[people]])
    owner: Texts = np.concatenate([firms.customer[first], firms.customer[second], persons.customer[people]])
    counts = [len(first), len(second), len(people)]
    since = customer_since(world)
    adults = np.datetime64(world.plan.first_day) - rng.integers(30, 1200, len(people)).astype("timedelta64[D]")
    day = np.concatenate([since[first], since[second], adults]) + rng.integers(3, 28, len(number)).astype("timedelta64[D]")
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
            "txn_id": pl.Series(np.arange(len(transfers.at)) + 500_000_000 + world.plan.first("transfers"))
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
