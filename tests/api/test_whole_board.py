"""Whatever is asked of the service, all of it is in the stream: the fold of the events is the board the store has."""

import pytest

from dispatch.services.books import imbalances
from dispatch.services.sweeping import sweep
from dispatch.store.board import Board, prove
from tests.api.callers import MINE, call_of, furnish, operations, two_of_each

pytestmark = [pytest.mark.anyio, pytest.mark.store]


@pytest.fixture
def park():
    return two_of_each()


async def test_after_every_operation_of_the_document_the_stream_tells_all_of_it_and_the_books_balance(
    app, client, parts, clock
):
    mine = await furnish(client, MINE, 1)
    told = 0
    for operation in operations(app.openapi()):
        for filled in (mine, MINE):  # with the names of things that are there, and with the document's own examples
            call = call_of(operation, filled)
            answer = await client.request(call.method, call.path, params=call.query, json=call.body)
            told += call.method != "GET" and answer.is_success
    await sweep(parts.desk, clock.now)
    board = Board()
    proof = await prove(parts.desk.store, board)

    assert told > 25
    assert proof.differences == ()
    assert imbalances(parts.desk.park, parts.desk.keys, board) == []
    assert all(event.name for event in await parts.desk.store.events(limit=1000))
