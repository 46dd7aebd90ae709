"""Structured logs: one JSON object a line, to standard output, without personal data."""

import logging
import sys

import structlog


def log_as_json() -> None:
    """What a server process logs, its libraries' warnings included."""
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    # The library and the severity alone: what a library says may quote a value.
    plain = '{"event": "library", "logger": "%(name)s", "level": "%(levelname)s"}'
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format=plain)
