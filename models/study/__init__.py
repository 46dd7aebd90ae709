"""Studies: a data set, its target and its days declared in YAML, taken through to predictions by one command."""

from models.study.spec import Study, read_study

__all__ = ["Study", "read_study"]
