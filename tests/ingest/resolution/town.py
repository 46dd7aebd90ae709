"""A town of firms for entity resolution: forty that have nothing in common, and whoever a test adds."""

from pathlib import Path

from stdnum.cn import uscc

from tests.worlds.build import World

PLACES, TRADES = ("澄岭", "汀原"), ("贸易", "食品", "机械", "纺织", "物流")
TRADE_NAMES = [a + b for a in "瑾昱翊筠珺琰钰铄" for b in "泰隆昌茂恺"]
NAMES = [f"{PLACES[n % 2]}{middle}{TRADES[n // 3 % 5]}有限公司" for n, middle in enumerate(TRADE_NAMES)]


def code(number: int) -> str:
    """A credit code with a right check digit that nobody can have been issued."""
    body = f"91990000MA{number * 7_654_321 % 10_000_019:07d}"
    return body + str(uscc.calc_check_digit(body))


def town(root: Path) -> World:
    world = World(root)
    for number, name in enumerate(NAMES):
        capital, day = 1_000_000_00 * (number + 3), f"20{number % 20:02d}-0{number % 9 + 1}-1{number % 7}"
        world.firm(f"F{number}", name=name, uscc=code(number), registered_capital_fen=capital, established_on=day)
        reach(world, f"F{number}", f"{name[:2]}市望澜街{number}号", "address")
    return world


def reach(world: World, firm: str, value: str, kind: str) -> None:
    """The firm is reached at this address or phone."""
    world.entity("Contact", value, contact_type=kind, value=value)
    world.relation("SHARES_CONTACT", firm, value)
