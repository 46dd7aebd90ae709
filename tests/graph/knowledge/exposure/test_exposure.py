"""What is out to a client and each limit on it, worked out by hand; the book and one firm say the same."""

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from graph.errors import InputError, NotComputedError, NotFoundError
from graph.knowledge.book import KnowledgeBook
from graph.knowledge.exposure.answer import LimitUse, after_loan, tightest
from graph.knowledge.exposure.extract import quarter_end, write_return
from graph.knowledge.exposure.one_firm import exposure_answer
from graph.knowledge.exposure.ranking import ranked
from graph.knowledge.exposure.rows import SnapshotRows
from graph.knowledge.exposure.rules import LimitSettings, declared_limits, limits_beside, parse_limits
from graph.knowledge.exposure.schemas import GROUPS, INPUTS
from graph.knowledge.exposure.work import Told, exposures_of
from tests.alerts.towns import AS_OF, DAY
from tests.graph.knowledge.exposure.drawn import YUAN, Bank


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """Net capital 100 million, net tier 1 80 million; 甲 is a client."""
    drawn = Bank(tmp_path)
    drawn.firm("甲").firm("乙").firm("丙")
    drawn.capital(100e6, 80e6)
    return drawn


def level(bank: Bank, firm: str, rule: str) -> str:
    (use,) = [use for use in bank.answer(firm).limits if use.rule.id == rule]
    return use.level


def test_each_component_counts_by_its_factor_and_net_of_its_margin(bank: Bank) -> None:
    """Drawn 3m; acceptance 2m less 0.6m margin; line 5m, 3m drawn under it, 2m undrawn at 40%: 3 + 1.4 + 0.8 = 5.2m."""
    bank.line("甲", "额度", 5e6).under("甲", "额度", "借据1", 3e6)
    bank.loan("甲", "银承", balance=2e6, product="acceptance", margin_fen=600_000 * YUAN)
    bank.commit()
    answer = bank.answer("甲")
    amounts = answer.amounts
    gross = (amounts.drawn_fen, amounts.off_balance_fen, amounts.undrawn_fen, amounts.margin_fen)
    assert gross == (300_000_000, 200_000_000, 200_000_000, 60_000_000)
    assert amounts.exposure_fen == 520_000_000
    assert {(item.component, item.exposure_fen) for item in answer.items} == {
        ("drawn", 300_000_000),
        ("off_balance", 140_000_000),
        ("undrawn", 80_000_000),
    }
    assert all(item.file == "world.csv" and item.line for item in answer.items)


def test_limits_are_of_the_capital_that_each_document_names(bank: Bank) -> None:
    """10 million of loans: exactly 10% of net capital, 12.5% of net tier 1; the warning begins at 80% of a limit."""
    bank.loan("甲", balance=10e6)
    bank.commit()
    found = {use.rule.id: use for use in bank.answer("甲").limits}
    assert set(found) == {"client-loans", "client-exposure"}
    assert (found["client-loans"].share, found["client-loans"].headroom_fen, found["client-loans"].level) == (0.1, 0, "near")
    assert (found["client-exposure"].share, found["client-exposure"].headroom_fen) == (0.125, 200_000_000)
    assert found["client-exposure"].large is True  # over 2.5% of 80 million


def test_one_fen_over_is_over(bank: Bank) -> None:
    bank.loan("甲", balance=10_000_000.01)
    bank.commit()
    assert level(bank, "甲", "client-loans") == "over"


