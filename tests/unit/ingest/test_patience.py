"""How long a run waits for Kafka: until a stop, or until nothing has succeeded for too long."""

from __future__ import annotations

from presswatch.ingest.delivery import Patience
from presswatch.runtime import StopSignal


def test_patience_ends_by_itself_and_is_renewed_by_success() -> None:
    now = [0.0]
    patience = Patience(StopSignal(), 10, lambda: now[0])
    now[0] = 9.9
    assert not patience.is_set()
    patience.renew()
    now[0] = 19.8
    assert not patience.exhausted()
    now[0] = 19.9
    assert patience.is_set()
    assert patience.exhausted()
    assert patience.wait(1000)


def test_a_stop_is_not_exhaustion() -> None:
    stop = StopSignal()
    patience = Patience(stop, None)
    assert not patience.wait(0.001)
    stop.set()
    assert patience.wait(1000)
    assert not patience.exhausted()
