"""Both real engines, as the stores' own tests have them."""

from tests.stores.conftest import empty_neo4j, load, neo4j_server, world

__all__ = ["empty_neo4j", "load", "neo4j_server", "world"]
