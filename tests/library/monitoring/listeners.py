"""Real servers that receive alerts."""

import json
import socketserver
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler


@dataclass
class Hook:
    """A real HTTP server that answers with the statuses it is given, then with 200."""

    statuses: list[int] = field(default_factory=list)
    heard: list[tuple[str, object]] = field(default_factory=list)
    url: str = ""
    dripping: bool = False
    body: int = 2

    def answer(self, request: BaseHTTPRequestHandler) -> int:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        self.heard.append((request.headers["Content-Type"], json.loads(body)))
        return self.statuses.pop(0) if self.statuses else 200

    def drip(self, request: BaseHTTPRequestHandler) -> None:
        """Send one byte of an endless header after another, each long before any timeout."""
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
        with suppress(OSError):
            while self.dripping:
                request.wfile.write(b"x")
                time.sleep(0.01)


@dataclass
class Mail:
    """A real SMTP server, as little of one as a client needs; it keeps what it is sent."""

    heard: list[bytes] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    answer: str = "250 taken"
    port: int = 0

    def talk(self, lines: socketserver.StreamRequestHandler) -> None:
        self._say(lines, "220 ready")
        while line := lines.rfile.readline().decode().strip():
            word = line.partition(" ")[0].upper()
            if word == "DATA":
                self._say(lines, "354 go on")
                self._take(lines)
                self._say(lines, self.answer)
            elif word == "QUIT":
                return self._say(lines, "221 bye")
            else:
                if word == "RCPT":
                    self.to.append(line.partition(":")[2])
                self._say(lines, "250 fine")

    def _take(self, lines: socketserver.StreamRequestHandler) -> None:
        message = b"".join(iter(lines.rfile.readline, b".\r\n"))
        if self.answer.startswith("250"):
            self.heard.append(message)

    def _say(self, lines: socketserver.StreamRequestHandler, answer: str) -> None:
        lines.wfile.write(f"{answer}\r\n".encode())
