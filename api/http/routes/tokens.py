"""Short tokens for people, made with a key; and the public keys by which anybody can check them."""

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from api.http import show
from api.http.answers import PublicKeys, TokenAnswer
from api.http.asking import identities_of, identity_of, parts_of
from api.http.openapi import READING, told
from api.http.problems import ANSWER_LOST, BODY_TOO_LARGE, FORBIDDEN, UNSUPPORTED_MEDIA_TYPE, Fault
from api.http.requests import SigningKeyAsked, TokenAsked
from api.http.rim import KeyedRoute, OpenRoute
from dispatch.model.callers import Caller, Role, may_stand_for, owners_of
from dispatch.model.refusals import StoreUnavailable
from dispatch.services import tokens
from dispatch.services.api_keys import get_caller
from dispatch.services.desk import Desk

router = APIRouter(route_class=KeyedRoute, tags=["keys"])
open_router = APIRouter(route_class=OpenRoute, tags=["keys"])

ASKING = (*READING, ANSWER_LOST, BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE)


@router.post(
    "/v1/tokens",
    operation_id="issue_token",
    status_code=201,
    response_model=TokenAnswer,
    responses=told(*ASKING, success=201),
)
async def issue_token(request: Request, body: TokenAsked) -> Response:
    """Exchange a key for a short token of the same role or of one that may do less. A token makes no tokens."""
    parts, identity = parts_of(request), identity_of(request)
    if identity.is_token:
        raise Fault(FORBIDDEN, "A token makes no tokens; ask with a key.")
    caller = await _asked_for(parts.desk, identity.caller, body)
    life = timedelta(minutes=body.minutes)
    text, token = await tokens.issue(parts.desk, caller, life, parts.clock(), identity.api_key)
    shown = {"token": text, "token_type": "Bearer", **show.caller(caller)}
    return show.answer(shown | {"expires_at": token.expires_at.astimezone(parts.desk.park.grid.zone)}, 201)


@router.post(
    "/v1/signing-keys",
    operation_id="rotate_signing_keys",
    status_code=201,
    response_model=PublicKeys,
    responses=told(*ASKING, success=201),
)
async def rotate_signing_keys(request: Request, body: SigningKeyAsked) -> Response:
    """Sign tokens with a new key from now on. Repeated, it makes another one, which does no harm."""
    parts = parts_of(request)
    keys = await tokens.rotate(parts.desk, parts.clock(), distrust=body.distrust)
    identities_of(request).forget()
    return show.answer({"keys": [key.public_jwk() for key in keys]}, 201)


@open_router.get(
    "/.well-known/jwks.json",
    operation_id="get_public_keys",
    response_model=PublicKeys,
    responses=told(StoreUnavailable),
)
async def get_public_keys(request: Request) -> Response:
    """Read the public keys by which tokens are checked, those retired too while their tokens are good."""
    parts = parts_of(request)
    keys = await tokens.list_signing_keys(parts.desk)
    return show.answer({"keys": [key.public_jwk() for key in keys if key.is_believed(parts.clock())]})


async def _asked_for(desk: Desk, asker: Caller, body: TokenAsked) -> Caller:
    """Return the caller the token shall be for; Fault 403 unless the asker may hand that out."""
    if body.role is None and body.tenant is None:
        return asker
    role = body.role or asker.role
    carrier = body.carrier or (asker.tenant if (asker.role, role) == (Role.ENTERPRISE, Role.DRIVER) else None)
    tenant = body.tenant or (asker.tenant if role is asker.role else None)
    caller = get_caller(desk.park, role, tenant, carrier or (asker.carrier if role is asker.role else None))
    truck = await desk.store.find(desk.keys.truck_state(caller.tenant)) if role is Role.DRIVER else None
    is_anothers = truck is not None and not caller.owns(owners_of(truck.document))
    if not may_stand_for(asker, caller) or (asker.is_tenanted and is_anothers):
        raise Fault(FORBIDDEN, f"A caller with the role {asker.role} cannot hand this out.")
    return caller
