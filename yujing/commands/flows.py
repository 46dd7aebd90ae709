"""`yujing flows FIRM|NOTE`: where the money of a drawdown or payment went, or where it came from, as a tree."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from yujing.settings import Settings

if TYPE_CHECKING:
    from graph.knowledge.flows.answer import FlowAnswer, Payment
    from graph.knowledge.flows.around_firm import ShapesAnswer
    from graph.ledger import Ledger
    from graph.store import GraphReader, Moment

    Names = Mapping[str, str]
    Places = Mapping[str, str]

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]
AsJson = Annotated[bool, typer.Option("--json", help="print what the API answers, as one JSON object")]
_SHOWN = 12  # payments of one shape; --json has them all


def register(app: typer.Typer) -> None:
    """Adds `flows`."""
    app.command("flows", help="Where the money of a drawdown or payment went, or came from. 资金流向")(flows)


def flows(  # noqa: PLR0917 (Typer reads its options from the signature)
    firm: Annotated[str, typer.Argument(metavar="FIRM|NOTE", help="firm (id, credit code, name), or number of a loan note")],
    source: Annotated[str, typer.Option("--from", help="loan note, id of a payment, or day (default: the last drawdown)")] = "",
    amount: Annotated[float | None, typer.Option(min=0.01, help="how much of the payment, in yuan (default: all)")] = None,
    days: Annotated[int, typer.Option(min=0, max=3660, help="how long it is followed")] = 90,
    hops: Annotated[int, typer.Option(min=0, max=20, help="over how many payments")] = 6,
    before_days: Annotated[int, typer.Option(min=0, max=3660, help="how much earlier accounts are read (forward)")] = 30,
    smallest: Annotated[float, typer.Option(min=0.01, help="in yuan: less is not followed")] = 100.0,
    method: Annotated[Literal["fifo", "pro_rata"], typer.Option(help="first in first out, or in proportion")] = "fifo",
    direction: Annotated[Literal["forward", "backward"], typer.Option(help="where it went, or where it came from")] = "forward",
    opening: Annotated[Literal["none", "least"], typer.Option(help="what is assumed of money untold")] = "none",
    shapes: Annotated[bool, typer.Option("--shapes", help="cycles, gathering and scattering around the firm instead")] = False,
    as_of: Day = None,
    as_json: AsJson = False,
) -> None:
    """Traced over the graph store, as known by the end of the day; conserved to the fen."""
    from api.flows import read_flows, read_shapes
    from api.naming import walked_names
    from api.rows import RowReader
    from api.wire.flows import FlowsQuery, FlowsShown, ShapesQuery, ShapesShown
    from graph.knowledge.flows.around_firm import shapes_of
    from graph.knowledge.flows.one_start import FlowQuery
    from graph.knowledge.flows.patterns import PatternBounds
    from graph.knowledge.flows.query import FlowBounds
    from graph.knowledge.flows.starts import trace_firm
    from graph.snapshot import Snapshot
    from graph.store import Moment
    from yujing.wire_json import print_wire
    from yujing.wiring import open_sources

    settings = Settings()
    opened = open_sources(settings)
    reader, ledger = opened.store, opened.ledger
    when = Moment.of(as_of.date() if as_of else settings.day)
    entity, source = _who(reader, ledger, firm, source, when)
    fen = None if amount is None else round(amount * 100)
    if as_json:
        rows = RowReader(Snapshot(ledger, when.valid))
        asked: dict[str, Any] = {"from": source or None, "amount": fen, "days": days, "before_days": before_days, "hops": hops}
        asked |= {"smallest": round(smallest * 100), "method": method, "direction": direction, "opening": opening}
        shown: FlowsShown | ShapesShown
        if shapes:
            shown = read_shapes(opened, rows, entity, ShapesQuery(since_days=days))
        else:
            shown = read_flows(opened, rows, entity, FlowsQuery.model_validate(asked))
        reader.close()
        print_wire(shown)
        return
    if shapes:
        found = shapes_of(reader, entity, when, PatternBounds(), days, ledger.time_zone)
        mentioned, told = found.mentioned(), [each for shape in found.shapes for each in shape.payments]
    else:
        bounds = FlowBounds(days, before_days, hops, round(smallest * 100), opening=opening)
        answers = trace_firm(reader, entity, source, FlowQuery(when, direction, method, bounds, fen, ledger.time_zone))
        mentioned = tuple(dict.fromkeys(each for answer in answers for each in answer.mentioned()))
        told = [each for answer in answers for each in answer.payments]
    names, through = walked_names(reader, opened.vault, mentioned, when), reader.through_seq
    reader.close()
    places = _places(ledger, told, when, through)
    if shapes:
        _print_shapes(found, names, places)
    else:
        for answer in answers:
            _print(answer, names, places)


def _who(reader: "GraphReader", ledger: "Ledger", firm: str, source: str, when: "Moment") -> tuple[str, str]:
    """The borrower and what to trace: FIRM may be the number or id of a loan note."""
    from graph.errors import NotFoundError
    from graph.snapshot import Snapshot
    from graph.store import Hop
    from yujing.commands.graph import one_firm

    try:
        return one_firm(reader, firm), source
    except NotFoundError:
        notes = [firm] if firm.startswith("LoanNote-") else []
        if not notes:
            named = Snapshot(ledger, when.valid).table("LoanNote")
            notes = named.filter(named.number == firm).select("id").to_pyarrow()["id"].to_pylist()
        owed = reader.expand(notes, Hop(("BORROWS",), when, ("in",)))["other"].to_pylist() if notes else []
        if not owed:
            fix = "Use a firm's id, code or name, or the number of a loan note."
            raise NotFoundError(f"Neither a firm nor a loan note is called '{firm}' on {when.valid}.", fix, "firm") from None
        return owed[0], source or notes[0]


def _places(ledger: "Ledger", payments: "list[Payment]", when: "Moment", through_seq: int) -> dict[str, str]:
    """File and line of each payment."""
    from graph.knowledge.flows.evidence import sources_of

    found = {}
    for source in sources_of(ledger, payments, when.known, through_seq):
        sheet = f" [{source.sheet}]" if source.sheet else ""
        found[source.rel] = f"{source.file}{sheet}:{source.line}"
    return found


def _print(answer: "FlowAnswer", names: "Names", places: "Places") -> None:
    from graph.knowledge.flows import words

    console = Console(highlight=False)
    show = _Show(answer.owners, names, places)
    start, forward = answer.start, answer.direction == "forward"
    way = "去向 where it went" if forward else "来源 where it came from"
    console.print(f"[bold]{show.name(answer.borrower)}[/]  {answer.when.valid}  {way}, {' '.join(words.METHODS[answer.method])}")
    root = Tree(show.payment(start, answer.traced_fen))
    _grow(root, answer, show)
    console.print(root)
    for each in answer.sums:
        zh, en = words.ENDS[each.end]
        days = f"{each.days_first}" if each.days_first == each.days_last else f"{each.days_first}–{each.days_last}"
        word = f", 其中据文字 by word {_yuan(each.by_word_fen)}" if each.by_word_fen else ""
        colour = "bold red" if each.end == "borrower" else "bold"
        reach = f"{days}天 days, {each.hops_first}–{each.hops_last}笔 payments on"
        console.print(f"  [{colour}]{each.share:7.2%}[/] {_yuan(each.amount_fen):>16}  {zh} {en}  ({reach}{word})")
    if answer.cut:
        console.print(
            f"  {answer.cut:.2%} 因追踪界限中断 ended by a bound of the trace, counted above where it was", style="yellow"
        )
    for hub in answer.hubs:
        console.print(f"  {show.name(hub.node)}: {hub.payments:,} payments in the window, not followed", style="yellow")


def _grow(root: Tree, answer: "FlowAnswer", show: "_Show") -> None:
    """Each account's further payments under the payment that first reached it; ends under the payment that carried them last."""
    from graph.knowledge.flows import words

    forward = answer.direction == "forward"
    leaving: dict[str, list[Payment]] = {}
    for each in answer.payments[1:]:
        leaving.setdefault(each.src if forward else each.dst, []).append(each)
    ending: dict[str, list[str]] = {}
    for end in answer.ends:
        zh, _ = words.ENDS[end.end]
        cited = f"「{end.word}」" if end.word else ""
        how = f", {words.HOWS[end.how][0]}" if end.how not in {"ends", "rests"} else ""
        ending.setdefault(end.rel, []).append(f"[dim]└[/] {_yuan(end.amount_fen)} {zh}{escape(cited)}{how}")

    def grow(tree: Tree, payment: "Payment") -> None:
        for text in ending.get(payment.rel, []):
            tree.add(text)
        for each in sorted(leaving.pop(payment.dst if forward else payment.src, []), key=lambda p: p.at):
            grow(tree.add(show.payment(each, each.traced_fen)), each)

    grow(root, answer.start)


