"""Random sequences of commits against the real store and against a model of a few lines: they always agree."""

import asyncio
import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dispatch.store.commit import (
    Commit,
    CounterFull,
    Done,
    Event,
    Expect,
    FingerprintDiffers,
    NotDone,
    Take,
    VersionChanged,
    Write,
)
from dispatch.store.store import Store

HASHES, FIELDS, ENTITIES, INDEXES = ["dock", "gate"], ["1", "2"], ["a", "b", "c"], ["x", "y"]
_runs = itertools.count(1)

takes = st.builds(Take, st.sampled_from(HASHES), st.sampled_from(FIELDS), st.integers(-3, 3), st.integers(0, 5))
expects = st.builds(Expect, st.sampled_from(ENTITIES), st.integers(0, 3))
moves = st.lists(st.tuples(st.sampled_from(INDEXES), st.sampled_from(["m", "n"])), max_size=2).map(tuple)
writes = st.builds(Write, st.sampled_from(ENTITIES), st.integers(0, 9).map(lambda n: str(n).encode()), moves, moves)
events = st.builds(Event, st.sampled_from(["Made", "Moved"]), st.integers(0, 9).map(lambda n: str(n).encode()))
commits = st.builds(
    Commit,
    st.lists(expects, max_size=1).map(tuple),
    st.lists(takes, max_size=4).map(tuple),
    st.lists(writes, max_size=2).map(tuple),
    st.lists(events, max_size=2).map(tuple),
    st.sampled_from([None, None, "k1", "k2"]),
    st.sampled_from(["f", "g"]),
    st.sampled_from([b"yes", b"no"]),
)


@dataclass
class Model:
    """What the store shall hold."""

    counters: dict[tuple[str, str], int] = field(default_factory=dict)
    entities: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    indexes: dict[str, set[str]] = field(default_factory=lambda: {index: set() for index in INDEXES})
    events: list[tuple[str, bytes]] = field(default_factory=list)
    kept: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def commit(self, commit: Commit) -> tuple[object, ...]:
        """Apply a commit as documented; return what must come of it."""
        if commit.idempotency_key in self.kept:
            fingerprint, answer = self.kept[commit.idempotency_key]
            return ("repeated", answer) if fingerprint == commit.fingerprint else ("fingerprint",)
        for expect in commit.expects:
            found = self.entities.get(expect.key, (0, b""))[0]
            if found != expect.version:
                return ("version", expect, found)
        after = dict(self.counters)
        for take in commit.takes:
            now = after.get((take.key, take.field), 0)
            if take.amount > 0 and now + take.amount > take.limit:
                return ("full", take, now)
            after[take.key, take.field] = max(0, now + take.amount)
        self.counters = after
        for write in commit.writes:
            self.entities[write.key] = (self.entities.get(write.key, (0, b""))[0] + 1, write.document)
            for index, member in write.remove_from:
                self.indexes[index].discard(member)
            for index, member in write.add_to:
                self.indexes[index].add(member)
        self.events += [(event.name, event.document) for event in commit.events]
        if commit.idempotency_key is not None:
            self.kept[commit.idempotency_key] = (commit.fingerprint, commit.answer)
        return ("done", commit.answer)


def told(outcome: Done | NotDone) -> tuple[object, ...]:
    match outcome:
        case Done():
            return ("repeated" if outcome.repeated else "done", outcome.answer)
        case VersionChanged():
            return ("version", outcome.expect, outcome.found)
        case CounterFull():
            return ("full", outcome.take, outcome.taken)
        case FingerprintDiffers():
            return ("fingerprint",)
    raise outcome


class CommitsAgree(RuleBasedStateMachine):
    """Sends each commit to both."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = Store(self.url, f"model-{next(_runs)}")
        self.model = Model()

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()

    @rule(batch=st.lists(commits, min_size=1, max_size=4))
    def send(self, batch: list[Commit]) -> None:
        expected = [self.model.commit(commit) for commit in batch]

        outcomes = self.runner.run(self.store.commit_many([self._named(commit) for commit in batch]))

        assert [told(outcome) for outcome in outcomes] == [self._named_answer(answer) for answer in expected]

    @precondition(lambda self: self.model.events)
    @rule()
    def forget_the_script(self) -> None:
        self.runner.run(self.store.alone("SCRIPT", "FLUSH"))

    @invariant()
    def both_hold_the_same(self) -> None:
        async def read() -> None:
            counted = await self.store.taken([self._key(name) for name in HASHES])
            assert {
                (name, slot): taken for name, row in zip(HASHES, counted, strict=True) for slot, taken in row.items()
            } == {key: value for key, value in self.model.counters.items() if value}
            found = await self.store.find_many([self._key(name) for name in ENTITIES])
            assert [(entity.version, entity.document) if entity else None for entity in found] == [
                (self.model.entities[name][0], int(self.model.entities[name][1]))
                if name in self.model.entities
                else None
                for name in ENTITIES
            ]
            for index in INDEXES:
                assert set(await self.store.members(self._key(index))) == self.model.indexes[index]
            happened = await self.store.events(limit=10**6)
            assert [(event.name, str(event.document).encode()) for event in happened] == self.model.events

        self.runner.run(read())

    def _key(self, name: str) -> str:
        return f"{{{self.store.keys.park_id}}}:{name}"

    def _named(self, commit: Commit) -> Commit:
        """Return the commit with the keys of this run's park."""
        key = self._key
        return Commit(
            tuple(Expect(key(e.key), e.version) for e in commit.expects),
            tuple(Take(key(t.key), t.field, t.amount, t.limit) for t in commit.takes),
            tuple(
                Write(
                    key(w.key),
                    w.document,
                    tuple((key(index), member) for index, member in w.add_to),
                    tuple((key(index), member) for index, member in w.remove_from),
                )
                for w in commit.writes
            ),
            commit.events,
            commit.idempotency_key and self.store.keys.idempotency(commit.idempotency_key),
            commit.fingerprint,
            commit.answer,
        )

    def _named_answer(self, answer: tuple[object, ...]) -> tuple[object, ...]:
        match answer:
            case (kind, Expect() as expect, found):
                return (kind, Expect(self._key(expect.key), expect.version), found)
            case (kind, Take() as take, taken):
                return (kind, Take(self._key(take.key), take.field, take.amount, take.limit), taken)
        return answer


@pytest.mark.store
def test_the_script_and_its_model_agree(store_url: str) -> None:
    CommitsAgree.url = store_url
    machine = CommitsAgree.TestCase
    machine.settings = settings(
        max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    machine().runTest()
