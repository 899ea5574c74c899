"""HTTP headers of the service."""

KEY_HEADER = "X-API-Key"
ENTITY_HEADER = "X-Entity-Key"
REQUEST_ID_HEADER = "X-Request-ID"

# Request line and headers of a request (limit), where `serve` runs the server.
MAX_HEAD_BYTES = 65_536
# Sent with every response that does not have them: browsers take no response for something else
# than its media type, show none in the frame of a page, and do not tell others its address.
BROWSER_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
