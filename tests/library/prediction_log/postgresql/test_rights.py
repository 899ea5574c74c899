"""What the log needs of a database and of its user."""

from contextlib import closing

import pytest

from mlops_loop.errors import StoreError
from mlops_loop.prediction_log import Counts

from ...store_server import opened
from ...stores.postgresql import Server
from ..records import plain


def test_a_database_that_does_not_hold_every_text_is_refused(server: Server, address: str) -> None:
    server.ask("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StoreError, match="ENCODING 'UTF8'"):
        opened(address.replace("/postgres?", "/narrow?"))


def test_a_user_may_do_with_a_schema_that_was_made_for_them(
    server: Server, address: str, schema: str
) -> None:
    server.ask("CREATE ROLE guest LOGIN")
    as_guest = address.replace("postgres@", "guest@")
    with pytest.raises(StoreError, match="let this user create schemas"):
        opened(as_guest)
    server.ask(f"CREATE SCHEMA {schema} AUTHORIZATION guest")
    with closing(opened(as_guest)) as log:
        log.append([plain("a", entity_key="k")]).result()
        assert log.erase("k") == 1
        assert log.totals() == Counts(0, 0)
