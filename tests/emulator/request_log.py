"""How often each operation was called."""

import threading
from collections import Counter

from service_call import Call


class RequestLog:
    """Counts calls by `service:Operation` and by account."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forgets all calls."""
        with self._lock:
            self._by_operation: Counter[str] = Counter()
            self._by_account: Counter[str] = Counter()

    def add(self, call: Call) -> None:
        """Counts one call."""
        with self._lock:
            self._by_operation[f"{call.service}:{call.operation}"] += 1
            self._by_account[call.account] += 1

    def summary(self) -> dict:
        """What `GET /_exfilguard/requests` answers."""
        with self._lock:
            return {
                "total": self._by_operation.total(),
                "by_operation": dict(sorted(self._by_operation.items())),
                "by_account": dict(sorted(self._by_account.items())),
            }
