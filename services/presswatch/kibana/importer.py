"""Brings saved objects into Kibana by its API: POST /api/saved_objects/_import, which answers 200 even if it refuses some."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import quote

import orjson
import urllib3

from presswatch.core.errors import ConfigError, RetryableError
from presswatch.settings import KibanaSettings

_TOO_MANY_REQUESTS, _UNAVAILABLE = 429, 503


def import_objects(kibana: KibanaSettings, content: str) -> Counter[str]:
    """Import saved objects; ours that are there already are replaced, and no other is touched.

    Args:
        content: NDJSON.

    Returns:
        How many were imported, by type.

    Raises:
        ConfigError: Kibana has no address, refuses us, or refuses an object; the text says which and why.
        RetryableError: Kibana cannot be reached or is not ready.
    """
    if kibana.url is None:
        raise ConfigError("where is Kibana? Set kibana.url, or give --url http://HOST:5601")
    space = f"/s/{quote(kibana.space, safe='')}" if kibana.space else ""
    url = f"{kibana.url}{space}/api/saved_objects/_import?overwrite=true"
    try:
        with urllib3.PoolManager(
            ca_certs=str(kibana.ca_file) if kibana.ca_file else None,
            timeout=kibana.timeout_s,
            retries=urllib3.Retry(
                3,
                connect=0,
                backoff_factor=1,
                status_forcelist=[_TOO_MANY_REQUESTS, _UNAVAILABLE],
                allowed_methods=["POST"],  # overwrites by id, so that again is the same
                redirect=False,
                raise_on_status=False,
            ),
        ) as pool:
            answer = pool.request(
                "POST",
                url,
                headers={"kbn-xsrf": "presswatch", **_who(kibana)},
                fields={"file": ("presswatch.ndjson", content, "application/ndjson")},
            )
    except urllib3.exceptions.HTTPError as error:
        raise RetryableError(f"Kibana at {kibana.url} cannot be reached: {error}") from error
    return _judge(kibana, answer.status, answer.data)


def _who(kibana: KibanaSettings) -> dict[str, str]:
    if kibana.api_key is not None:
        return {"Authorization": f"ApiKey {kibana.api_key.get_secret_value()}"}
    if kibana.username and kibana.password is not None:
        return dict(urllib3.make_headers(basic_auth=f"{kibana.username}:{kibana.password.get_secret_value()}"))
    return {}


def _judge(kibana: KibanaSettings, status: int, data: bytes) -> Counter[str]:
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        body = None
    if status in {_TOO_MANY_REQUESTS, _UNAVAILABLE}:
        raise RetryableError(f"Kibana at {kibana.url} is not ready (HTTP {status}): try again in a minute")
    if status in {401, 403}:
        raise ConfigError(
            f"Kibana at {kibana.url} refuses us (HTTP {status}): set kibana.api_key, or kibana.username and kibana.password, "
            "of somebody who may manage saved objects"
        )
    if status != 200 or not isinstance(body, dict) or "success" not in body:
        text = (body or {}).get("message") if isinstance(body, dict) else data[:200].decode(errors="replace")
        raise ConfigError(f"what answers at {kibana.url} is no Kibana that takes our import (HTTP {status}): {text}")
    if not body["success"]:
        refused = "; ".join(_refusal(error) for error in body.get("errors", []))
        raise ConfigError(f"Kibana took {body.get('successCount', 0)} objects and refused: {refused}")
    return Counter(str(one.get("type")) for one in body.get("successResults", []))


def _refusal(error: dict[str, Any]) -> str:
    why = error.get("error", {})
    missing = [f"{one.get('type')} {one.get('id')}" for one in why.get("references", [])]
    detail = why.get("message") or ", ".join(missing)
    return f"{error.get('type')} {error.get('id')}: {why.get('type', 'unknown reason')}" + (
        f" ({detail})" if detail else ""
    )
