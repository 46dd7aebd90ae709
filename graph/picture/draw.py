"""Draws an exposure network: shape and colour say the kind, dash the relation, width the amount; the legend counts."""

import math
from collections import Counter
from dataclasses import dataclass
from html import escape

from graph.network import Network, NetworkNode
from graph.ontology import Ontology, core_ontology
from graph.picture.layout import HEIGHT, WIDTH, Box, Placed, Wanted, around, place, positions, text_width

_INK, _QUIET, _PAPER, _RING = "#1f2933", "#5b6770", "#fcfcfa", "#e3e6e8"
_KINDS = {"Firm": ("circle", "#0072B2"), "Person": ("triangle", "#D55E00"), "ClientGroup": ("square", "#009E73")}  # Okabe-Ito
_OTHER_KIND = ("diamond", "#7a7f85")
_DASHES = ("", "9 5", "2 5", "14 4 2 4", "5 3", "1 3", "18 6", "10 3 2 3 2 3", "4 8")
_USUAL = ("GUARANTEES", "HOLDS_SHARES", "SUPPLIES", "CONTROLS", "SERVES_AS", "MEMBER_OF", "KIN_OF", "ACTS_WITH", "BRANCH_OF")
_FONT = "'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif"
_KEY = ("线宽 width: 金额 amount", "空心 hollow: 仅被提及 stub")
_LONGEST_LEGEND = 11
_LONGEST_NAME = 14
_AMOUNTS_SHOWN = 14


@dataclass(frozen=True)
class _Bundle:
    """Parallel relations of one type between two entities, drawn as one line."""

    type: str
    src: str
    dst: str
    count: int
    amount_fen: int


@dataclass(frozen=True)
class _Row:
    """One line of a legend."""

    text: str
    count: int | None
    sample: str


def network_svg(network: Network, ontology: Ontology | None = None, note: str = "") -> str:
    """The network as one SVG of 1440 by 1000, the firm asked for in the middle. `note` is written below the title.

    The same network gives the same text. Names that find no free place are left to the tooltips, which every mark has.
    """
    words = ontology or core_ontology()
    at = positions(network)
    bundles = _bundles(network)
    legend, legend_boxes = _legend(network, words)
    marks = [around(at[node.id], _radius(node) + 2) for node in network.nodes]
    names = place(_names(network, at), [*marks, *legend_boxes])
    amounts = place(_amounts(bundles, at), [*marks, *legend_boxes, *(label.box for label in names)])
    parts = [
        *_rings(network),
        *(_line(bundle, at, network, words) for bundle in bundles),
        *(_mark(node, at[node.id], node.id == network.firm) for node in network.nodes),
        *(_text(label, _QUIET, "500") for label in amounts),
        *(_text(label, _INK, "700" if label.wanted.size > 15 else "400") for label in names),
        *_heading(network, note),
        legend,
    ]
    title = escape(f"{_name(network)} 敞口网络 exposure network")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" width="{WIDTH:.0f}" height="{HEIGHT:.0f}" '
        f'role="img" aria-label="{title}" font-family="{_FONT}"><title>{title}</title>'
        f'<rect width="100%" height="100%" fill="{_PAPER}"/>{"".join(parts)}</svg>\n'
    )


def _bundles(network: Network) -> list[_Bundle]:
    counts: Counter[tuple[str, str, str]] = Counter()
    sums: Counter[tuple[str, str, str]] = Counter()
    for edge in network.edges:
        key = (edge.type, edge.src, edge.dst)
        counts[key] += 1
        sums[key] += edge.amount_fen or 0
    return [_Bundle(*key, count, sums[key]) for key, count in sorted(counts.items()) if key[1] != key[2]]


def _names(network: Network, at: dict[str, tuple[float, float]]) -> list[Wanted]:
    """The firm asked for first, then the nearer before the farther."""
    order = sorted((node for node in network.nodes if node.name), key=lambda node: (node.distance, node.id))
    return [_wanted_name(node, at[node.id], node.id == network.firm) for node in order]


def _wanted_name(node: NetworkNode, at: tuple[float, float], asked: bool) -> Wanted:
    hidden = node.name.startswith("p:")  # a personal token is no name: only its beginning tells persons apart
    name = f"自然人 {node.name[2:6]}" if hidden else _short(node.name)
    return Wanted(name, 19 if asked else 14 if node.distance == 1 else 13, at, _radius(node) + 5)


def _amounts(bundles: list[_Bundle], at: dict[str, tuple[float, float]]) -> list[Wanted]:
    largest = sorted((b for b in bundles if b.amount_fen), key=lambda b: (-b.amount_fen, b.src, b.dst))[:_AMOUNTS_SHOWN]
    return [Wanted(_money(b.amount_fen), 11, _middle(at[b.src], at[b.dst], b.type), 2) for b in largest]


