"""Feeds: what was delivered when, what is expected by when, and what is wrong with a feed on a day."""

from ingest.feeds.book import FeedBook
from ingest.feeds.delivered import FileTold, HeaderChangedError, content_hash, refusals, remember_idle
from ingest.feeds.states import FeedFile, State

__all__ = ["FeedBook", "FeedFile", "FileTold", "HeaderChangedError", "State", "content_hash", "refusals", "remember_idle"]
