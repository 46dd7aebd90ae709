"""Features: declared once in `table.yaml`, computed from a snapshot and from nothing else."""

from models.features.build import FeatureTable, build_features
from models.features.spec import Family, Feature, features_of, note_features, version_of

__all__ = ["Family", "Feature", "FeatureTable", "build_features", "features_of", "note_features", "version_of"]