def _rings(network: Network) -> list[str]:
    rings = max((node.distance for node in network.nodes), default=0)
    style = f'fill="none" stroke="{_RING}" stroke-width="1"'
    return [
        f'<ellipse cx="{WIDTH / 2:.0f}" cy="{HEIGHT / 2 + 12:.0f}" rx="{590 * n / rings:.0f}" ry="{390 * n / rings:.0f}" {style}/>'
        for n in range(1, rings + 1)
    ]


def _line(bundle: _Bundle, at: dict[str, tuple[float, float]], network: Network, words: Ontology) -> str:
    (x1, y1), (x2, y2) = at[bundle.src], at[bundle.dst]
    cx, cy = _middle((x1, y1), (x2, y2), bundle.type, 2)
    radius = {node.id: _radius(node) for node in network.nodes}
    start = _towards((x1, y1), (cx, cy), radius[bundle.src] + 1)
    end = _towards((x2, y2), (cx, cy), radius[bundle.dst] + 3)
    width = _width(bundle.amount_fen, network)
    told = f"{_word(words, bundle.type)} {bundle.type} ×{bundle.count} {_money(bundle.amount_fen) if bundle.amount_fen else ''}"
    curve = f"M{start[0]:.1f} {start[1]:.1f}Q{cx:.1f} {cy:.1f} {end[0]:.1f} {end[1]:.1f}"
    stroke = f'fill="none" stroke-opacity="0.62" {_stroke(width, _dash(bundle.type, network))}'
    return f'<g><title>{escape(told.strip())}</title><path d="{curve}" {stroke}/>{_arrow((cx, cy), end, width)}</g>'


def _arrow(behind: tuple[float, float], tip: tuple[float, float], width: float) -> str:
    angle, size = math.atan2(tip[1] - behind[1], tip[0] - behind[0]), 5 + width
    wings = [(tip[0] - size * math.cos(angle + turn), tip[1] - size * math.sin(angle + turn)) for turn in (0.42, -0.42)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (tip, *wings))
    return f'<polygon points="{points}" fill="{_QUIET}"/>'


def _mark(node: NetworkNode, at: tuple[float, float], asked: bool) -> str:
    shape, colour = _KINDS.get(node.label, _OTHER_KIND)
    told = f"{node.name or node.id} · {node.label} · {node.distance} 跳 hops" + (" · 仅被提及 stub" if node.stub else "")
    halo = f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{_radius(node) + 6}" fill="none" stroke="{_INK}" stroke-width="2.5"/>'
    paint = f'fill="{_PAPER if node.stub else colour}" stroke="{colour if node.stub else _PAPER}" stroke-width="2"'
    return f"<g><title>{escape(told)}</title>{halo if asked else ''}{_shape(shape, at, _radius(node), paint)}</g>"


def _shape(shape: str, at: tuple[float, float], radius: float, paint: str) -> str:
    x, y = at
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {paint}/>'
    corners = {"triangle": (3, -90), "square": (4, -45), "diamond": (4, -90)}[shape]
    turns = [math.radians(corners[1] + 360 * n / corners[0]) for n in range(corners[0])]
    points = " ".join(f"{x + radius * 1.2 * math.cos(t):.1f},{y + radius * 1.2 * math.sin(t):.1f}" for t in turns)
    return f'<polygon points="{points}" {paint}/>'


def _text(label: Placed, colour: str, weight: str) -> str:
    halo = f'paint-order="stroke" stroke="{_PAPER}" stroke-width="4" stroke-linejoin="round"'
    place_at = f'x="{label.x:.1f}" y="{label.y:.1f}" font-size="{label.wanted.size}" font-weight="{weight}"'
    return f'<text {place_at} fill="{colour}" {halo}>{escape(label.wanted.text)}</text>'


def _heading(network: Network, note: str) -> list[str]:
    counted = f"{len(network.nodes)} 个主体 entities · {len(network.edges)} 条关系 relations"
    day = f"{network.when.valid} 有效 true · {network.when.known} 已知 known"
    lines = [f'<text x="32" y="44" font-size="24" font-weight="700" fill="{_INK}">{escape(_name(network))} 敞口网络</text>']
    below = " · ".join(part for part in ("Exposure network", day, counted, note) if part)
    lines.append(f'<text x="32" y="66" font-size="13" fill="{_QUIET}">{escape(below)}</text>')
    if not network.complete:
        cut = f"未全部显示 not shown whole: {len(network.cuts)} 个枢纽方向 hubs cut · {network.left_out} 个主体 entities left out"
        lines.append(f'<text x="{WIDTH - 32:.0f}" y="44" font-size="13" text-anchor="end" fill="#9c3d00">{cut}</text>')
    return lines


