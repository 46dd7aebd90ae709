import polars as pl

from ingest.propose.profile import Profile, profile_columns


def column(header: str, cells: list[str]) -> Profile:
    """One column, looked at."""
    return profile_columns(pl.DataFrame({header: cells}))[header]