def test_a_new_loan_moves_each_limit_and_the_tightest_binds(bank: Bank) -> None:
    bank.loan("甲", balance=4e6)
    bank.commit()
    before = bank.answer("甲").limits
    after = {use.rule.id: use for use in after_loan(before, 500_000_000, "working_capital", declared_limits())}
    assert (after["client-loans"].amount_fen, after["client-loans"].level) == (900_000_000, "near")
    assert (after["client-exposure"].share, after["client-exposure"].level) == (0.1125, "within")
    binding = tightest(tuple(after.values()))
    assert binding is not None and binding.rule.id == "client-loans"
    off = {use.rule.id: use.amount_fen for use in after_loan(before, 500_000_000, "guarantee", declared_limits())}
    assert off == {"client-loans": 400_000_000, "client-exposure": 900_000_000}
    line = {use.rule.id: use.amount_fen for use in after_loan(before, 500_000_000, "credit_line", declared_limits())}
    assert line == {"client-loans": 400_000_000, "client-exposure": 600_000_000}
    with pytest.raises(InputError, match="product"):
        after_loan(before, 1, "bond", declared_limits())
    with pytest.raises(InputError, match="0 or more"):
        after_loan(before, -1, "other", declared_limits())


def test_a_loan_of_nothing_changes_nothing(bank: Bank) -> None:
    bank.loan("甲", balance=4.1e6)
    bank.commit()
    before = bank.answer("甲").limits
    assert after_loan(before, 0, "working_capital", declared_limits()) == before


def test_connected_clients_are_limited_together(bank: Bank) -> None:
    """9m and 8m: each within its own limit, together 17m over 20% of 80m."""
    bank.loan("甲", balance=9e6).loan("乙", balance=8e6)
    bank.relation("HOLDS_SHARES", "甲", "乙", equity_share=0.6)
    bank.commit()
    bank.book()
    answer = bank.answer("乙")
    (use,) = [use for use in answer.limits if use.rule.id == "connected-exposure"]
    assert (use.amount_fen, use.limit_fen, use.level) == (1_700_000_000, 1_600_000_000, "over")
    assert bank.used(use.subject, "connected-exposure")["headroom_fen"] == -100_000_000
    assert answer.binding == use


def test_a_note_of_two_borrowers_counts_for_each_and_once_for_their_group(bank: Bank) -> None:
    bank.loan("甲", "共借", balance=4e6)
    bank.relation("BORROWS", "乙", "共借")
    bank.relation("HOLDS_SHARES", "甲", "乙", equity_share=0.6)
    bank.commit()
    bank.book()
    answer = bank.answer("乙")
    assert answer.amounts.exposure_fen == 400_000_000
    assert {group.amounts.exposure_fen for group in answer.groups if group.kind == "connected"} == {400_000_000}


def test_without_the_book_connected_clients_are_said_to_be_unknown(bank: Bank) -> None:
    bank.loan("甲", balance=1e6)
    bank.commit()
    assert bank.answer("甲").grouped == "not_computed"


def test_members_may_be_handed_in(bank: Bank) -> None:
    bank.loan("甲", balance=9e6).loan("乙", balance=8e6)
    bank.commit()
    together = pa.Table.from_pylist([{"kind": "connected", "group": "G", "member": bank.id(key)} for key in "甲乙"], GROUPS)
    (use,) = [use for use in bank.answer("甲", groups=together).limits if use.subject == "G"]
    assert use.level == "over"


def test_what_awaits_an_officers_word_is_limited_apart(bank: Bank) -> None:
    bank.loan("甲", balance=6e6).loan("乙", balance=6e6).loan("丙", balance=6e6)
    bank.commit()
    rows = [("connected", key) for key in "甲乙"] + [("connected_with_pending", key) for key in "甲乙丙"]
    together = pa.Table.from_pylist([{"kind": kind, "group": "G", "member": bank.id(key)} for kind, key in rows], GROUPS)
    found = {use.pending: use.level for use in bank.answer("甲", groups=together).limits if use.subject == "G"}
    assert found == {False: "within", True: "over"}


def test_without_capital_nothing_is_guessed(tmp_path: Path) -> None:
    bank = Bank(tmp_path)
    bank.firm("甲")
    bank.loan("甲", balance=1e9)
    bank.commit()
    answer = bank.answer("甲")
    assert answer.capital.reason == "no_capital_figure"
    assert {(use.level, use.limit_fen, use.share) for use in answer.limits} == {("no_capital_figure", None, None)}
    assert answer.binding is None


