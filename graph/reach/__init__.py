"""How much risk can reach whom: exposure shares of relations, and the ways on which their product is largest."""

from graph.reach.figures import Figures, NoFigures
from graph.reach.network import RiskQuery, risk_network
from graph.reach.paths import RiskPathQuery, risk_paths
from graph.reach.shares import Flow, flows

__all__ = ["Figures", "Flow", "NoFigures", "RiskPathQuery", "RiskQuery", "flows", "risk_network", "risk_paths"]
