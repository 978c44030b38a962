"""Who asks: a role and a tenant, and what of the park is the tenant's."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any


class Role(StrEnum):
    """What a caller is to the park."""

    ENTERPRISE = "enterprise"  # its own loads, trucks, visits and appointments
    DRIVER = "driver"  # his truck, for one carrier
    WAREHOUSE = "warehouse"  # its docks
    GATE = "gate"  # its lanes
    OPERATOR = "operator"  # the park
    AUDITOR = "auditor"  # reads everything, changes nothing


TENANTED = frozenset({Role.ENTERPRISE, Role.DRIVER, Role.WAREHOUSE, Role.GATE})


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose a thing is: what is None or empty is nobody's. `carrier` runs the truck, `enterprise` posted the load."""

    carrier: str | None = None
    enterprise: str | None = None
    plate: str | None = None
    warehouses: tuple[str, ...] = ()
    gate: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """A role and its tenant: enterprise id, plate (with the `carrier` the truck runs for), warehouse id or gate id."""

    role: Role
    tenant: str = ""
    carrier: str = ""

    @property
    def is_tenanted(self) -> bool:
        """Answer whether the caller sees but a part of the park."""
        return self.role in TENANTED

    @property
    def name(self) -> str:
        """Return who it is in one word: "operator", "enterprise:E001", "driver:浙B12345"."""
        return f"{self.role}:{self.tenant}" if self.tenant else str(self.role)

    @property
    def names(self) -> Mapping[str, str]:
        """Return the fields by which requests name this tenant, with what they must say."""
        match self.role:
            case Role.ENTERPRISE:
                return {"carrier": self.tenant, "enterprise": self.tenant}
            case Role.DRIVER:
                return {"plate": self.tenant, "truck": self.tenant, "carrier": self.carrier}
            case Role.WAREHOUSE:
                return {"warehouse": self.tenant}
            case Role.GATE:
                return {"gate": self.tenant}
            case _:
                return {}

    def own_id(self, chosen: str) -> str:
        """Return the id by which a thing is known that the caller calls by an id it chose: one of the caller's alone.

        A tenant's begin with its name (a driver's with his carrier's and a digest of his plate), in which dots are
        doubled, and a dot: no two tenants' ids are the same, for no chosen id begins with a dot.
        """
        if not self.is_tenanted:
            return chosen
        spaces = [self.tenant]
        if self.role is Role.DRIVER:
            spaces = [self.carrier, sha256(self.tenant.encode()).hexdigest()[:12]]
        prefix = "".join(f"{each.replace('.', '..')}." for each in spaces)
        is_whole = chosen.startswith(prefix) and chosen[len(prefix) :][:1].isalnum()
        return chosen if is_whole else prefix + chosen

    def owns(self, owners: Owners) -> bool:
        """Answer whether the thing is the caller's; to the operator and the auditor everything is."""
        match self.role:
            case Role.ENTERPRISE:
                return self.tenant in (owners.carrier, owners.enterprise)
            case Role.DRIVER:
                return owners.plate == self.tenant and owners.carrier in (None, self.carrier)
            case Role.WAREHOUSE:
                return self.tenant in owners.warehouses
            case Role.GATE:
                return owners.gate == self.tenant
            case _:
                return True


def may_stand_for(caller: Caller, other: Caller) -> bool:
    """Answer whether a caller may hand out what makes its bearer the other: himself, or somebody who may do less."""
    match caller.role:
        case Role.OPERATOR:
            return True
        case Role.ENTERPRISE:
            return caller == other or (other.role is Role.DRIVER and other.carrier == caller.tenant)
        case _:
            return caller == other


OPERATOR = Caller(Role.OPERATOR)


def owners_of(document: Mapping[str, Any]) -> Owners:
    """Return whose a thing is, by its document as the store or an event has it."""
    inner: Mapping[str, Any] = next(
        (document[name] for name in ("load", "match") if isinstance(document.get(name), Mapping)), {}
    )
    fields = {**document, **inner}
    places = [fields.get(name) for name in ("warehouse", "origin", "destination")]
    places += [stop.get("warehouse") for stop in fields.get("stops") or ()]
    return Owners(
        carrier=fields.get("carrier"),
        enterprise=fields.get("enterprise"),
        plate=fields.get("plate"),
        warehouses=tuple(place for place in places if isinstance(place, str)),
        gate=fields.get("gate"),
    )
