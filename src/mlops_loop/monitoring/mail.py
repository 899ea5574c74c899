"""Alerts by e-mail: `smtp://user:password@host:587/ops@example.org?from=model@example.org`.

`smtp://` speaks TLS as soon as the server offers it (STARTTLS), and sends a password only then;
`smtps://` does from the beginning. Several addresses are separated by commas. Without `from` the
first of them is the sender. User and password may be left out; they belong into the environment.
"""

import smtplib
import ssl
from email.message import EmailMessage
from http.client import HTTPException
from urllib.parse import parse_qs, unquote, urlsplit

from ..errors import SettingsError
from .receivers import TIMEOUT_SECONDS, Alert, PermanentDeliveryError

_SUBJECT = 120


class MailReceiver:
    """Sends one message an alert to all addresses.

    Args:
        host: of the mail server.
        port: 25, 465 or 587 as a rule.
        sender: the address in `From`.
        to: addresses.
        login: user and password.
        tls: whether the connection begins with TLS.
        timeout: seconds each answer may take.
    """

    def __init__(
        self,
        host: str,
        port: int,
        sender: str,
        to: tuple[str, ...],
        *,
        login: tuple[str, str] | None = None,
        tls: bool = False,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self.name = f"mail server {host}"
        self._place = host, port
        self._sender, self._to = sender, to
        self._login, self._tls, self._patience = login, tls, timeout

    def send(self, alert: Alert) -> None:
        try:
            with self._connected() as server:
                self._log_in(server)
                server.send_message(self._message(alert))
        except smtplib.SMTPDataError as error:
            if error.smtp_code >= 500:
                raise PermanentDeliveryError(f"it answered {error.smtp_code}") from error
            raise
        except (ValueError, smtplib.SMTPException) as error:
            raise HTTPException(str(error)) from error

    def _connected(self) -> smtplib.SMTP:
        if self._tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(*self._place, timeout=self._patience, context=context)
        return smtplib.SMTP(*self._place, timeout=self._patience)

    def _log_in(self, server: smtplib.SMTP) -> None:
        server.ehlo()
        if not self._tls and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        elif not self._tls and self._login:
            raise smtplib.SMTPException("it offers no TLS, so it is not sent a password")
        if self._login:
            server.login(*self._login)

    def _message(self, alert: Alert) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = alert.text.partition("\n")[0][:_SUBJECT]
        message["From"], message["To"] = self._sender, ", ".join(self._to)
        message["Date"] = alert.time
        message.set_content(f"{alert.text}\n")
        return message


def open_mail(address: str) -> MailReceiver:
    """The receiver at an `smtp://` or `smtps://` address.

    Raises:
        SettingsError: if host or recipient is missing, without naming what may be secret.
    """
    parts = urlsplit(address)
    to = tuple(filter(None, unquote(parts.path.strip("/")).split(",")))
    tls = parts.scheme == "smtps"
    try:
        port = parts.port
    except ValueError as error:
        raise SettingsError("alerts.email: the port is no number") from error
    if not parts.hostname or not all("@" in one for one in to) or not to:
        raise SettingsError(
            "alerts.email needs a host and who shall read it: smtp://mail.example.org/a@example.org"
        )
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    sender = parse_qs(parts.query).get("from", [to[0]])[0]
    return MailReceiver(
        parts.hostname, port or (465 if tls else 25), sender, to, login=login, tls=tls
    )
