"""A stress run for a caller: the day's network is read once and kept with the open day."""

from functools import partial

from api.finding import find_firm
from api.opened import OpenDay
from api.platform import Platform
from api.wire.stress import StressRequest, StressView
from models.stress.day import StressDay
from models.stress.run import Ask, compare, run_stress


def read_stress(platform: Platform, day: OpenDay, asked: StressRequest) -> StressView:
    """InputError or NotFoundError for a shock that hits nobody, draws without scores, a day before any data."""
    ask = Ask(asked.runs, asked.seed, asked.show, partial(find_firm, platform))
    if asked.around is None:
        stressed = day.stress
    else:
        around = platform.store, find_firm(platform, asked.around)
        stressed = StressDay.open(day.snapshot, platform.scores, around)
    if asked.against is None:
        return StressView(stress=run_stress(stressed, asked.scenario, ask))
    both = compare(stressed, (asked.against, asked.scenario), ask)
    return StressView(
        stress=both.second,
        against=both.first,
        changes=both.changes,
        only_here=both.only_second,
        only_against=both.only_first,
    )
