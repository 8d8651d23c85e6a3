"""State that moto has no call for: what `POST /_exfilguard/put` sets."""

import threading

# What an item must name besides `kind`.
KEYS = {
    "alarm_mute_rule": {"account", "region", "name", "value"},
    "alarm_state": {"account", "region", "name", "value"},
    "composite_alarm": {"account", "region", "name", "value"},
    "event_data_store": {"account", "region", "value"},
    "insights_behaviour": {"account", "region", "value"},
    "log_events": {"account", "region", "name", "records", "seconds_late"},
    "guardduty_finding": {"account", "region", "value"},
    "macie_finding": {"account", "region", "value"},
    "macie_job": {"account", "region", "value"},
    "macie_bucket": {"account", "region", "name", "value"},
    "pending_subscription": {"arn"},
    "bucket_policy": {"bucket", "text"},
    "trail_status": {"arn", "value"},
    "trusted_ip_set": {"account", "region", "name", "value"},
    "effective_policy": {"account", "policy_type", "content"},
}


class SeededState:
    """The items, each a JSON object with `kind` and the keys of that kind."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: list[dict] = []

    def put(self, items: list[dict]) -> None:
        """Adds items; a later item with the same identity wins. A misspelt item raises `ValueError`."""
        for item in items:
            kind = item.get("kind")
            if kind not in KEYS:
                raise ValueError(f"`kind` must be one of {sorted(KEYS)}, not {kind!r}")
            if (given := item.keys() - {"kind"}) != KEYS[kind]:
                raise ValueError(f"`{kind}` needs the keys {sorted(KEYS[kind])}, not {sorted(given)}")
        with self._lock:
            self._items.extend(items)

    def reset(self) -> None:
        """Forgets all items."""
        with self._lock:
            self._items = []

    def all(self, kind: str, **identity: str) -> list[dict]:
        """The items of a kind whose keys equal `identity`, oldest first."""
        with self._lock:
            return [
                item
                for item in self._items
                if item["kind"] == kind and all(item[name] == value for name, value in identity.items())
            ]

    def last(self, kind: str, **identity: str) -> dict | None:
        """The item of a kind that was put last."""
        return next(reversed(self.all(kind, **identity)), None)
