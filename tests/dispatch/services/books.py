"""Whether the books balance: the counters are what the stream says and what the appointments take."""

from dispatch.services.books import imbalances
from dispatch.store.board import Board, prove


async def assert_books_balance(desk):
    board = Board()
    proof = await prove(desk.store, board)
    assert proof.differences == ()
    assert imbalances(desk.park, desk.keys, board) == []
