"""Before the loan, at drawdown, after the loan: each stage is one function of a `Desk` and a request."""

from alerts.stages.desk import Desk
from alerts.stages.drawdown import drawdown
from alerts.stages.pre_loan import pre_loan
from alerts.stages.scan import scan

__all__ = ["Desk", "drawdown", "pre_loan", "scan"]
