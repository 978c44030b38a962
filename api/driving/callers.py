"""Who asks the service on a driven day: a key for each role and tenant, tokens for drivers, and a ledger of answers.

Every refusal must be one of the park's own and say what it is for; whatever else goes wrong is a fault of the drive. An
answer of 5xx is a failure of the service; where it says when to come again, that is done.
"""

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from api.driving.connections import Answer, Connections
from api.http import problems
from dispatch.model import refusals
from dispatch.model.callers import Role

FAULTS = {refusals.KeyReused, refusals.StoreFull, refusals.StoreUnavailable}  # refusals that no driven day should meet
REASONS = {kind.code: status for kind, status in problems.STATUS_OF.items() if kind not in FAULTS}
TOKEN_MINUTES = 60
UNAVAILABLE = 503
TRIES = 30  # where the service says to come again in a moment
NAMED = 20


@dataclass(frozen=True, slots=True)
class Who:
    """A caller: his role, whose he is, and a driver's carrier."""

    role: Role
    tenant: str | None = None
    carrier: str | None = None


OPERATOR = Who(Role.OPERATOR)
AUDITOR = Who(Role.AUDITOR)


@dataclass(slots=True)
class Ledger:
    """How often each operation was answered how, by role; and what should not have been."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)  # operation, "done" or the reason
    requests: Counter[str] = field(default_factory=Counter)  # by role
    examples: dict[tuple[str, str], str] = field(default_factory=dict)  # of each refusal, what the first was for
    failures: Counter[str] = field(default_factory=Counter)  # answers of 5xx, by operation and reason
    fault_count: int = 0
    faults: list[str] = field(default_factory=list)

    def note_fault(self, text: str) -> None:
        """Take note of something that should not have been."""
        self.fault_count += 1
        if len(self.faults) < NAMED:
            self.faults.append(text[:500])

    def refused(self) -> Counter[str]:
        """Return how often was refused for which reason."""
        found: Counter[str] = Counter()
        for (_, reason), count in self.answers.items():
            if reason != "done":
                found[reason] += count
        return found

    def note(self, what: str, answer: Answer) -> None:
        """Take note of an answer."""
        if answer.is_good:
            self.answers[what, "done"] += 1
        else:
            self.note_refusal(what, answer.document, answer.status)

    def note_refusal(self, what: str, problem: Any, status: int) -> None:
        """Take note of a refusal; it must have a reason the park knows, and name what it is about."""
        known = problem if isinstance(problem, dict) else {}
        reason = reason_of(known)
        self.answers[what, reason or "?"] += 1
        self.examples.setdefault((what, reason), str(known.get("resource", "")))
        if status >= 500:
            self.failures[f"{what}: {status} {reason}"] += 1
        elif REASONS.get(reason) != status or not known.get("resource"):
            self.note_fault(f"{what}: {status} {problem}")


def reason_of(problem: Mapping[str, Any]) -> str:
    """Return the slug of a problem's type."""
    return str(problem.get("type", "")).removeprefix("/problems/")


class Callers:
    """Asks in everybody's name. Keys are made by the operator's when somebody first asks, tokens by his carrier's."""

    def __init__(self, connections: Connections, keys: Mapping[Who, str], clock: Callable[[], datetime]) -> None:
        self.ledger = Ledger()
        self._connections = connections
        self._clock = clock
        self._numbers = itertools.count()
        self._credentials: dict[Who, tuple[str, datetime | None]] = {who: (key, None) for who, key in keys.items()}
        self._making: defaultdict[Who, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, who: Who, what: str, path: str, **query: Any) -> Answer:
        """Return the answer to a read."""
        return await self.ask(who, what, "GET", f"{path}?{urlencode(query)}" if query else path)

    async def post(self, who: Who, what: str, path: str, body: Any = None, *, creates: bool = False) -> Answer:
        """Return the answer to a change; one that creates something goes under a key of its own."""
        return await self.ask(who, what, "POST", path, body, creates=creates)

    async def ask(
        self, who: Who, what: str, method: str, path: str, body: Any = None, *, creates: bool = False
    ) -> Answer:
        """Return the answer to a request, which the ledger has by the name `what`."""
        headers = {"Authorization": f"Bearer {await self._credential(who)}"}
        if creates:
            headers["Idempotency-Key"] = f"drive-{next(self._numbers)}"
        if body is not None:
            headers["Content-Type"] = "text/csv" if isinstance(body, str) else "application/json"
        content = b"" if body is None else body.encode() if isinstance(body, str) else orjson.dumps(body)
        for _ in range(TRIES):
            answer = await self._connections.ask(method, path, headers, content)
            self.ledger.requests[who.role] += 1
            self.ledger.note(what, answer)
            if answer.status != UNAVAILABLE or "retry-after" not in answer.headers:
                break
            await asyncio.sleep(float(answer.headers["retry-after"]))
        return answer

    async def every(self, who: Who, what: str, path: str, **query: Any) -> list[Any]:
        """Return all items of a list, page by page."""
        items: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await self.get(who, what, path, limit=200, **query, **cursor)).document
            items += page["items"]
            if page["next"] is None:
                return items
            cursor = {"cursor": page["next"]}

    async def _credential(self, who: Who) -> str:
        async with self._making[who]:
            text, until = self._credentials.get(who, ("", None))
            if not text or (until is not None and self._clock() >= until):
                text, until = await (self._token(who) if who.role is Role.DRIVER else self._key(who))
                self._credentials[who] = (text, until)
            return text

    async def _key(self, who: Who) -> tuple[str, None]:
        body = {"role": who.role, "tenant": who.tenant, "note": "drive"}
        made = await self.post(OPERATOR, "create_key", "/v1/keys", body, creates=True)
        return made.document["key"], None

    async def _token(self, who: Who) -> tuple[str, datetime]:
        """Return a driver's token and when it must be replaced, made by the key of his carrier."""
        body = {"role": who.role, "tenant": who.tenant, "minutes": TOKEN_MINUTES}
        made = await self.post(Who(Role.ENTERPRISE, who.carrier), "issue_token", "/v1/tokens", body)
        return made.document["token"], datetime.fromisoformat(made.document["expires_at"]) - timedelta(minutes=2)


def in_path(text: str) -> str:
    """Return a text as a part of a path."""
    return quote(text, safe="")
