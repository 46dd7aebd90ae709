"""What can go wrong between a caller and the API, beside the errors that the domain itself raises."""

from graph.errors import YujingError


class UnauthenticatedError(YujingError):
    """No key, an unknown key, or a revoked one: deliberately indistinguishable."""


class ForbiddenError(YujingError):
    """The caller is known, and may not do this."""


class KeyReusedError(YujingError):
    """An `Idempotency-Key` came back with another body."""


class TooLargeError(YujingError):
    """The body is over the limit."""


class MediaTypeError(YujingError):
    """The body is not of a type that the route reads."""
