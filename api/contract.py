"""Every operation of the OpenAPI document, asked by every role what it allows and what it forbids.

A small park with things of two tenants is served. Schemathesis makes the requests; most names in them (ids, plates,
days) are exchanged for such as exist, the caller's own or the other tenant's, and what a request makes is named by
later ones. Every answer is held against the document, every error against RFC 9457.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import requests
import schemathesis
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    CheckContext,
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response

from api.contract_names import MADE_AT, Names
from api.http.problems import KINDS, MEDIA_TYPE
from dispatch.model.callers import Role

NOBODY = "nobody"  # who sends no key
SENT_BY = (*Role, NOBODY)
ANSWER_SECONDS = 30.0
CREDENTIALS = ("authorization", "x-api-key", "cookie")
Ask = Callable[[Case[Any]], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is not as the document says: who asked for what, what is wrong, and how to ask it again."""

    sent_by: str
    operation: str
    wrong: str
    request: str


@dataclass(slots=True)
class Account:
    """What was asked by whom, and what came of it."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)  # (who asked, status)
    done: dict[str, set[str]] = field(default_factory=dict)  # who asked -> operations that were answered with success
    failures: list[Failure] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """Return how many requests were answered."""
        return self.statuses.total()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield a row per role and one of all: requests, answers by status, operations done, failures."""
        shown = sorted({status for _, status in self.statuses})
        for who in (*SENT_BY, "all"):
            told = Counter({s: sum(self.statuses[by, s] for by in SENT_BY if who in (by, "all")) for s in shown})
            done = set().union(*(names for by, names in self.done.items() if who in (by, "all")))
            failed = sum(who in (each.sent_by, "all") for each in self.failures)
            counts = {str(status): told[status] for status in shown}
            yield {"role": who, "requests": told.total(), **counts, "operations done": len(done), "failures": failed}


@dataclass(frozen=True, slots=True)
class Asked:
    """A service, a key of each role, and names of things in it; `prepare` makes more for an operation, by its id."""

    base_url: str
    keys: Mapping[Role, str]
    names: Names
    prepare: Callable[[str], None]


class Contract:
    """A served document and who asks about it."""

    def __init__(self, asked: Asked, document: Mapping[str, Any]) -> None:
        self.account = Account()
        self.asked = asked
        self.document = dict(document)
        self._sessions = {who: requests.Session() for who in SENT_BY}
        schema = schemathesis.openapi.from_dict(self.document)
        found = (each.ok() for each in schema.get_all_operations() if isinstance(each, Ok))
        self.operations = {operation.definition.raw["operationId"]: operation for operation in found}

    def close(self) -> None:
        """Close the connections."""
        for session in self._sessions.values():
            session.close()

    def ask_round(self, name: str, cases: int, seed: int) -> list[Failure]:
        """Let every role send the operation's example and so many requests of either kind; return what failed."""
        before = len(self.account.failures)
        operation = self.operations[name]
        raw = operation.definition.raw
        self.asked.prepare(name)
        self._send(self._example(name))
        self.asked.prepare(name)
        for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
            if mode is GenerationMode.POSITIVE or "parameters" in raw or "requestBody" in raw:
                _generate(operation.as_strategy(generation_mode=mode), cases, seed, self._send)
        return self.account.failures[before:]

    def _example(self, name: str) -> Case[Any]:
        """Return the operation's own example as a case."""
        operation = self.operations[name]
        raw = operation.definition.raw
        given: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
        for parameter in raw.get("parameters", ()):
            if "example" in parameter or parameter.get("required"):
                given[parameter["in"]][parameter["name"]] = parameter.get("example", "none")
        content = raw.get("requestBody", {}).get("content", {}).get("application/json", {})
        body = {"body": content["example"], "media_type": "application/json"} if "example" in content else {}
        return operation.Case(path_parameters=given["path"], query=given["query"], headers=given["header"], **body)

    def _send(self, case: Case[Any]) -> None:
        for who in SENT_BY:
            self._send_as(who, case)

    def _send_as(self, who: str, generated: Case[Any]) -> None:
        name = generated.operation.definition.raw["operationId"]
        exchanged = self.asked.names.exchanged
        case = generated.operation.Case(
            path_parameters=exchanged(name, generated.path_parameters),
            query=exchanged(name, generated.query),
            headers=exchanged(name, {n: v for n, v in generated.headers.items() if n.lower() not in CREDENTIALS}),
            body=exchanged(name, generated.body),
            media_type=generated.media_type,
        )
        key = self.asked.keys.get(Role(who)) if who != NOBODY else None
        headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
        try:
            answer = case.call(self.asked.base_url, self._sessions[who], headers, timeout=ANSWER_SECONDS)
        except requests.RequestException as fault:
            self.account.failures.append(Failure(who, name, f"no answer: {fault}", case.as_curl_command()))
            return
        self.account.statuses[who, answer.status_code] += 1
        if answer.status_code < 300:
            self.account.done.setdefault(who, set()).add(name)
            self._learn(case, answer)
        self._check(case, answer, who, name)

    def _check(self, case: Case[Any], answer: Response, who: str, name: str) -> None:
        try:
            case.validate_response(answer, CHECKS)
        except FailureGroup as failed:
            wrong = "; ".join(" ".join(str(each).split()) for each in failed.exceptions)
            request = case.as_curl_command(base_url=self.asked.base_url)
            self.account.failures.append(Failure(who, name, f"{answer.status_code}: {wrong}"[:2000], request[:2000]))

    def _learn(self, case: Case[Any], answer: Response) -> None:
        """Take what an answer names as known from now on."""
        if not answer.headers.get("content-type", [""])[0].startswith("application/json"):
            return
        told = answer.json()
        if not isinstance(told, dict):
            return
        if case.method.upper() == "POST" and case.path in MADE_AT and "id" in told:
            self.asked.names.learn(MADE_AT[case.path], told["id"], told)
        for name in "pass", "next":
            if told.get(name):
                self.asked.names.learn({"next": "cursor"}.get(name, name), told[name], {})


def answers_with_a_problem(_context: CheckContext, response: Response, _case: Case[Any]) -> bool | None:
    """Check that an error is a problem document of RFC 9457 of a kind that can be read up, with the answer's status."""
    if response.status_code < 400:
        return None
    media_type = response.headers.get("content-type", [""])[0]
    assert media_type == MEDIA_TYPE, f"an error's content type is {media_type!r}"
    told = response.json()
    kind = KINDS.get(str(told.get("type")).removeprefix("/problems/"))
    assert kind is not None, f"{told.get('type')!r} is no kind of problem"
    assert (told["status"], kind.status) == (response.status_code, response.status_code), "another status than told"
    assert isinstance(told.get("title"), str), "no title"
    assert isinstance(told.get("detail"), str), "no detail"
    assert told["title"], "an empty title"
    return None


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    answers_with_a_problem,
]


def _generate(strategy: Any, cases: int, seed: int, ask: Ask) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=strategy)
    def each(case: Case[Any]) -> None:
        ask(case)

    each()
