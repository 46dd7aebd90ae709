"""`yujing control FIRM`: who controls a firm, over which chains, and who its beneficial owners are."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from yujing.settings import Settings

if TYPE_CHECKING:
    from graph.knowledge.control.answer import Chain, ControlAnswer, Link

    Names = Mapping[str, str]
    Places = Mapping[str, str]

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]
AsJson = Annotated[bool, typer.Option("--json", help="print what the API answers, as one JSON object")]

_CHAINS = 3  # of one owner; --json has them all
_SEEN = 0.00005  # less is not seen in a percentage of two places


def register(app: typer.Typer) -> None:
    """Adds `control`."""
    app.command("control", help="Who controls a firm, and its beneficial owners, with every chain. 实际控制人、受益所有人")(control)


def control(
    firm: Annotated[str, typer.Argument(help="id, credit code or name")],
    as_of: Day = None,
    as_json: AsJson = False,
) -> None:
    """Worked out from the graph store, as known by the end of the day."""
    from api.control import read_beneficial_owners, read_controllers
    from api.naming import walked_names
    from api.rows import RowReader
    from graph.knowledge.control.one_firm import control_answer
    from graph.snapshot import Snapshot
    from graph.store import Moment
    from yujing.commands.graph import one_firm
    from yujing.wire_json import print_wire
    from yujing.wiring import open_sources

    settings = Settings()
    opened = open_sources(settings)
    reader = opened.store
    when = Moment.of(as_of.date() if as_of else settings.day)
    entity = one_firm(reader, firm)
    if as_json:
        rows = RowReader(Snapshot(opened.ledger, when.valid))
        told = {
            "controllers": read_controllers(opened, rows, entity),
            "beneficial_owners": read_beneficial_owners(opened, rows, entity),
        }
        reader.close()
        print_wire(told)
        return
    answer = control_answer(reader, entity, when)
    names = walked_names(reader, opened.vault, answer.mentioned(), when)
    through = reader.through_seq
    reader.close()
    _print(answer, names, _places(opened.ledger, answer, through))


def _places(ledger: "object", answer: "ControlAnswer", through_seq: int) -> dict[str, str]:
    """File and line of each relation that the answer rests on."""
    from graph.ledger import Ledger
    from graph.network import NetworkEdge
    from graph.views import edge_sources

    assert isinstance(ledger, Ledger)
    links = answer.links()
    edges = [NetworkEdge(link.rel, link.type, link.src, link.dst, None, link.equity, link.valid_from, 0) for link in links]
    found = {}
    for source in edge_sources(ledger, edges, answer.when.known, through_seq):
        sheet = f" [{source.sheet}]" if source.sheet else ""
        found[source.rel] = f"{source.file}{sheet}:{source.line}"
    return found


def _print(answer: "ControlAnswer", names: "Names", places: "Places") -> None:
    from graph.knowledge.control import words

    console = Console(highlight=False, soft_wrap=True)
    show = _Printer(console, names, places)
    console.print(f"[bold]{show.name(answer.firm)}[/]  {answer.when.valid}")
    show.verdict("实际控制人 control", words.CONTROL[answer.control])
    console.print(f"  已知股权 known equity {_percent(answer.known_equity)}, 已知表决权 known votes {_percent(answer.known_votes)}")
    for each in answer.controllers:
        kind = "[bold]最终 ultimate[/]" if each.ultimate else "中间 in between"
        joint = ", 一致行动 jointly" if each.joint else ""
        state = ", 国有出资人 the state" if each.state else ""
        of = f"表决权 votes {_percent(each.votes)}, 综合持股 interest {_percent(each.interest)}"
        console.print(f"  {show.name(each.id)}: {kind}{joint}{state}; {of}")
        show.chains(each.chains)
        if each.beyond_chains >= _SEEN:
            more = f"另有 {_percent(each.beyond_chains)} 经循环持股或未列路径"
            console.print(f"    {more} of the interest lies in circles of holdings, or ways not listed")
        show.links(each.acts_with)
    if answer.deadlocked:
        console.print("  僵局双方 deadlocked: " + ", ".join(show.name(each) for each in answer.deadlocked))
    show.verdict("受益所有人 beneficial owners", words.OWNERS[answer.owners])
    console.print(f"  {words.RULE}" + ("; 第三条：可免于备案 exempt under article 3" if answer.exempt else ""))
    for owner in answer.beneficial_owners:
        tests = "; ".join(f"{words.TESTS[name][0]} {words.TESTS[name][1]}" for name in owner.tests)
        console.print(f"  {show.name(owner.id)}: {_percent(owner.interest)}, 表决权 votes {_percent(owner.votes)}: {tests}")
        show.links(owner.told_by)
    if answer.unknown:
        console.print(f"[bold]未知 untold[/]: {_percent(answer.unknown)} of the firm belongs in the end to nobody who is told")
    for gap in answer.missing:
        behind = f"其{_percent(gap.untold)}股东未知 of its shares untold, 影响 behind {_percent(gap.weight)}"
        console.print(f"  {show.name(gap.id)}: {behind}")
    for finding in answer.findings:
        zh, en = words.FINDINGS[finding.finding]
        other = f" ({show.name(finding.entity)})" if finding.entity else ""
        console.print(f"[yellow]{zh}[/] {en}{other}")
    for cut in answer.cuts:
        console.print(f"{show.name(cut.anchor)}: {cut.shown} of {cut.degree:,} holders walked.", style="yellow")


class _Printer:
    def __init__(self, console: Console, names: "Names", places: "Places") -> None:
        self._console = console
        self._names = names
        self._places = places

    def name(self, entity: str) -> str:
        return escape(self._names.get(entity, entity))

    def verdict(self, title: str, said: tuple[str, str]) -> None:
        self._console.print(f"[bold]{title}[/]: {said[0]} {said[1]}")

    def chains(self, chains: "tuple[Chain, ...]") -> None:
        """甲 --60%--> 乙 --55%--> 丙 = 33%, then the rows that tell it."""
        for chain in chains[:_CHAINS]:
            text = self.name(chain.nodes[0])
            for step, counted, node in zip(chain.steps, chain.counted, chain.nodes[1:], strict=True):
                text += f" --{_step(step, counted)}--> {self.name(node)}"
            rows = [self._places[link.rel] for step in chain.steps for link in step if link.rel in self._places]
            self._console.print(f"    {text} = {_percent(chain.share)}  [dim]{escape(', '.join(dict.fromkeys(rows)))}[/]")
        if len(chains) > _CHAINS:
            self._console.print(f"    … {len(chains) - _CHAINS} more (--json)")

    def links(self, links: "Iterable[Link]") -> None:
        for link in links:
            text = f"{self.name(link.src)} {link.type} {self.name(link.dst)}"
            self._console.print(f"    {text}  [dim]{escape(self._places.get(link.rel, ''))}[/]")


def _step(step: "tuple[Link, ...]", counted: float) -> str:
    """The share that the step counts for; beside it the votes where they differ, and what is told where it was scaled."""
    equity = sum(link.equity or 0.0 for link in step)
    votes = sum(link.votes if link.votes is not None else link.equity or 0.0 for link in step)
    beside = [] if abs(equity - votes) < 1e-9 else [f"表决 votes {_percent(votes)}"]
    beside += [] if abs(equity - counted) < 1e-9 else [f"申报 told {_percent(equity)}"]
    return _percent(counted) + (f" ({', '.join(beside)})" if beside else "")


def _percent(share: float) -> str:
    return f"{share:.2%}".replace(".00%", "%")
