"""Time as it was told before two faults were mended: what tries our clocks must find a payment doubled with either."""

from __future__ import annotations

from datetime import timedelta

from storage.watch import Absence, Sending, Watch
from sync.effects import SEND_SECONDS


class ByTheWallClock(Watch):
    """The window is over when the wall clock says so."""

    def absence(self, sending: Sending, asked: float, window_seconds: float) -> Absence | None:  # noqa: ARG002
        assert sending.deadline_at is not None
        settle = timedelta(seconds=window_seconds - SEND_SECONDS)
        return Absence(sending.id, sending.sendings, 0.0) if self._clock.now() >= sending.deadline_at + settle else None


class AfterTheAnswer(Watch):
    """The moment of the answer counts, not that of the question."""

    def absence(self, sending: Sending, asked: float, window_seconds: float) -> Absence | None:  # noqa: ARG002
        return super().absence(sending, self.moment(), window_seconds)
