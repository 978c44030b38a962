"""`parkdispatch replay`: the board built anew from the stream, held against the store and against its own books."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from api.assembly import archive_dir, reaching_store, read_settings
from api.cli.output import put_json, say
from dispatch.files import load_park
from dispatch.model.park import Park
from dispatch.services.books import imbalances
from dispatch.store.archive import check_whole, find_mark, read_archive
from dispatch.store.board import Board, Difference, Proof, prove
from dispatch.store.commit import order_of
from dispatch.store.store import Store

NAMED = 20


def replay(
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Rebuild the board from the stream and prove that the store holds the same: exit code 1 where it does not."""
    settings = read_settings()
    park = load_park(settings.park_file)
    with reaching_store(settings, say) as url:
        proof, unbalanced = asyncio.run(_replayed(url, park, archive_dir(settings)))
    say(f"{proof.events} events up to {proof.last_event}: {proof.keys} keys rebuilt")
    for each in proof.differences[:NAMED]:
        say(f"differs: {each.key}: the store has {each.store}, the stream says {each.stream}")
    for each in unbalanced[:NAMED]:
        say(f"unbalanced: {each.key}: counted {each.store}, promised {each.stream}")
    if as_json:
        put_json(_document(proof, unbalanced))
    if proof.differences or unbalanced:
        raise typer.Exit(1)
    say("the store and the stream hold the same, and the books balance")


async def _replayed(url: str, park: Park, archive: Path) -> tuple[Proof, list[Difference]]:
    async with Store(url, park.id) as store:
        while True:
            board = Board()
            mark = await check_whole(store, archive)
            for event in read_archive(archive):
                if order_of(event.id) <= order_of(mark.last):
                    board.apply(event)
            proof = await prove(store, board)
            if (await find_mark(store)).last == mark.last:  # else a day was archived meanwhile, and not folded
                return proof, imbalances(park, store.keys, board)


def _document(proof: Proof, unbalanced: list[Difference]) -> dict[str, object]:
    return {
        "events": proof.events,
        "last_event": proof.last_event,
        "keys": proof.keys,
        "differences": [each.key for each in proof.differences],
        "unbalanced": [each.key for each in unbalanced],
        "same": not proof.differences and not unbalanced,
    }