def test_capital_of_two_firms_is_no_capital_of_the_bank(bank: Bank) -> None:
    bank.fact("CapitalFigure", "甲", net_capital_fen=1, tier1_net_fen=1)
    bank.loan("乙", balance=1e6)
    bank.commit()
    answer = bank.answer("乙")
    assert (answer.capital.reason, answer.limits[0].level) == ("several_capital_figures", "no_capital_figure")


@pytest.mark.parametrize("tier1", [0.0, -5e6])
def test_with_a_tier_1_of_nothing_whoever_owes_is_over(tmp_path: Path, tier1: float) -> None:
    bank = Bank(tmp_path)
    bank.firm("甲").firm("乙")
    bank.capital(100e6, tier1)
    bank.loan("甲", balance=1e6)
    bank.commit()
    bank.book()
    row = bank.used(bank.id("甲"), "client-exposure")
    assert (row["level"], row["share"], row["use"], row["headroom_fen"]) == ("over", None, None, -100_000_000)
    assert level(bank, "乙", "client-exposure") == "within"
    first = ranked_of(bank)[0]
    assert (first.rule.id, first.use) == ("client-exposure", None)


def ranked_of(bank: Bank) -> tuple[LimitUse, ...]:
    return ranked(KnowledgeBook.beside(bank.ledger), AS_OF, declared_limits()).uses


def test_capital_counts_from_the_day_it_is_known(tmp_path: Path) -> None:
    """The figure of 31 March is reported on 20 April: on 10 April the one of 31 December is known, and said to be late."""
    bank = Bank(tmp_path)
    bank.firm("本行").firm("甲")
    for on, known, net in (("2024-12-31", "2025-01-20", 50e6), ("2025-03-31", "2025-04-20", 60e6)):
        amounts = {"net_capital_fen": int(net * YUAN), "tier1_net_fen": int(net * YUAN)}
        bank.fact("CapitalFigure", "本行", valid_from=on, known=known, **amounts)
    bank.loan("甲", balance=1e6, since="2025-01-01", drawn_on="2025-01-01")
    bank.commit()
    before, after = bank.answer("甲", "2025-04-10").capital, bank.answer("甲", "2025-04-21").capital
    assert (before.figures["net_capital"].fen, before.late) == (5_000_000_000, True)
    assert (after.figures["net_capital"].fen, after.late) == (6_000_000_000, False)
    assert after.figures["net_capital_last_quarter"].on == date(2025, 3, 31)


def test_related_parties_are_measured_by_last_quarters_net_capital(tmp_path: Path) -> None:
    """A figure of May does not count before July. P holds 10% of the bank and all of 甲: both are related, and a group."""
    bank = Bank(tmp_path)
    bank.firm("本行").firm("甲").person("P")
    for on, net in (("2025-03-31", 50e6), ("2025-05-31", 500e6)):
        amounts = {"net_capital_fen": int(net * YUAN), "tier1_net_fen": int(net * YUAN)}
        bank.fact("CapitalFigure", "本行", valid_from=on, known=on, **amounts)
    bank.relation("HOLDS_SHARES", "P", "本行", equity_share=0.1)
    bank.relation("HOLDS_SHARES", "P", "甲", equity_share=1.0)
    bank.loan("甲", balance=6e6)
    bank.entity("Collateral", "存单1", number="存单1", collateral_type="存单", value_fen=50_000_000)
    bank.relation("SECURED_BY", "借据甲", "存单1")
    bank.commit()
    bank.book()
    found = {use.rule.id: use for use in bank.answer("甲").limits}
    assert (found["related-one"].amount_fen, found["related-one"].share) == (550_000_000, 0.11)  # 6m less a deposit of 0.5m
    assert (found["related-one"].level, found["related-group"].level, found["related-all"].level) == ("over", "within", "within")
    assert (found["client-loans"].share, found["client-loans"].level) == (0.012, "within")


