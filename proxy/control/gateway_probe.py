"""Asks the gateway whether it lives, as often as somebody wants to know but not more than every few seconds."""

import ssl
import threading
import urllib.error
import urllib.request
from typing import Final

from proxy.core.clock import monotonic

__all__ = ["GatewayProbe"]

_TIMEOUT_S: Final = 2.0
_KEPT_S: Final = 5.0


class GatewayProbe:
    """`problem` is why the gateway at `url` does not answer; empty: it does."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._asked_at = -_KEPT_S
        self._problem = ""

    def problem(self) -> str:
        with self._lock:
            if monotonic() - self._asked_at >= _KEPT_S:
                self._problem = self._ask()
                self._asked_at = monotonic()
            return self._problem

    def _ask(self) -> str:
        trusting = ssl.create_default_context()  # nothing is sent that anybody could read
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        try:
            urllib.request.urlopen(f"{self._url}/healthz", timeout=_TIMEOUT_S, context=trusting).close()
        except urllib.error.HTTPError:
            return ""  # it answers
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            return getattr(reason, "strerror", None) or str(reason) or type(error).__name__
        return ""
