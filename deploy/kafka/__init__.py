"""A Kafka broker of the project's own, for trying things and for tests."""
