"""The 360 of a firm: the page, and parts that can each be asked alone. A part is a file in `parts/` and a line in `registry`."""

from api.portrait.about import About
from api.portrait.figures import exposure_of, unscored_at
from api.portrait.page import portrait, some_parts
from api.portrait.registry import PARTS, TYPES, chosen, read_parts

__all__ = ["PARTS", "TYPES", "About", "chosen", "exposure_of", "portrait", "read_parts", "some_parts", "unscored_at"]