def test_who_stands_in_the_banks_register_is_related_though_no_tie_is_told(tmp_path: Path) -> None:
    bank = Bank(tmp_path)
    bank.firm("本行").firm("甲").firm("乙")
    bank.fact(
        "CapitalFigure", "本行", valid_from="2025-03-31", known="2025-03-31", net_capital_fen=50 * 100_000_000, tier1_net_fen=1
    )
    bank.fact("RelatedParty", "甲", valid_from="2025-01-01", category="by_substance")
    bank.loan("甲", balance=6e6).loan("乙", balance=6e6)
    bank.commit()
    bank.book()
    assert {use.rule.id for use in bank.answer("甲").limits} - {use.rule.id for use in bank.answer("乙").limits} >= {"related-one"}


def test_a_foreign_note_counts_at_the_dated_rate(bank: Bank) -> None:
    bank.foreign("甲", "美元", 1e6, "USD").rate("USD", 7.1, "2025-06-27").rate("USD", 9.9, "2025-06-28", known="2025-07-05")
    bank.foreign("乙", "日元", 1e6, "JPY").rate("JPY", 0.05, "2025-06-27")
    bank.commit()
    assert bank.answer("甲").amounts.exposure_fen == 710_000_000  # the later rate was not known yet
    assert bank.answer("乙").amounts.exposure_fen == 500_000_000  # the yen has no minor unit: the town's "fen" are yen


@pytest.mark.parametrize("rated", [None, "2025-06-19"], ids=["no rate", "a rate too old"])
def test_a_missing_rate_is_said_and_never_guessed(bank: Bank, rated: str | None) -> None:
    bank.foreign("甲", "美元", 1e6, "USD").loan("甲", balance=1e6).loan("乙", balance=1e6)
    if rated:
        bank.rate("USD", 7.1, rated)
    bank.commit()
    answer = bank.answer("甲")
    assert (answer.missing, answer.amounts.exposure_fen) == (("USD",), 100_000_000)
    assert [(item.gross_fen, item.exposure_fen) for item in answer.items if item.currency == "USD"] == [(None, None)]
    assert {use.level for use in answer.limits} == {"not_determinable"}
    assert bank.answer("乙").missing == ()


def test_what_is_over_without_the_missing_amount_is_over(bank: Bank) -> None:
    bank.foreign("甲", "美元", 1e6, "USD").loan("甲", balance=11e6)
    bank.commit()
    assert level(bank, "甲", "client-loans") == "over"


def test_a_negative_balance_counts_nothing_and_is_marked(bank: Bank) -> None:
    bank.loan("甲", "负", balance=-5e6).loan("甲", "正", balance=2e6)
    bank.commit()
    answer = bank.answer("甲")
    assert answer.amounts.exposure_fen == 200_000_000
    assert [item.negative for item in answer.items if item.amount_fen < 0] == [True]


def test_closed_and_frozen_lines_cannot_be_drawn(bank: Bank) -> None:
    bank.line("甲", "冻结", 5e6, status="frozen").line("甲", "到期", 5e6, expires_on=DAY).line("甲", "有效", 1e6)
    bank.commit()
    assert bank.answer("甲").amounts.undrawn_fen == 100_000_000


def test_a_line_that_is_overdrawn_leaves_nothing_undrawn(bank: Bank) -> None:
    bank.line("甲", "额度", 1e6).under("甲", "额度", "借据1", 3e6)
    bank.commit()
    assert bank.answer("甲").amounts.undrawn_fen == 0


def test_what_another_draws_under_a_shared_line_is_drawn(bank: Bank) -> None:
    bank.line("甲", "额度", 5e6).under("乙", "额度", "借据1", 3e6)
    bank.commit()
    bank.book()
    assert bank.answer("甲").amounts.undrawn_fen == bank.row("exposures", "甲")["undrawn_fen"] == 200_000_000


