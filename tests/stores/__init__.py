"""One contract for all graph stores, on real engines."""
