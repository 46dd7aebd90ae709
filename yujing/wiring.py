"""Opens what the settings name. Nothing else reads settings and knows the classes behind the seams."""

from graph.ledger import Ledger
from graph.personal import Vault
from yujing.settings import Settings


def open_ledger(settings: Settings) -> Ledger:
    """The ledger under home, made on first use."""
    return Ledger.open(
        settings.ledger,
        time_zone=settings.time_zone,
        threads=settings.threads,
        memory_limit=settings.memory_limit,
    )


def open_vault(settings: Settings) -> Vault:
    """The personal values, with the key under home."""
    return Vault.open(settings.ledger, settings.keys / "personal.key")
