"""Stress on the wire: the scenario that is asked, and the answer in the shape that files and the command line share."""

from typing import Annotated

from pydantic import Field

from api.wire.common import Day, FirmRefText, Wire
from models.stress.answer import Change, StressAnswer
from models.stress.scenario import Scenario


class StressRequest(Wire):
    """A scenario for a day; `against`: another one to compare it with, drawn with the same luck."""

    as_of: Annotated[Day | None, Field(description="the day whose knowledge is asked for; today unless told")] = None
    scenario: Scenario
    against: Annotated[Scenario | None, Field(description="{}: the baseline, in which only the scores speak")] = None
    around: Annotated[FirmRefText | None, Field(description="only the neighbourhood of this firm; else the whole book")] = None
    runs: Annotated[int, Field(ge=0, le=5_000, description="Monte Carlo runs over own defaults; 0: the scenario alone")] = 0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, description="the same seed draws the same defaults")] = 0
    show: Annotated[int, Field(ge=1, le=500, description="how many firms, groups and limits to list")] = 50


class StressView(Wire):
    """What the scenario does; beside it, where asked, the other one and what changes from that to this."""

    stress: StressAnswer
    against: StressAnswer | None = None
    changes: tuple[Change, ...] = ()
    only_here: Annotated[tuple[str, ...], Field(description="firms that fall in this scenario alone (central run)")] = ()
    only_against: tuple[str, ...] = ()
