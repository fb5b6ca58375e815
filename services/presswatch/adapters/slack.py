"""Slack by slack_sdk: one message out, with an answer that says what to do next.

Retries are the caller's: only it can look into the ledger before it says something twice. The token and the webhook
address never reach a log or an error text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.error import URLError

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from presswatch.core.errors import BadMessageError, ConfigError, RetryableError
from presswatch.settings import SlackSettings

log = structlog.get_logger(__name__)

_CREDENTIALS = {
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "no_permission", "missing_scope",
    "org_login_required", "ekm_access_denied", "team_access_not_granted", "no_service", "no_team", "action_prohibited",
    "invalid_token", "no_active_hooks",
}  # fmt: skip
_PASSING = {
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "rollup_error",
}


class RateLimitedError(RetryableError):
    """Slack asks to wait. Nothing was posted.

    Args:
        retry_after_s: seconds, from the Retry-After header.
    """

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"Slack limits the rate: wait {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class UnknownOutcomeError(RetryableError):
    """The connection broke or Slack failed inside: the message may have been posted."""


class CredentialsError(RetryableError):
    """Slack refuses the token or webhook. Alerts wait until a person mends it; none is lost."""


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message is. `ts` is None with a webhook, which does not tell."""

    channel: str | None
    ts: str | None


class Poster(Protocol):
    """What `deliver` needs of Slack."""

    def post(self, channel: str, message: dict[str, Any]) -> Posted:
        """Post a message.

        Raises:
            RateLimitedError: wait, nothing was posted.
            UnknownOutcomeError: it may have been posted.
            CredentialsError: the token is refused.
            BadMessageError: Slack will never take it (reason ``slack_...``).
        """

    def find(self, channel: str, notification: str, since_s: float) -> Posted | None:
        """Return the message of this notification if the channel has one since then (seconds since 1970)."""


def make_poster(slack: SlackSettings) -> Poster | None:
    """Return the way to Slack that the settings give, or None if they give none."""
    if slack.token is not None and slack.webhook is not None:
        raise ConfigError("slack.token and slack.webhook are both set; unset one (a bot token delivers more exactly)")
    if slack.token is not None:
        return _BotPoster(slack)
    if slack.webhook is not None:
        return _WebhookPoster(slack)
    return None


class _BotPoster:
    def __init__(self, slack: SlackSettings) -> None:
        assert slack.token is not None
        self._client = WebClient(
            token=slack.token.get_secret_value(), base_url=slack.api_url + "/", timeout=15, retry_handlers=[]
        )
        self._ids: dict[str, str] = {}

    def post(self, channel: str, message: dict[str, Any]) -> Posted:
        with _translated():
            answer = self._client.chat_postMessage(
                channel=channel, parse="none", link_names=False, unfurl_links=False, unfurl_media=False, mrkdwn=False,
                **message,
            )  # fmt: skip
        self._ids[channel] = str(answer["channel"])
        return Posted(str(answer["channel"]), str(answer["ts"]))

    def find(self, channel: str, notification: str, since_s: float) -> Posted | None:
        try:
            return self._find(channel, notification, since_s)
        except (CredentialsError, BadMessageError) as error:
            log.warning("cannot look whether Slack has the message; it may come twice", why=str(error))
            return None

    def _find(self, channel: str, notification: str, since_s: float) -> Posted | None:
        cursor: str | None = None
        while True:
            with _translated():
                answer = self._client.conversations_history(
                    channel=self._channel_id(channel), oldest=f"{since_s:.6f}", include_all_metadata=True, limit=200,
                    cursor=cursor,
                )  # fmt: skip
            for message in answer["messages"]:
                payload = (message.get("metadata") or {}).get("event_payload") or {}
                if payload.get("notification") == notification:
                    return Posted(channel, str(message["ts"]))
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None

    def _channel_id(self, channel: str) -> str:
        """conversations.history takes ids only, chat.postMessage names as well."""
        if not channel.startswith("#"):
            return channel
        if channel not in self._ids:
            cursor: str | None = None
            while True:
                with _translated():
                    answer = self._client.conversations_list(
                        limit=1000, cursor=cursor, exclude_archived=True, types="public_channel,private_channel"
                    )
                self._ids.update({f"#{found['name']}": found["id"] for found in answer["channels"]})
                cursor = (answer.get("response_metadata") or {}).get("next_cursor")
                if channel in self._ids or not cursor:
                    break
        return self._ids.get(channel, channel)


class _WebhookPoster:
    def __init__(self, slack: SlackSettings) -> None:
        assert slack.webhook is not None
        self._client = WebhookClient(slack.webhook.get_secret_value(), timeout=15, retry_handlers=[])

    def post(self, channel: str, message: dict[str, Any]) -> Posted:
        with _translated():
            answer = self._client.send(
                text=message["text"], blocks=message["blocks"], unfurl_links=False, unfurl_media=False
            )
        if answer.status_code == 200:
            return Posted(None, None)
        if answer.status_code == 429:
            raise RateLimitedError(_retry_after(answer.headers))
        if answer.status_code >= 500:
            raise UnknownOutcomeError(f"Slack answered {answer.status_code}")
        error = answer.body.strip()[:100]
        if error in _CREDENTIALS or answer.status_code in {401, 404}:
            raise CredentialsError(f"Slack refuses the webhook ({error}); set another one")
        raise BadMessageError(f"slack_{_label(error)}", f"Slack answered {answer.status_code} {error}")

    def find(self, channel: str, notification: str, since_s: float) -> Posted | None:
        """A webhook cannot look back."""
        return None


@contextmanager
def _translated() -> Iterator[None]:
    """Turn slack_sdk's errors into ours, none of which carries a header, an address or a token."""
    try:
        yield
    except SlackApiError as error:
        response = error.response
        status = getattr(response, "status_code", 0)
        code = str(response.get("error") or "unknown") if hasattr(response, "get") else "unknown"
        if status == 429 or code in {"ratelimited", "rate_limited"}:
            raise RateLimitedError(_retry_after(getattr(response, "headers", {}))) from None
        if status >= 500 or code in _PASSING:
            raise UnknownOutcomeError(f"Slack answered {status} {code}") from None
        if code in _CREDENTIALS:
            raise CredentialsError(f"Slack refuses the token ({code}); set another one or give it the scope") from None
        raise BadMessageError(f"slack_{_label(code)}", f"Slack answered {code}") from None
    except (SlackClientError, URLError, OSError) as error:
        raise UnknownOutcomeError(f"no answer from Slack: {type(error).__name__}") from None


def _retry_after(headers: Any) -> float:
    found = next((value for name, value in dict(headers).items() if name.lower() == "retry-after"), "1")
    value = found[0] if isinstance(found, list) else found
    try:
        return max(0.0, float(value))
    except ValueError:
        return 1.0


def _label(code: str) -> str:
    """Bound what becomes a metric label."""
    return code if code.replace("_", "").isalpha() and len(code) <= 40 else "refused"
