"""Deliver: notifications in, Slack messages out, each once.

The intent is written to the ledger before Slack is called, the outcome after. A process that dies in between leaves
a claim; who finds it looks into the channel for the message before it posts again.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog

from presswatch import latency, metrics
from presswatch.adapters.kafka import DeadLetters, Record
from presswatch.adapters.slack import CredentialsError, Posted, Poster, RateLimitedError, UnknownOutcomeError
from presswatch.alerter.ledger import Entry, Ledger
from presswatch.alerter.render import render
from presswatch.core.alerts import RECORD_RECEIVER
from presswatch.core.canary import is_canary
from presswatch.core.errors import BadMessageError, RetryableError
from presswatch.core.messages import Notification
from presswatch.forgetting.log import ForgottenArticles
from presswatch.kibana.links import Discover
from presswatch.runtime import Health, StopSignal, now_ms
from presswatch.settings import SlackSettings

log = structlog.get_logger(__name__)

LEASE_MS = 10_000
"""A claim of another process is left alone for so long; longer than a post with its time-out would be kinder, but a
dead process' alert waits for it, and the look into the channel catches what was posted after all."""

CHANNELS_AT_ONCE = 8
ATTEMPTS_IN_A_ROW = 5


class Deliverer:
    """Handles one batch of notifications: channels side by side, within a channel one after another.

    Args:
        owner: a name of this process that no other has or had.
        forgotten: articles of which nothing is sent; asked anew before each message.
        kibana: for links in the messages.
    """

    def __init__(
        self,
        slack: SlackSettings,
        poster: Poster,
        ledger: Ledger,
        dead: DeadLetters,
        health: Health,
        stop: StopSignal,
        owner: str,
        forgotten: ForgottenArticles,
        kibana: Discover | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slack = slack
        self._poster = poster
        self._ledger = ledger
        self._dead = dead
        self._health = health
        self._stop = stop
        self._owner = owner
        self._forgotten = forgotten
        self._kibana = kibana
        self._clock = clock
        self._free_at: dict[str, float] = defaultdict(float)
        self._youngest_canary = 0

    def handle(self, records: Sequence[Record]) -> None:
        """Deliver a batch; returns when each of it is sent, recorded, known already, or a dead letter.

        Raises:
            RetryableError: not all could be delivered now. The ledger knows which were, so the batch can come again.
        """
        self._dead.breaker.saw(len(records))
        by_channel: dict[str, list[tuple[Record, Notification]]] = defaultdict(list)
        canaries: list[Notification] = []
        for record in records:
            try:
                notification = Notification.decode(record.value)
                if is_canary(notification.receiver):
                    canaries.append(notification)
                    continue
                by_channel[self._channel(notification.receiver)].append((record, notification))
            except BadMessageError as error:
                self._dead.send(record, error)
                metrics.NOTIFICATIONS.labels("unknown", "dead").inc()
        with ThreadPoolExecutor(max_workers=CHANNELS_AT_ONCE) as pool:
            outcomes = [pool.submit(self._deliver_channel, channel, items) for channel, items in by_channel.items()]
        for outcome in outcomes:
            outcome.result()
        # Last, so that no canary arrives before the alerts that came with it.
        for canary in canaries:
            self._arrived(canary)
        metrics.RECORDS.labels("deliver", "canary").inc(len(canaries))
        metrics.RECORDS.labels("deliver", "ok").inc(len(records) - len(canaries))

    def _arrived(self, canary: Notification) -> None:
        """Note that a canary has come the whole way; nobody else hears of it."""
        article = canary.match.article
        self._youngest_canary = max(self._youngest_canary, article.fetched)
        metrics.CANARY_ARRIVED.labels("deliver").set(self._youngest_canary / 1000)
        latency.observe("deliver", article, now_ms())
        log.debug("canary arrived", article=article.id)

    def _channel(self, receiver: str) -> str:
        kind, _, name = receiver.partition(":")
        if receiver == RECORD_RECEIVER:
            return ""
        if kind != "slack" or not name:
            raise BadMessageError("unknown_receiver", f"{receiver!r} is no receiver; write it like slack:grain-desk")
        if name == "default":
            return self._slack.channel
        return self._slack.channels.get(name, f"#{name}")

    def _deliver_channel(self, channel: str, items: list[tuple[Record, Notification]]) -> None:
        for record, notification in items:
            self._health.beat("deliver")
            if self._stop.is_set():
                raise RetryableError("stopping; the rest of the batch comes again")
            if self._is_forgotten(notification):
                metrics.NOTIFICATIONS.labels("slack" if channel else "record", "forgotten").inc()
            elif channel:
                self._send_once(channel, record, notification)
            else:
                self._record_once(notification)

    def _is_forgotten(self, notification: Notification) -> bool:
        self._forgotten.renew()
        return notification.match.article.id in self._forgotten

    def _record_once(self, notification: Notification) -> None:
        there = self._ledger.record(notification, self._owner, now_ms())
        metrics.NOTIFICATIONS.labels("record", "known" if there else "recorded").inc()

    def _send_once(self, channel: str, record: Record, notification: Notification) -> None:
        there = self._ledger.claim(notification, channel, self._owner, now_ms())
        doubtful_since: int | None = None
        if there is not None:
            if there.state in {"sent", "recorded"}:
                metrics.NOTIFICATIONS.labels("slack", "known").inc()
                return
            if there.state == "sending":
                self._respect_lease(there)
                doubtful_since = there.claimed
            self._ledger.retake(notification, there, self._owner, now_ms())
        try:
            posted = self._post(channel, notification, doubtful_since)
        except BadMessageError as error:
            self._dead.send(record, error)
            self._ledger.mark_failed(notification, error.reason)
            metrics.NOTIFICATIONS.labels("slack", "dead").inc()
            return
        if posted is None:
            self._ledger.mark_forgotten(notification)
            metrics.NOTIFICATIONS.labels("slack", "forgotten").inc()
            return
        done = now_ms()
        self._ledger.mark_sent(notification, posted.channel, posted.ts, done)
        metrics.NOTIFICATIONS.labels("slack", "sent").inc()
        latency.observe("deliver", notification.match.article, done)
        log.info(
            "alert sent", rule=notification.match.rule.id, article=notification.match.article.id,
            notification=notification.id, channel=channel,
        )  # fmt: skip

    def _respect_lease(self, there: Entry) -> None:
        """Another process may be posting at this moment: wait until its claim is old enough to be doubtful."""
        left_ms = there.claimed + LEASE_MS - now_ms()
        if there.claimed_by != self._owner and left_ms > 0 and self._stop.wait(left_ms / 1000):
            raise RetryableError("stopping; another process holds this notification")

    def _post(self, channel: str, notification: Notification, doubtful_since: int | None) -> Posted | None:
        """Post until the outcome is known. A rate limit is waited out; a broken connection is looked into.

        Returns:
            Where it is; None if its article is to be forgotten since.
        """
        for _ in range(ATTEMPTS_IN_A_ROW):
            if doubtful_since is not None:
                found = self._poster.find(channel, notification.id, doubtful_since / 1000 - 60)
                if found is not None:
                    metrics.SLACK_REQUESTS.labels("found").inc()
                    return found
            if not self._pace(channel, notification):
                return None
            message = render(notification, now_ms(), self._kibana)
            started = now_ms()
            try:
                with metrics.SLACK_SECONDS.time():
                    posted = self._poster.post(channel, message)
            except RateLimitedError as error:
                metrics.SLACK_REQUESTS.labels("rate_limited").inc()
                self._free_at[channel] = self._clock() + error.retry_after_s
                doubtful_since = None
            except UnknownOutcomeError as error:
                metrics.SLACK_REQUESTS.labels("unknown").inc()
                log.warning(
                    "Slack may or may not have the alert", article=notification.match.article.id,
                    notification=notification.id, why=str(error),
                )  # fmt: skip
                doubtful_since = started
                self._free_at[channel] = self._clock() + 1.0
            except CredentialsError:
                metrics.SLACK_REQUESTS.labels("credentials").inc()
                raise
            except BadMessageError:
                metrics.SLACK_REQUESTS.labels("refused").inc()
                raise
            else:
                metrics.SLACK_REQUESTS.labels("ok").inc()
                return posted
        raise RetryableError(f"Slack did not take an alert for {channel} in {ATTEMPTS_IN_A_ROW} attempts")

    def _pace(self, channel: str, notification: Notification) -> bool:
        """Wait until the channel may have another message, in steps that keep the heart beating.

        Returns:
            Whether it may be sent; False if its article is to be forgotten since.
        """
        while not self._is_forgotten(notification):
            wait_s = self._free_at[channel] - self._clock()
            if wait_s <= 0:
                self._free_at[channel] = self._clock() + self._slack.per_channel_s
                return True
            self._health.beat("deliver")
            if self._stop.wait(min(wait_s, 1.0)):
                raise RetryableError("stopping; the rest of the batch comes again")
        return False
