"""Addresses in Kibana's Discover with a query filled in."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from presswatch.kibana.ids import ARTICLES_VIEW, object_id
from presswatch.settings import Settings


@dataclass(frozen=True, slots=True)
class Discover:
    """Links into Discover over our articles.

    Args:
        base: Kibana's address, with the space if it is not the default one.
        view: id of the data view.
    """

    base: str
    view: str

    @classmethod
    def of(cls, settings: Settings) -> Discover | None:
        """Return the links of a system, or None if it has no Kibana."""
        kibana = settings.kibana
        if kibana.url is None:
            return None
        space = f"/s/{kibana.space}" if kibana.space else ""
        return cls(kibana.url + space, object_id(settings.elasticsearch.prefix, ARTICLES_VIEW))

    def article(self, article: str) -> str:
        """Return the address of one article."""
        return self._search(f"id:{_quoted(article)}")

    def rule(self, rule: str) -> str:
        """Return the address of all articles that a rule matched."""
        return self._search(f"rule:{_quoted(rule)}")

    def _search(self, query: str) -> str:
        state = f"(index:{_rison(self.view)},query:(language:lucene,query:{_rison(query)}))"
        return f"{self.base}/app/discover#/?_g=(time:(from:now-5y,to:now))&_a={quote(state, safe='(),:')}"


def _quoted(value: str) -> str:
    inner = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'


def _rison(text: str) -> str:
    """Write a string in rison, the notation of Kibana's addresses, where ``!`` escapes itself and the quote."""
    inner = text.replace("!", "!!").replace("'", "!'")
    return f"'{inner}'"