def test_collateral_that_secures_two_clients_is_taken_off_once(bank: Bank) -> None:
    own(bank, {"exposure": {"collateral": ("存单",), "haircut": Decimal("0.1")}})
    bank.loan("甲", balance=3e6).loan("乙", balance=3e6)
    bank.entity("Collateral", "存单1", number="存单1", collateral_type="存单", value_fen=200_000_000)
    bank.entity("Collateral", "厂房", number="厂房", collateral_type="工业厂房", value_fen=900_000_000)
    bank.relation("SECURED_BY", "借据甲", "存单1").relation("SECURED_BY", "借据乙", "存单1").relation(
        "SECURED_BY", "借据甲", "厂房"
    )
    bank.commit()
    bank.book()
    assert bank.answer("甲").amounts.collateral_fen == 90_000_000
    assert bank.row("exposures", "甲")["exposure_fen"] == bank.answer("甲").amounts.exposure_fen == 210_000_000


def test_basel_moves_what_is_guaranteed_to_the_guarantor(bank: Bank) -> None:
    own(bank, {"lex": {"guarantees": True}})
    bank.loan("甲", balance=3e6).guarantee("乙", "甲", 2e6).guarantee("丙", "甲", 4e6)
    bank.commit()
    bank.book()
    by_book = [bank.row("exposures", key)["lex_fen"] for key in "甲乙丙"]
    assert by_book == [bank.answer(key).amounts.lex_fen for key in "甲乙丙"] == [0, 100_000_000, 200_000_000]
    assert bank.answer("乙").guaranteed_fen == 200_000_000


def own(bank: Bank, mitigation: dict[str, dict[str, Any]]) -> LimitSettings:
    """The bank keeps limits of its own."""
    told = declared_limits()
    changed = {name: taken.model_copy(update=mitigation.get(name, {})) for name, taken in told.mitigation.items()}
    settings = told.model_copy(update={"mitigation": changed})
    text = yaml.safe_dump(settings.model_dump(mode="json"), allow_unicode=True)
    (bank.ledger.root.parent / "limits.yaml").write_text(text, "utf-8")
    return limits_beside(bank.ledger)


def test_interbank_clients_have_a_limit_of_their_own(tmp_path: Path) -> None:
    bank = Bank(tmp_path)
    bank.firm("同业", industry="J6620")
    bank.capital(100e6, 80e6)
    bank.loan("同业", balance=19e6)
    bank.commit()
    assert [(use.rule.id, use.level) for use in bank.answer("同业").limits] == [("interbank-exposure", "near")]


def test_a_firm_nobody_knows_is_not_found(bank: Bank) -> None:
    bank.commit()
    with pytest.raises(NotFoundError):
        exposure_answer(SnapshotRows(bank.snapshot(DAY)), "Firm-" + "0" * 32, declared_limits(), None)


def test_before_the_first_data_nothing_is_known(bank: Bank) -> None:
    bank.loan("甲", balance=1e6)
    bank.commit()
    with pytest.raises(NotFoundError):
        bank.answer("甲", "2024-01-01")


def test_the_rules_and_the_officer_see_one_figure(bank: Bank) -> None:
    """Without undrawn lines; an undrawn line counts here and not in the alert rules yet (docs/knowledge-limits.md)."""
    bank.loan("甲", balance=7e6).loan("甲", "银承", balance=2e6, product="acceptance", margin_fen=600_000 * YUAN)
    bank.loan("乙", balance=3e6).relation("HOLDS_SHARES", "甲", "乙", equity_share=0.6)
    bank.commit()
    bank.book()
    facts = bank.facts("甲")
    found = {use.rule.id: use for use in bank.answer("甲").limits}
    assert facts["loans_over_net_capital"] == pytest.approx(found["client-loans"].share)
    assert facts["exposure_over_tier1"] == pytest.approx(found["client-exposure"].share)
    assert facts["group_exposure_over_tier1"] == pytest.approx(found["connected-exposure"].share)


