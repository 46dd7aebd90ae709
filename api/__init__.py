"""The HTTP face: routes, principals, wire schemas, problems."""
