"""What callers of the service may do."""

from typing import Literal, get_args

Scope = Literal["predict", "label", "metrics", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