def test_the_whole_book_and_one_firm_say_the_same(bank: Bank) -> None:
    bank.line("甲", "额度", 9e6).under("甲", "额度", "借据1", 3e6).under("乙", "额度", "借据2", 2e6)
    bank.foreign("乙", "美元", 1e5, "USD").rate("USD", 7.123456, "2025-06-29").foreign("丙", "欧元", 1e5, "EUR")
    bank.loan("丙", balance=11e6, written_off=True).loan("丙", "保函", balance=1e6, product="guarantee")
    bank.relation("HOLDS_SHARES", "甲", "乙", equity_share=0.6).guarantee("丙", "甲", 2e6)
    bank.commit()
    bank.book()
    for key in "甲乙丙":
        row, answer = bank.row("exposures", key), bank.answer(key)
        assert asdict(answer.amounts) == {name: row[name] for name in asdict(answer.amounts)}
        for use in answer.limits:
            if use.amount_fen:
                told = bank.used(use.subject, use.rule.id)
                assert (told["amount_fen"], told["level"], told["use"]) == (use.amount_fen, use.level, use.use)


_NOTES = st.lists(st.tuples(st.integers(0, 3), st.integers(-4, 10**9), st.integers(0, 10**6)), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_NOTES, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_how_a_note_is_split_matters(notes: list[tuple[int, int, int]], chance: Random) -> None:
    whole = exposures_of(told([(client, 2 * fen, 2 * margin) for client, fen, margin in notes]), declared_limits())
    halves = [note for note in notes for _ in range(2)]
    chance.shuffle(halves)
    split = exposures_of(told(halves), declared_limits())
    same = [name for name in whole.clients.column_names if name != "negative"]
    assert whole.clients.select(same) == split.clients.select(same)
    assert whole.limit_use == split.limit_use


def told(notes: list[tuple[int, int, int]]) -> Told:
    """Notes of a few clients, every second in dollars, some under the line of the first client; net tier 1 of 10 million."""
    rows: dict[str, list[dict[str, object]]] = {name: [] for name in INPUTS}
    for number, (client, fen, margin) in enumerate(notes):
        currency = "USD" if client % 2 else "CNY"
        one = {"product": "acceptance" if margin else "other", "contract": "K", "principal_fen": fen, "margin_fen": margin}
        rows["LoanNote"].append({"id": f"LoanNote-{number}", "currency": currency, **one})
        rows["BORROWS"].append({"id": f"b{number}", "src": f"Firm-{client}", "dst": f"LoanNote-{number}"})
    rows["BORROWS"].append({"id": "bl", "src": "Firm-0", "dst": "CreditLine-1"})
    rows["CreditLine"].append({"id": "CreditLine-1", "number": "L", "limit_fen": 10**9, "currency": "CNY"})
    rows["Contract"].append({"id": "Contract-1", "number": "K", "credit_line": "L"})
    rows["Currency"].append({"id": "Currency-1", "code": "USD"})
    rows["ExchangeRate"].append({"id": "r", "subject": "Currency-1", "cny_per_unit": 7.123457, "valid_from": AS_OF})
    state = {"valid_from": date(2025, 1, 1), "valid_to": date(9999, 12, 31), "recorded_at": 0, "batch_seq": 1, "line": 1}
    rows["CapitalFigure"].append({"id": "c", "subject": "Firm-9", "net_capital_fen": 10**9, "tier1_net_fen": 10**9, **state})
    tables = {name: pa.Table.from_pylist(found, INPUTS[name]) for name, found in rows.items()}
    members = [{"kind": "connected", "group": "G", "member": f"Firm-{client}"} for client in (0, 1)]
    return Told(tables, pa.Table.from_pylist(members, GROUPS), AS_OF)


def test_changed_limits_are_computed_anew(bank: Bank) -> None:
    bank.loan("甲", balance=9e6)
    bank.commit()
    bank.book()
    own(bank, {"exposure": {"margin": False}})
    runs = bank.book().runs()
    assert [run.reused for run in runs if run.kind == "exposure"] == [False, False]


def test_the_quarterly_extract_has_every_figure_of_the_book_and_no_formula(tmp_path: Path) -> None:
    bank = Bank(tmp_path)
    bank.firm("甲", name="=HYPERLINK(1)").firm("乙")
    bank.capital(100e6, 80e6)
    bank.loan("甲", balance=12e6).loan("乙", balance=1e6)
    bank.commit()
    path = tmp_path / "return.xlsx"
    rows = write_return(bank.book(), bank.snapshot(DAY), declared_limits(), path)
    assert rows["非同业单一客户 single"] == 1  # 乙 owes 1.25% of net tier 1: not large
    sheet = load_workbook(path)["非同业单一客户 single"]
    heading, row = sheet.iter_rows(values_only=True)
    assert row[1] == "'=HYPERLINK(1)" and row[9] == 12_000_000 and row[10] == 0.15
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)
    assert all(any("\u4e00" <= c <= "\u9fff" for c in text) for text in heading)


