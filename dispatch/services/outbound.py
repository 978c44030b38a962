"""Sending to addresses that others name: never to a place inside, whatever the name resolves to, now or a moment later.

The name is resolved once, every address it has is checked, and the connection is made to one of those very addresses;
redirects are not followed and no proxy of the environment is used.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx

SECONDS = 10.0  # for one delivery
LONGEST_URL = 2000
PLAIN = re.compile(r"[!-~]+")
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]


class NotAllowed(Exception):
    """Nothing may be sent to this address; `str()` says why."""


class NotDelivered(Exception):
    """The receiver did not take it; `str()` says why. `status` is what it answered, 0 when it did not."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name; NotDelivered when it has none."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as fault:
        raise NotDelivered(f"{host} has no address ({fault.strerror or fault})") from None
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class Outbound:
    """What may be sent where: `is_inside_allowed` permits private addresses and plain HTTP, for parks that want it."""

    is_inside_allowed: bool = False
    resolve: Resolve = resolve
    seconds: float = SECONDS

    def check_url(self, url: str) -> SplitResult:
        """Return a URL in its parts; NotAllowed when nothing may be sent there for what it says itself."""
        try:
            parts = urlsplit(url)
            host = parts.hostname
            port_is_good = parts.port is None or parts.port > 0
        except ValueError:
            raise NotAllowed("is not a URL") from None
        if len(url) > LONGEST_URL or not host or not port_is_good or not PLAIN.fullmatch(url):
            raise NotAllowed("is not a URL of an address")
        if parts.scheme != "https" and not (self.is_inside_allowed and parts.scheme == "http"):
            raise NotAllowed("must begin with https://")
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise NotAllowed("must hold no user, password or fragment")
        literal = _literal(host)
        if literal is not None:
            self._check(literal)
        return parts

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post a body; NotAllowed, or NotDelivered unless the answer is 2xx."""
        parts = self.check_url(url)
        host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
        try:
            async with asyncio.timeout(self.seconds):
                pinned = await self._pinned(host, port)
                await self._post(parts, pinned, body, headers)
        except TimeoutError:
            raise NotDelivered(f"no answer within {self.seconds:g} s") from None
        except (httpx.HTTPError, OSError) as fault:
            raise NotDelivered(f"no answer ({type(fault).__name__})") from None

    async def _pinned(self, host: str, port: int) -> Address:
        literal = _literal(host)
        addresses = [literal] if literal is not None else [_literal(each) for each in await self.resolve(host, port)]
        known = [address for address in addresses if address is not None]
        if not known:
            raise NotDelivered(f"{host} has no address")
        for address in known:  # one that is not allowed spoils the name
            self._check(address)
        return known[0]

    def _check(self, address: Address) -> None:
        if not self.is_inside_allowed and not is_public(address):
            raise NotAllowed(f"leads to {address}, which is no public address")

    async def _post(self, parts: SplitResult, pinned: Address, body: bytes, headers: Mapping[str, str]) -> None:
        place = f"[{pinned}]" if pinned.version == 6 else str(pinned)
        port = f":{parts.port}" if parts.port else ""
        target = parts._replace(netloc=f"{place}{port}").geturl()
        sent = {**headers, "host": parts.netloc}
        async with httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=self.seconds) as client:
            request = client.build_request(
                "POST", target, content=body, headers=sent, extensions={"sni_hostname": parts.hostname}
            )
            answer = await client.send(request, stream=True)  # what it says beyond the status is not read
            await answer.aclose()
        if not answer.is_success:
            raise NotDelivered(f"answered {answer.status_code}", answer.status_code)


def is_public(address: Address) -> bool:
    """Answer whether an address is one of the public internet, and so is any that it carries inside."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return all(is_public(inner) for inner in _carried(address))


def _carried(address: Address) -> list[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    carried = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        carried.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in carried if each is not None]


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
