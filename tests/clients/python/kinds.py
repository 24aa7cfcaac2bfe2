"""The official client in both of its eras, and the doors that it comes to."""

import logging
import sys
import tempfile
import time
import unittest
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from server import BINARY, WAIVED, environment, over_http

# The test case's event loop reports each slow callback.
logging.getLogger("asyncio").setLevel(logging.ERROR)

DOORS = {"Stdio": None, "Mcp": "/mcp", "Json": "/mcp/json"}
ERAS = {"Legacy": "2025-11-25", "Modern": "2026-07-28"}

# A lead and its team: some three seconds of work for the tenant, which pauses between siblings.
TEAM = [{"name": f"Member {at}"} for at in range(8)]
LONG = {"inline": {"name": "Long", "workspaces": [{"name": "Lead", "children": TEAM}]}}


@dataclass(frozen=True)
class Kind:
    era: str
    door: str

    @property
    def revision(self):
        return ERAS[self.era]

    @property
    def is_newest(self):
        return self.era == "Modern"

    @property
    def has_sessions(self):
        """Without a session only a closed connection cancels, and the older client sends a notification."""
        return self.is_newest or self.door != "Json"

    @property
    def options(self):
        return {"mode": "auto" if self.is_newest else "legacy"}

    def connect(self, policy=WAIVED, **more):
        path = DOORS[self.door]
        options = self.options | more
        return at_stdio(options, policy) if path is None else at_http(path, options, policy=policy)


KINDS = [Kind(era, door) for era in ERAS for door in DOORS]


def everywhere(case):
    """What a case says holds in each era at each door: a test case for each of them."""
    module = sys.modules[case.__module__]
    for kind in KINDS:
        name = f"{case.__name__}{kind.era}At{kind.door}"
        own = {"kind": kind, "__module__": case.__module__}
        setattr(module, name, type(name, (case, unittest.IsolatedAsyncioTestCase), own))
    return case


@asynccontextmanager
async def at_stdio(options, policy=WAIVED):
    with tempfile.TemporaryDirectory() as data:
        server = StdioServerParameters(command=BINARY, args=["stdio", "--embedded"], env=environment(data, policy))
        async with Client(server, **options) as client:
            yield client
            closing = time.monotonic()
        # The client sends a signal after two seconds; it must not take that.
        assert time.monotonic() - closing < 1.5, "closing the input doesn't end the server"


@asynccontextmanager
async def at_http(path, options, headers=None, policy=WAIVED):
    with tempfile.TemporaryDirectory() as data, over_http(data, policy) as (address, bearer):
        if headers is None:
            headers = {"Authorization": f"Bearer {bearer}"}
        async with httpx2.AsyncClient(headers=headers, timeout=30) as web:
            transport = streamable_http_client(urljoin(address, path), http_client=web)
            async with Client(transport, **options) as client:
                yield client


async def good(client, name, arguments=None, **options):
    result = await client.call_tool(name, arguments or {}, **options)
    assert not result.is_error, result.content
    return result.structured_content
