"""Identity of articles: canonical URLs, article ids, and the hash that tells one wording from another.

All of it is deterministic and free of I/O, so the same article gets the same id from any feed, process or year.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

ID_DIGITS = 32
"""Hex digits of an id: 128 bits, so a collision among 10**12 articles has odds of about 10**-15."""

_TRACKERS = re.compile(
    r"(utm_\w+|mtm_\w+|pk_\w+|piwik_\w+|hsa_\w+|wt_?mc|wt\.\w+|at_(medium|campaign|custom\d|link\w*|format|bbc_team|ptr_name)"
    r"|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|ttclid|igshid|igsh|mc_cid|mc_eid|_hsenc|_hsmi|mkt_tok"
    r"|cmpid|cmp|ns_\w+|ocid|ito|xtor|smid|smtyp|spm|scid|ftag|guccounter|guce_\w+|ref|ref_src|ref_url|rss|feed|partner"
    r"|__twitter_impression|amp|outputtype|output)",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def canonical_url(url: str) -> str:
    """Return the form of a web address under which the article is known, or "" if it is no http(s) address.

    Scheme becomes https, host lower-case without "www." and "amp." and without a default port; fragment, tracking
    parameters, AMP forms and a trailing slash go; the remaining parameters are sorted. This is a key, not a
    link: fetch and show the address as it came.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").rstrip(".").lower()
    if parts.scheme.lower() not in _DEFAULT_PORTS or not host:
        return ""
    for prefix in ("www.", "amp.", "m."):
        if host.startswith(prefix) and host.count(".") >= 2:
            host = host.removeprefix(prefix)
    if ":" in host:
        host = f"[{host}]"
    if port and port != _DEFAULT_PORTS[parts.scheme.lower()]:
        host = f"{host}:{port}"
    path = re.sub(r"/{2,}", "/", parts.path)
    path = re.sub(r"(^/amp(?=/.)|/amp/?$|\.amp(?=\.html?$)|(?<=.)\.amp$)", "", path).rstrip("/")
    query = sorted(pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKERS.fullmatch(pair[0]))
    return urlunsplit(("https", host, path or "/", urlencode(query), ""))


def domain_of(url: str) -> str:
    """Return the host of a web address, lower-case and without "www.", or ""."""
    try:
        host = urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""
    return host.rstrip(".").lower().removeprefix("www.")


def digest(*parts: str) -> str:
    """Hash strings to an id of `ID_DIGITS` hex digits; ("a", "b") and ("ab", "") differ."""
    hasher = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        hasher.update(len(data).to_bytes(8, "big"))
        hasher.update(data)
    return hasher.hexdigest()[:ID_DIGITS]


def article_id(
    url: str | None = None,
    source: str | None = None,
    external_id: str | None = None,
    title: str = "",
    text: str = "",
) -> str:
    """Return the id of an article: by its canonical URL; else by source and external id; else by title and text."""
    canonical = canonical_url(url or "")
    if canonical:
        return digest("url", canonical)
    if source and external_id:
        return digest("external", source, external_id)
    return digest("text", normalise_wording(title), normalise_wording(text))


_COUNTER = re.compile(
    r"\b\d[\d.,\u00a0\u202f ]*[km]?\s*(views?|comments?|shares?|likes?|min(ute)?s? read|reads?"
    r"|commentaires?|vues|partages|comentarios?|vistas|kommentare?|aufrufe|комментари\w*|просмотр\w*|تعليق\w*|مشاهد\w*)\b"
)
_UPDATED_LINE = re.compile(
    r"^\W*(last |first )?(updated?|published|modified|posted|mis à jour|publié|actualizado|publicado|aktualisiert"
    r"|veröffentlicht|stand|обновлено|опубликовано|آخر تحديث|نشر)\b.{0,60}$"
)


def normalise_wording(text: str) -> str:
    """Reduce a text to its wording: case, white space, counters and "updated" lines do not tell two texts apart."""
    lines = unicodedata.normalize("NFKC", text).casefold().splitlines()
    kept = (" ".join(_COUNTER.sub(" ", line).split()) for line in lines if not _UPDATED_LINE.match(line.strip()))
    return " ".join(line for line in kept if line)


def wording_hash(title: str, text: str) -> str:
    """Return the hash that is equal for two revisions exactly if their wording is (see `normalise_wording`)."""
    return digest(normalise_wording(title), normalise_wording(text))


def id_of(written: str) -> str:
    """Return the id of the article that somebody names by its address; what is no address is taken for an id."""
    return article_id(written) if canonical_url(written) else written
