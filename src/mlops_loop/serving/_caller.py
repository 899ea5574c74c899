"""Who sends a request, and what they may do."""

from msgspec import Struct

from ._problem import Problem


class Caller(Struct, frozen=True):
    """The caller of a request.

    Attributes:
        name: e.g. `key shop` for an API key; recorded with requests, predictions and labels.
            Empty for an anonymous caller.
        scopes: what the caller may do. `predict`, `label` and `metrics` admit to the library's
            routes, and `admin` includes every scope; routes of your own may ask for others.

    Examples:
        >>> shop = Caller("key shop", frozenset({"predict"}))
        >>> shop.has("predict"), shop.has("label")
        (True, False)
        >>> Caller("key ops", frozenset({"admin"})).has("label")
        True
    """

    name: str
    scopes: frozenset[str]

    def has(self, scope: str) -> bool:
        """Whether the caller has a scope."""
        return scope in self.scopes or "admin" in self.scopes

    @property
    def is_official(self) -> bool:
        """Whether labels of this caller replace those of others.

        They do for `admin`, and for `label` without `predict`: a caller that asks for predictions
        does not decide what they should have been.
        """
        return "admin" in self.scopes or ("label" in self.scopes and "predict" not in self.scopes)

    def require(self, *scopes: str) -> None:
        """Raise `Problem` with status 403 if the caller lacks one of the scopes."""
        for scope in scopes:
            if not self.has(scope):
                raise Problem(
                    403,
                    f"{self.name or 'an anonymous caller'} does not have the scope {scope!r}:"
                    f" use an API key that has it (`key create NAME --scope {scope}`)",
                )


# Admitted where there are no keys and anonymous requests are allowed.
ANONYMOUS = Caller("", frozenset({"predict", "label", "metrics"}))