def _legend(network: Network, words: Ontology) -> tuple[str, list[Box]]:
    """What is on the picture, counted: kinds bottom left, relations bottom right."""
    kinds = Counter(node.label for node in network.nodes)
    relations = Counter(edge.type for edge in network.edges)
    left = [_Row(f"{_word(words, kind)} {kind}", count, _sample(kind)) for kind, count in sorted(kinds.items())]
    left += [_Row(text, None, "") for text in _KEY]
    right = [
        _Row(f"{_word(words, name)} {name}", relations[name], f'<path d="M-13 0H13" {_stroke(2.5, _dash(name, network))}/>')
        for name in _types(network)
    ]
    panels = [_panel(rows[:_LONGEST_LEGEND], side) for rows, side in ((left, "left"), (right, "right")) if rows]
    return "".join(drawn for drawn, _ in panels), [box for _, box in panels]


def _panel(rows: list[_Row], side: str) -> tuple[str, Box]:
    wide = max(text_width(row.text, 12) + (84 if row.sample else 24) for row in rows)
    high = 20 * len(rows) + 14
    left, top = 24 if side == "left" else WIDTH - 24 - wide, HEIGHT - 20 - high
    parts = [f'<rect x="{left:.0f}" y="{top:.0f}" width="{wide:.0f}" height="{high}" rx="6" fill="#fff" stroke="{_RING}"/>']
    for index, row in enumerate(rows):
        y = top + 17 + 20 * index
        indent = 48 if row.sample else 14
        parts.append(f'<g transform="translate({left + 26:.0f} {y:.0f})">{row.sample}</g>' if row.sample else "")
        parts.append(f'<text x="{left + indent:.0f}" y="{y + 4:.0f}" font-size="12" fill="{_INK}">{escape(row.text)}</text>')
        if row.count is not None:
            end = f'x="{left + wide - 10:.0f}" y="{y + 4:.0f}" font-size="12" text-anchor="end"'
            parts.append(f'<text {end} fill="{_QUIET}">{row.count}</text>')
    return "".join(parts), Box(left - 4, top - 4, left + wide + 4, HEIGHT)


def _sample(kind: str) -> str:
    shape, colour = _KINDS.get(kind, _OTHER_KIND)
    return _shape(shape, (0, 0), 6, f'fill="{colour}"')


def _dash(name: str, network: Network) -> str:
    """The usual types look alike in every picture; the others share what is left."""
    others = [kind for kind in _types(network) if kind not in _USUAL]
    place = _USUAL.index(name) if name in _USUAL else len(_USUAL) + others.index(name)
    return _DASHES[place % len(_DASHES)]


def _stroke(width: float, dash: str) -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{_QUIET}" stroke-width="{width:.1f}"{dashed}'


def _types(network: Network) -> list[str]:
    return sorted({edge.type for edge in network.edges})


def _word(words: Ontology, name: str) -> str:
    return words.types[name].zh if name in words.types else ""


def _radius(node: NetworkNode) -> float:
    return 16 if node.distance == 0 else 10 if node.distance == 1 else 8


def _width(amount_fen: int, network: Network) -> float:
    """Between 1.2 and 7: by the root of the amount, so that four times the money is twice the line."""
    largest = max((edge.amount_fen or 0 for edge in network.edges), default=0)
    return 1.2 + 5.8 * math.sqrt(min(amount_fen / largest, 1)) if largest and amount_fen > 0 else 1.2


def _middle(a: tuple[float, float], b: tuple[float, float], kind: str, bend: float = 1) -> tuple[float, float]:
    """The middle of a line, or its bending point: types bend differently, so that parallel lines stay apart."""
    away = bend * (8 + sum(map(ord, kind)) % 5 * 7)
    length = math.dist(a, b) or 1
    return (a[0] + b[0]) / 2 - away * (b[1] - a[1]) / length, (a[1] + b[1]) / 2 + away * (b[0] - a[0]) / length


def _towards(a: tuple[float, float], b: tuple[float, float], step: float) -> tuple[float, float]:
    length = math.dist(a, b) or 1
    return a[0] + (b[0] - a[0]) * step / length, a[1] + (b[1] - a[1]) * step / length


def _money(fen: int) -> str:
    yuan = fen / 100
    if yuan >= 1e8:
        return f"{yuan / 1e8:,.1f}亿"
    return f"{yuan / 1e4:,.0f}万" if yuan >= 1e4 else f"{yuan:,.0f}元"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _name(network: Network) -> str:
    found = next((node.name for node in network.nodes if node.id == network.firm), "")
    return found or network.firm
