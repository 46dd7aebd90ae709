"""Identifiers whose check digit is right and which nobody can hold.

Both kinds carry the administrative division 99xxxx, which GB/T 2260 does not have (it ends at 82xxxx), so no registration
authority and no police station can have issued them.
"""

import numpy as np
from stdnum.cn import ric, uscc

from yujing.bank.plan import BankPlan, Bools, Ints

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100: no I, O, S, V, Z
_DIVISION = "99"


_BIRTHDAYS = 14_000  # from 1958 on


def credit_codes(rng: np.random.Generator, regions: Ints, plan: BankPlan | None = None) -> list[str]:
    """One distinct Unified Social Credit Code (GB 32100) a firm; `regions` gives the last four digits of its division.

    Codes of a large bank's societies (`plan`) are told apart by three of their letters.
    """
    bodies: dict[str, None] = {}
    letters = np.array(list(_ALPHABET))
    mark = "" if plan is None or plan.block is None else _mark(plan.society)
    for region in regions:
        body = ""
        while not body or body in bodies:
            body = f"91{_DIVISION}{region:04d}MA{mark}{''.join(rng.choice(letters, 7 - len(mark)))}"
        bodies[body] = None
    return [body + uscc.calc_check_digit(body) for body in bodies]


def _mark(number: int) -> str:
    base = len(_ALPHABET)
    return "".join(_ALPHABET[number // base**place % base] for place in (2, 1, 0))


def identity_numbers(plan: BankPlan, rng: np.random.Generator, women: Bools) -> list[str]:
    """One distinct resident identity number (GB 11643) a person, of working age in 2026.

    The societies of a large bank share out the days of birth, so that no two of them give one number.
    """
    bodies: dict[str, None] = {}
    days = _BIRTHDAYS if plan.block is None else _BIRTHDAYS // plan.block.of
    step = 1 if plan.block is None else plan.block.of
    for woman in women:
        body = ""
        while not body or body in bodies:
            born = np.datetime64("1958-01-01") + (plan.society + step * rng.integers(0, days))
            order = 2 * int(rng.integers(0, 499)) + (2 if woman else 1)
            body = f"{_DIVISION}{rng.integers(1, 9):02d}{rng.integers(1, 30):02d}{str(born).replace('-', '')}{order:03d}"
        bodies[body] = None
    return [body + ric.calc_check_digit(body + "0") for body in bodies]


def wrong_check_digit(code: str) -> str:
    """`code` with its last character replaced by the next of the alphabet: the shape is right, the digit is not."""
    return code[:-1] + _ALPHABET[(_ALPHABET.index(code[-1]) + 1) % len(_ALPHABET)]
