"""`parkdispatch archive | backup | restore`: what keeps the park's record small, and safe."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from api.assembly import archive_dir, reaching_store, read_settings, wall_clock
from api.backup import PASS_KEY, read_backup, write_backup
from api.cli.output import put_json, say
from dispatch.files import load_park
from dispatch.store.archive import Archived, archive_days
from dispatch.store.store import Store
from solver.reading import BadInput

AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]


def archive(
    keep_days: Annotated[
        int | None, typer.Option("--keep-days", help="days of events left in the stream, beside today", min=0)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Move the events of closed days into compressed files. The service does it every day by itself."""
    settings = read_settings(keep_days=keep_days)
    park = load_park(settings.park_file)

    async def move(url: str) -> list[Archived]:
        async with Store(url, park.id) as store:
            return await archive_days(store, park.grid, archive_dir(settings), settings.keep_days)

    with reaching_store(settings, say) as url:
        done = asyncio.run(move(url))
    for each in done:
        say(f"{each.day.isoformat()}: {each.events} events in {each.file}")
    say(f"{len(done)} days archived")
    if as_json:
        put_json({"days": {each.day.isoformat(): each.events for each in done}})


def backup(
    file: Annotated[Path, typer.Argument(help="the tar file to be written; it must not be there")],
    as_json: AsJson = False,
) -> None:
    """Write the store, as of one moment, and the archive into one file. The service may go on meanwhile."""
    settings = read_settings()
    try:
        with reaching_store(settings, say) as url:
            told = write_backup(url, settings.var_dir, file, wall_clock())
    except OSError as fault:
        raise BadInput(str(file), "", f"cannot be written ({fault.strerror or fault})") from None
    say(f"{told['bytes']} bytes in {file}: the store and {len(told['sha256']) - 1} files beside it")
    if as_json:
        put_json(told)


def restore(
    file: Annotated[Path, typer.Argument(help="a file written by `parkdispatch backup`")],
    as_json: AsJson = False,
) -> None:
    """Make the embedded store and the archive from a backup, where there are none yet."""
    settings = read_settings()
    if settings.redis_url is not None:
        reason = "is set; put store.rdb of the backup into that server yourself, and the archive into var/archive"
        raise BadInput("REDIS_URL", "", reason)
    try:
        told = read_backup(file, settings.var_dir)
    except OSError as fault:
        raise BadInput(str(file), "", f"cannot be read ({fault.strerror or fault})") from None
    if PASS_KEY not in told["sha256"]:
        say("there is no key of passes in it: a new one is made, and passes given out before are not valid any more")
    say(f"restored what was backed up at {told['made_at']}; `parkdispatch replay` proves it")
    if as_json:
        put_json(told)
