"""HTTP headers of the service."""

KEY_HEADER = "X-API-Key"
ENTITY_HEADER = "X-Entity-Key"
REQUEST_ID_HEADER = "X-Request-ID"