def test_the_extract_calls_groups_by_name_and_capital_by_which_it_is(tmp_path: Path) -> None:
    bank = Bank(tmp_path)
    bank.firm("甲").firm("乙").relation("HOLDS_SHARES", "甲", "乙", equity_share=0.9)
    bank.capital(100e6, 80e6)
    bank.loan("甲", balance=12e6).loan("乙", balance=9e6)
    bank.commit()
    path = tmp_path / "return.xlsx"
    assert write_return(bank.book(), bank.snapshot(DAY), declared_limits(), path)["非同业关联客户 connected"] == 1
    workbook = load_workbook(path)
    _, row = workbook["非同业关联客户 connected"].iter_rows(values_only=True)
    assert (row[1], row[3]) == ("甲", 2)
    notes = [row[0] for row in workbook["说明 notes"].iter_rows(values_only=True)]
    assert {"资本净额(元) net capital, CNY", "一级资本净额(元) net tier 1 capital, CNY"} <= set(notes)


def test_a_day_that_was_not_computed_has_no_extract(bank: Bank, tmp_path: Path) -> None:
    bank.commit()
    with pytest.raises(NotComputedError):
        write_return(KnowledgeBook.beside(bank.ledger), bank.snapshot(DAY), declared_limits(), tmp_path / "x.xlsx")


def test_quarters_end_on_their_last_day() -> None:
    assert [quarter_end(f"2026Q{n}") for n in (1, 2, 4)] == [date(2026, 3, 31), date(2026, 6, 30), date(2026, 12, 31)]
    with pytest.raises(InputError, match="quarter"):
        quarter_end("2026-03")


@pytest.mark.parametrize(
    ("find", "put", "field"),
    [
        ('limit: "0.15"', 'limit: "1.5"', "limit"),
        ("source: basel-lex", "source: nowhere", "nowhere"),
        ("of: client", "of: nobody", "of"),
        ("rate_days: 10", "rate_days: 0", "rate_days"),
        ("rules:", "rule:", "rule"),
        ("documents:", "documents: [", "YAML"),
    ],
)
def test_limits_that_cannot_be_so_are_refused_by_field(find: str, put: str, field: str) -> None:
    text = Path("graph/knowledge/exposure/rules.yaml").read_text("utf-8").replace(find, put)
    with pytest.raises(InputError, match=field):
        parse_limits(text, "limits.yaml")


def test_limits_are_those_of_the_documents() -> None:
    """The figures of shared reading: 10, 15, 20, 25; 10, 15, 50; Basel 25."""
    rules = {rule.id: (rule.limit, rule.capital) for rule in declared_limits().rules}
    assert rules["client-loans"] == (Decimal("0.10"), "net_capital")
    assert rules["client-exposure"] == (Decimal("0.15"), "tier1")
    assert rules["connected-exposure"] == (Decimal("0.20"), "tier1")
    assert rules["interbank-exposure"] == rules["lex-client"] == (Decimal("0.25"), "tier1")
    related = [rules[name] for name in ("related-one", "related-group", "related-all")]
    assert related == [(Decimal(share), "net_capital_last_quarter") for share in ("0.10", "0.15", "0.50")]
    assert not any(rule.applies for rule in declared_limits().rules if rule.source == "basel-lex")
