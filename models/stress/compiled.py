"""From a scenario's words to arrays: who fails at once, who loses how much, whose own default becomes likelier."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from graph.errors import InputError
from models.contagion.arrays import Flags, Floats
from models.contagion.network import FirmNetwork
from models.stress.scenario import Scenario, Shock
from models.stress.settings import Sensitivities

Find = Callable[[str], str]
"""From what a caller calls a firm (id, credit code, name) to its entity id."""


@dataclass(frozen=True)
class Compiled:
    """`first` fails at once; `lost` fen of equity; `log_odds` added to own ones: [firms]. `network`: with collateral as then."""

    network: FirmNetwork
    first: Flags
    lost: Floats
    log_odds: Floats


def compile_scenario(
    scenario: Scenario,
    network: FirmNetwork,
    sensitivities: Sensitivities,
    groups: Mapping[str, list[str]] | None = None,
    find: Find = str,
) -> Compiled:
    """InputError or NotFoundError for a shock that hits nobody, or names whom the network does not hold."""
    first, lost, log_odds = np.zeros(network.size, np.bool_), np.zeros(network.size), np.zeros(network.size)
    equity = np.where(np.isfinite(network.sheets.equity), network.sheets.equity, 0.0)
    for shock in scenario.shocks:
        hit = _hit(shock, network, groups, find)
        if shock.equity_loss >= 1:
            first |= hit
        else:
            lost += np.where(hit, equity * shock.equity_loss, 0.0)
        log_odds += np.where(hit, shock.log_odds, 0.0)
    if scenario.macro:
        industry = network.about["industry"]
        more = _macro_losses(scenario, network, sensitivities)
        lost += np.maximum(more, 0.0)
        log_odds += -scenario.gdp_level * sensitivities.log_odds_per_gdp_point.of(industry)
        log_odds += scenario.rate_years / 100 * sensitivities.log_odds_per_100bp.of(industry)
        log_odds += -scenario.property_change * 10 * sensitivities.log_odds_per_property_tenth.of(industry)
        moved = np.maximum(network.sheets.collateral + network.sheets.realty * scenario.property_change, 0.0)
        network = network.with_sheets(collateral=moved)
    return Compiled(network, first, lost, log_odds)


def _macro_losses(scenario: Scenario, network: FirmNetwork, told: Sensitivities) -> Floats:
    """Fen of equity: margin of lost revenue, dearer interest, property that lost value."""
    sheets, industry = network.sheets, network.about["industry"]
    revenue = sheets.revenue * -scenario.gdp_level * told.revenue_per_gdp_point.of(industry)
    debt = np.maximum(sheets.credit, sheets.liabilities * told.interest_bearing.of(industry))
    realty = sheets.assets * told.property_assets.of(industry) * -scenario.property_change
    lost = revenue * told.margin_of_lost_revenue.of(industry) + debt * scenario.rate_years / 10_000 + realty
    return np.asarray(lost, np.float64)


def _hit(shock: Shock, network: FirmNetwork, groups: Mapping[str, list[str]] | None, find: Find) -> Flags:
    hit = np.zeros(network.size, np.bool_)
    if shock.firms:
        places = [network.place(find(firm)) for firm in shock.firms]
        for firm, place in zip(shock.firms, places, strict=True):
            if shock.equity_loss >= 1 and not network.sheets.performing[place]:
                raise InputError(f"'{firm}' is in default already: it cannot fail again.", "Leave it out.", "firms")
        hit[places] = True
        return hit
    if shock.group:
        return _members(shock.group, network, groups)
    name = next(each for each in ("industry", "region", "branch") if getattr(shock, each))
    wanted, column = getattr(shock, name), network.about[name]
    told = pc.equal(column, wanted) if name == "branch" else pc.starts_with(column, wanted)
    hit |= pc.fill_null(told, False).to_numpy(zero_copy_only=False).astype(np.bool_)
    if not hit.any():
        known = ", ".join(sorted(str(each) for each in pc.unique(column).drop_null().to_pylist())[:12])
        raise InputError(f"No firm has the {name} '{wanted}'.", f"Known on that day, among others: {known}.", name)
    return hit


def _members(group: str, network: FirmNetwork, groups: Mapping[str, list[str]] | None) -> Flags:
    if groups is None:
        raise InputError("Groups were not computed for that day.", "yujing knowledge --as-of that day comes first.", "group")
    if group not in groups:
        raise InputError(f"There is no group '{group}' on that day.", "yujing groups lists them.", "group")
    places = network.places(groups[group])
    if not places.size:
        raise InputError(f"No member of '{group}' is in this network.", "Take the whole book.", "group")
    hit = np.zeros(network.size, np.bool_)
    hit[places] = True
    return hit
