"""Topics, each a SELECT over base tables and earlier topics, in the order in which they may use each other."""

from alerts.facts.kinds import Topic
from alerts.facts.topics.around import CAPITAL, CIRCLE, CONTROL, GROUP, GUARANTEES_GIVEN, GUARANTORS
from alerts.facts.topics.loans import COLLATERAL, CONTRACTS, DUES, LOANS
from alerts.facts.topics.operation import GAPS, MONTHLY, STATEMENTS
from alerts.facts.topics.outside import AUTHORITIES, BUREAU, COURT, REGISTRY
from alerts.facts.topics.scored import SCORE

TOPICS: tuple[Topic, ...] = (
    REGISTRY,
    LOANS,
    DUES,
    CONTRACTS,
    COLLATERAL,
    BUREAU,
    COURT,
    AUTHORITIES,
    MONTHLY,
    STATEMENTS,
    GAPS,
    GUARANTEES_GIVEN,
    GUARANTORS,
    CIRCLE,
    GROUP,
    CONTROL,
    CAPITAL,
    SCORE,
)
