"""Where things stand: rings by distance, each branch in a sector of its own; and labels where nothing else is."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graph.network import Network

WIDTH, HEIGHT = 1440.0, 1000.0
CENTRE = (WIDTH / 2, HEIGHT / 2 + 12)

_ROOM = (590.0, 390.0)  # the outermost ring, across and up: wide, for names are
_TRIES = (0.0, 12.0, 24.0, 38.0)


@dataclass(frozen=True)
class Box:
    """An upright rectangle: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom

    @property
    def inside(self) -> bool:
        """Whether it lies on the canvas."""
        return self.left >= 8 and self.top >= 70 and self.right <= WIDTH - 8 and self.bottom <= HEIGHT - 8


@dataclass(frozen=True)
class Wanted:
    """A label to be placed: its text, its size, the point it belongs to and how far it must keep from it."""

    text: str
    size: float
    at: tuple[float, float]
    gap: float


@dataclass(frozen=True)
class Placed:
    """A label with its place: the left end of its base line."""

    wanted: Wanted
    x: float
    y: float
    box: Box


def positions(network: Network) -> dict[str, tuple[float, float]]:
    """The firm asked for in the middle, every entity on the ring of its distance. The same network, the same picture."""
    children = _tree(network)
    rings = max((node.distance for node in network.nodes), default=0) or 1
    found = {network.firm: CENTRE}
    _spread(network.firm, (-math.pi / 2, 1.5 * math.pi), (1, rings), children, found)
    return found


def text_width(text: str, size: float) -> float:
    """About how wide a text is: Chinese signs are square, others some half as wide."""
    return sum(size if ord(sign) > 0x2E7F else size * 0.58 for sign in text)


def place(labels: Sequence[Wanted], taken: Sequence[Box]) -> list[Placed]:
    """The labels that find room, first come first served; none lies on another, on a node, or off the canvas."""
    boxes, placed = list(taken), []
    for label in labels:
        if spot := _first_free(label, boxes):
            boxes.append(spot.box)
            placed.append(spot)
    return placed


def around(at: tuple[float, float], radius: float) -> Box:
    """The box about a point."""
    return Box(at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius)


def _tree(network: Network) -> dict[str, list[str]]:
    """Each entity under one neighbour nearer to the middle: the one by which most comes, then the first by id."""
    distance = {node.id: node.distance for node in network.nodes}
    ties: dict[str, dict[str, int]] = {node.id: {} for node in network.nodes}
    for edge in network.edges:
        for far, near in ((edge.src, edge.dst), (edge.dst, edge.src)):
            if distance[near] == distance[far] - 1:
                ties[far][near] = ties[far].get(near, 0) + (edge.amount_fen or 1)
    children: dict[str, list[str]] = {}
    for node in sorted(network.nodes, key=lambda node: (node.label, node.id)):
        if ties[node.id]:
            parent = min(ties[node.id], key=lambda near: (-ties[node.id][near], near))
            children.setdefault(parent, []).append(node.id)
    return children


def _leaves(node: str, children: Mapping[str, list[str]]) -> float:
    below = children.get(node, [])
    return max(1.0, sum(_leaves(child, children) for child in below))


def _spread(
    node: str,
    sector: tuple[float, float],
    ring: tuple[int, int],
    children: Mapping[str, list[str]],
    found: dict[str, tuple[float, float]],
) -> None:
    below = _interleaved(children.get(node, []), children)
    weights = [_leaves(child, children) for child in below]
    begin, step = sector[0], (sector[1] - sector[0]) / (sum(weights) or 1)
    for child, weight in zip(below, weights, strict=True):
        end = begin + weight * step
        angle, part = (begin + end) / 2, ring[0] / ring[1]
        found[child] = (CENTRE[0] + _ROOM[0] * part * math.cos(angle), CENTRE[1] + _ROOM[1] * part * math.sin(angle))
        _spread(child, (begin, end), (ring[0] + 1, ring[1]), children, found)
        begin = end


def _interleaved(below: Sequence[str], children: Mapping[str, list[str]]) -> list[str]:
    """Large and small branches in turn, so that crowded sectors do not lie side by side."""
    ranked = sorted(below, key=lambda child: (-_leaves(child, children), child))
    half = (len(ranked) + 1) // 2
    large, small = ranked[:half], ranked[half:][::-1]
    return [child for pair in zip(large, small, strict=False) for child in pair] + large[len(small) :]


def _first_free(label: Wanted, boxes: Sequence[Box]) -> Placed | None:
    width, height = text_width(label.text, label.size), label.size * 1.25
    x, y = label.at
    for further in _TRIES:
        gap = label.gap + further
        for left, middle in _corners((x, y), gap, width, x < CENTRE[0]):
            box = Box(left - 2, middle - height / 2, left + width + 2, middle + height / 2)
            if box.inside and not any(box.meets(other) for other in boxes):
                return Placed(label, left, middle + label.size * 0.36, box)
    return None


def _corners(at: tuple[float, float], gap: float, width: float, leftward: bool) -> list[tuple[float, float]]:
    """Left ends and middles of the places about a point: outward first, then below, above, inward, and the corners."""
    x, y = at
    right, left = (x + gap, y), (x - gap - width, y)
    below, above = (x - width / 2, y + gap + 7), (x - width / 2, y - gap - 7)
    corners = [
        (x + gap * 0.8, y + gap),
        (x + gap * 0.8, y - gap),
        (x - gap * 0.8 - width, y + gap),
        (x - gap * 0.8 - width, y - gap),
    ]
    sides = [left, below, above, right] if leftward else [right, below, above, left]
    return [*sides, *corners]
