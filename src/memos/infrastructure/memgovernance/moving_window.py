"""MovingWindow: the store's own counters as a storage of the library `limits`, whose strategy decides."""

from __future__ import annotations

from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from memos.ports.counters import Counting


def limiter(counting: Counting) -> MovingWindowRateLimiter:
    """The strategy over the counters of one transaction."""
    return MovingWindowRateLimiter(CountingStorage(counting))


class CountingStorage(Storage, MovingWindowSupport):
    """Serves moving windows; what the library's other strategies ask of a storage is not offered."""

    STORAGE_SCHEME = None

    def __init__(self, counting: Counting) -> None:
        super().__init__(wrap_exceptions=False)
        self._counting = counting

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """None is wrapped."""
        return ()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """See `memos.ports.counters.Counting.take`."""
        return self._counting.take(key, limit, expiry, amount)

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """See `memos.ports.counters.Counting.window`."""
        return self._counting.window(key, limit, expiry)

    def check(self) -> bool:
        """Whoever has a transaction has a storage that answers."""
        return True

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """No strategy but the moving window is used."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """No strategy but the moving window is used."""
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        """No strategy but the moving window is used."""
        raise NotImplementedError

    def reset(self) -> int | None:
        """What was used is not taken back."""
        raise NotImplementedError

    def clear(self, key: str) -> None:
        """What was used is not taken back."""
        raise NotImplementedError