def _print_shapes(found: "ShapesAnswer", names: "Names", places: "Places") -> None:
    from graph.knowledge.flows import words

    console = Console(highlight=False)
    show = _Show(found.owners, names, places)
    console.print(f"[bold]{show.name(found.firm)}[/]  {found.when.valid}  近{found.since_days}天 last {found.since_days} days")
    if not found.shapes:
        console.print("  无闭环、集中转入或分散转出 no cycle, gathering or scattering within the bounds")
    for shape in found.shapes:
        zh, en = words.SHAPES[shape.kind]
        more = f"{shape.others} 对手 others, {_yuan(shape.amount_fen)}, {shape.days}天 days"
        tree = Tree(f"[bold]{zh}[/] {en}: {more}")
        for each in shape.payments[:_SHOWN]:
            tree.add(show.payment(each, each.traced_fen))
        if len(shape.payments) > _SHOWN:
            tree.add(f"… {len(shape.payments) - _SHOWN} more (--json)")
        console.print(tree)
    if found.cut:
        console.print(f"  {found.cut:,} 条路径未追踪 ways not followed", style="yellow")


class _Show:
    def __init__(self, owners: "Mapping[str, str]", names: "Names", places: "Places") -> None:
        self._owners = owners
        self._names = names
        self._places = places

    def name(self, node: str) -> str:
        """An account by its owner, and its number where that is told."""
        owner, own = self._owners.get(node), self._names.get(node, node)
        if node.startswith("Account-"):
            short = own if own != node else node[8:16]
            return escape(f"{self._names.get(owner, owner)} ({short})" if owner else f"账户 account {short}")
        return escape(own)

    def payment(self, each: "Payment", traced_fen: int) -> str:
        from graph.clock import from_us

        day = from_us(each.at + 8 * 3_600_000_000).date()
        whole = f" / {_yuan(each.amount_fen)}" if traced_fen != each.amount_fen else ""
        said = f" {escape(each.purpose)}" if each.purpose else ""
        row = f"  [dim]{escape(self._places[each.rel])}[/]" if each.rel in self._places else ""
        return f"{day} {self.name(each.src)} → {self.name(each.dst)} [bold]{_yuan(traced_fen)}[/]{whole}{said}{row}"


def _yuan(fen: int) -> str:
    return f"¥{fen / 100:,.2f}"
