"""How often may be asked: quotas in the store, shared by all processes of the service, told in every answer.

A process spends small leases of a quota: as much as it has lately used in a second, never more than a sixteenth
of what is left. So a busy caller costs the store one call a second and not one a request, no more than the quota is
ever let through, and near its end it is counted one by one.
"""

import asyncio
import math
from dataclasses import dataclass, field

from fastapi import Request

from api.http.identity import Identity
from api.http.parts import Rates
from api.http.problems import TOO_MANY_REQUESTS, Fault
from dispatch.model.callers import Role
from dispatch.store.commit import StoreDown
from dispatch.store.rates import Grant, Quota, spend
from dispatch.store.store import Store

LEASE_SECONDS = 1.0
SHARE = 16
MOST_KNOWN = 20_000


def quota_of(rates: Rates, identity: Identity | None) -> tuple[str, Quota]:
    """Return the name of the quota a caller spends, and its size."""
    if identity is None:
        return "address", Quota(rates.address)
    if identity.is_token:
        return "person", Quota(rates.person)
    if identity.caller.role is Role.OPERATOR:
        return "operator", Quota(rates.operator)
    return "system", Quota(rates.system)


@dataclass(slots=True)
class _Lease:
    """What of a quota this process may still spend until `ends`, by the event loop's clock."""

    left: int = 0
    ends: float = 0.0
    used: int = 0
    grant: Grant | None = None
    refused_until: float = 0.0
    renewing: "asyncio.Task[None] | None" = field(default=None)

    def wanted(self, quota: Quota, now: float) -> int:
        """Return how much to ask for: twice what was used up early, else what was used."""
        usual = 2 * self.used if now < self.ends else self.used
        left = quota.units if self.grant is None else self.grant.left
        return max(1, min(usual, left // SHARE))


class Throttle:
    """Lets each request through or refuses it, by the quota of who asks."""

    def __init__(self, store: Store, rates: Rates) -> None:
        self._store = store
        self._rates = rates
        self._leases: dict[str, _Lease] = {}

    async def admit(self, request: Request, identity: Identity | None) -> None:
        """Spend one unit of the caller's, or the address's; Fault 429 when there is none."""
        kind, quota = quota_of(self._rates, identity)
        name = f"{kind}:{address_of(request) if identity is None else identity.caller.name}"
        lease = self._leases.setdefault(name, _Lease())
        if len(self._leases) > MOST_KNOWN:
            self._leases = {name: lease}
        clock = asyncio.get_running_loop().time
        while not (lease.left and clock() < lease.ends):
            if clock() < lease.refused_until:
                wait = math.ceil(lease.refused_until - clock())
                _tell(request, kind, quota, 0, wait)
                raise Fault(
                    TOO_MANY_REQUESTS, f"At most {quota.units} in {quota.seconds} s.", {"Retry-After": str(wait)}
                )
            if lease.renewing is None:
                lease.renewing = asyncio.create_task(self._renew(name, lease, quota))
            try:
                await asyncio.shield(lease.renewing)
            except StoreDown:  # who is limited can wait; who is not gets a truthful answer from the route
                return
        lease.left -= 1
        lease.used += 1
        if lease.grant is not None:
            _tell(request, kind, quota, lease.grant.left + lease.left, math.ceil(lease.grant.full_seconds))

    async def _renew(self, name: str, lease: _Lease, quota: Quota) -> None:
        now = asyncio.get_running_loop().time()
        try:
            lease.grant = await spend(self._store, name, quota, lease.wanted(quota, now))
            lease.left, lease.used, lease.ends = lease.grant.units, 0, now + LEASE_SECONDS
            if not lease.grant.units:
                lease.refused_until = now + lease.grant.next_seconds
        finally:
            lease.renewing = None


def address_of(request: Request) -> str:
    """Return the client's address; of IPv6 the network, of which one client has many addresses."""
    host = request.client.host if request.client else ""
    return ":".join(host.split(":")[:4]) if ":" in host else host


def _tell(request: Request, kind: str, quota: Quota, left: int, seconds: int) -> None:
    """Note the headers of the answer (draft-ietf-httpapi-ratelimit-headers)."""
    request.scope["rate_headers"] = (
        (b"ratelimit-policy", f'"{kind}";q={quota.units};w={quota.seconds}'.encode()),
        (b"ratelimit", f'"{kind}";r={left};t={seconds}'.encode()),
    )
