"""`parkdispatch keys`: made, listed and revoked in the store, whether a service runs over it or not."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer

from api.assembly import clock_of, reaching_store, read_settings
from api.cli.output import put_json, put_line, say
from api.http import show
from dispatch.files import load_park
from dispatch.model.callers import Role
from dispatch.model.refusals import Refusal
from dispatch.services import api_keys, tokens
from dispatch.services.api_keys import ApiKeyDraft
from dispatch.services.desk import Desk, Misfit, PageAsked
from dispatch.store.changes import acting
from dispatch.store.store import Store
from solver.reading import BadInput

keys_app = typer.Typer(help="API keys for systems, and the keys that sign people's tokens.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="one JSON object on stdout")]
T = TypeVar("T")
PAGE = 200


@keys_app.command("create")
def create(
    role: Annotated[Role, typer.Option("--role", help="what its holder is to the park")],
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="enterprise, warehouse or gate id, or a driver's plate")
    ] = None,
    carrier: Annotated[str | None, typer.Option("--carrier", help="of a driver: the enterprise he drives for")] = None,
    note: Annotated[str, typer.Option("--note", help="what it is for")] = "",
    days: Annotated[int | None, typer.Option("--days", help="valid for so many days", min=1, max=3650)] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once."""
    draft = ApiKeyDraft(role, tenant, carrier, note, days)
    made = _at_desk(lambda desk, now: api_keys.create_key(desk, draft, now, None))
    assert made.text is not None
    say(f"key {made.kept.thing.id} for {made.kept.thing.caller.name}; it is shown this once")
    if as_json:
        put_json({"id": made.kept.thing.id, "key": made.text})
    else:
        put_line(made.text)


@keys_app.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List the keys by when they were made, those revoked too."""
    shown = _at_desk(lambda desk, _now: _listed(desk))
    if as_json:
        put_json({"keys": shown})
        return
    for key in shown:
        used = f"last used {key['last_used_at'].isoformat()}" if key["last_used_at"] else "never used"
        revoked = f"  revoked {key['revoked_at'].isoformat()}" if key["revoked_at"] else ""
        put_line(f"{key['id']}  {key['role']:<10}  {key['tenant']:<10}  {used}{revoked}  {key['note']}".rstrip())


@keys_app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="the key's id, as `keys list` has it")]) -> None:
    """Revoke a key for ever; a service that runs refuses it within two seconds."""
    _at_desk(lambda desk, now: api_keys.revoke_key(desk, key_id, now, None))
    say(f"key {key_id} is revoked")


@keys_app.command("rotate")
def rotate(
    distrust: Annotated[bool, typer.Option("--distrust", help="tokens signed before are good no longer")] = False,
) -> None:
    """Sign people's tokens with a new key from now on."""
    keys = _at_desk(lambda desk, now: tokens.rotate(desk, now, distrust=distrust))
    say(f"tokens are signed with {keys[-1].kid} from now on")


def _at_desk(work: Callable[[Desk, datetime], Awaitable[T]]) -> T:
    """Return what the work comes to at the settings' park and store; BadInput where it is refused."""
    settings = read_settings()
    park, clock = load_park(settings.park_file), clock_of(settings)

    async def run(url: str) -> T:
        async with Store(url, park.id) as store:
            with acting("operator", clock):
                return await work(Desk(park, store), clock())

    with reaching_store(settings, say) as url:
        try:
            return asyncio.run(run(url))
        except Misfit as misfit:
            raise BadInput(f"--{misfit.field}", "", misfit.problem) from None
        except Refusal as refusal:
            raise BadInput("keys", "", str(refusal)) from None


async def _listed(desk: Desk) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    page = PageAsked(limit=PAGE)
    while True:
        found = await api_keys.list_keys(desk, page)
        uses = await api_keys.last_uses(desk, [key.id for key in found.things])
        shown += [show.key(desk.park, key, used) for key, used in zip(found.things, uses, strict=True)]
        if found.next_after is None:
            return shown
        page = PageAsked(found.next_after, PAGE)
