"""A Neo4j server of the project's own, for tests and for a first look: `python -m deploy.neo4j start|status|stop`."""
