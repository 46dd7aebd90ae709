"""What keys are for, and what each role may do."""

from enum import StrEnum

from graph.errors import InputError


class Role(StrEnum):
    """What a key is for."""

    OFFICER = "officer"
    INTEGRATOR = "integrator"
    MODELER = "modeler"
    ADMIN = "admin"


def parse_role(text: str) -> Role:
    """The role of that name; InputError names them all."""
    try:
        return Role(text)
    except ValueError:
        raise InputError(f"There is no role '{text}'.", f"Roles are {', '.join(Role)}.", "role") from None


class Permission(StrEnum):
    """What a route needs."""

    DECIDE = "decide"
    SCAN = "scan"
    READ_ALERTS = "read_alerts"
    READ_GRAPH = "read_graph"
    RESOLVE = "resolve"


GRANTS: dict[Role, frozenset[Permission]] = {
    Role.OFFICER: frozenset({Permission.DECIDE, Permission.READ_ALERTS, Permission.READ_GRAPH, Permission.RESOLVE}),
    Role.INTEGRATOR: frozenset(Permission) - {Permission.RESOLVE},
    Role.MODELER: frozenset({Permission.READ_ALERTS, Permission.READ_GRAPH}),
    Role.ADMIN: frozenset(Permission),
}
