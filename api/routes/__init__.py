"""Thin handlers: read the question, check who asks, call one function, answer."""
