"""The shapes that cross the wire: Pydantic at the edge, unknown fields refused."""
