"""Sessions of OPC UA clients: who may write, what becomes of a write, how much one may send.

asyncua 2.1 lets anonymous clients write and knows no writer's address, lets the user `admin` do
everything without a password, and holds whatever a message's header says will come.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from asyncua import Server, ua
from asyncua.common.connection import TransportLimits
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.server.user_managers import UserManager

from twin.errors import InputError
from twin.servers.image import Read, Refused, Write, order
from twin.servers.items import Item

MayWrite = Callable[[str, str], bool]
"""Whether a user, given name and password, may write."""
_MOST_CONNECTIONS = 200
_PATIENCE = 10.0  # s until a client must have opened its session
_CHUNK, _LARGEST = 65_535, 1 << 20  # bytes of a message's part, and of a message
_PENDING = 16  # messages of one client that wait
_LONGEST_NAME = 40  # characters of a user's that are kept


class Inside(InternalServer):
    """asyncua's server behind the connections, which takes writes as orders to the plant.

    Attributes
    ----------
    variables : dict of NodeId to Item
        What each variable shows.
    """

    def __init__(self, may_write: MayWrite, read: Read, write: Write, refused: Refused):
        super().__init__(_Users(may_write))
        self.read_plant, self.write_plant, self.refused = read, write, refused
        self.variables: dict[ua.NodeId, Item] = {}
        self.allow_remote_admin = False
        self.max_connections = _MOST_CONNECTIONS
        self.max_pending_activation_seconds = _PATIENCE
        self.max_pending_messages_per_connection = _PENDING

    def create_session(self, name: Any, user: User = User(), external: bool = False) -> _Session:  # noqa: B008
        """Return a session; its name is the client's address and port."""
        return _Session(
            self, self.aspace, self.subscription_service, name, user=user, external=external
        )


class _Session(InternalSession):
    """A client's session."""

    def activate_session(
        self, params: ua.ActivateSessionParameters, peer_certificate: bytes | None
    ) -> ua.ActivateSessionResult:
        """Let a client in; a wrong password is told of."""
        try:
            return super().activate_session(params, peer_certificate)
        except ServiceError as error:
            if error.code == ua.StatusCodes.BadUserAccessDenied:
                name = str(params.UserIdentityToken.UserName)
                why = "wrong user or password"
                self.iserver.refused("", "log in", "", self._peer(name), "opcua", why)
            raise

    def _peer(self, user: str | None) -> str:
        """Return who writes: a user's name, if there is one, and the client's address and port."""
        address = "{}:{}".format(*self.name)
        return address if user is None else f"{' '.join(user.split())[:_LONGEST_NAME]} @ {address}"

    async def write(self, params: ua.WriteParameters) -> list[ua.StatusCode]:
        return [self._write(wanted) for wanted in params.NodesToWrite]

    def _write(self, wanted: ua.WriteValue) -> ua.StatusCode:
        """Give the plant one order, and return the status code of that; tell of a refusal."""
        status = ua.StatusCode(self._order(wanted))
        if not status.is_good() and status.value != ua.StatusCodes.BadInvalidState:
            item = self.iserver.variables.get(wanted.NodeId)
            plc, what = (item.plc, item.name) if item else ("", wanted.NodeId.to_string())
            value = str(wanted.Value.Value.Value) if wanted.Value.Value else ""
            peer, why = self._peer(self.user.name), f"{status.name}: {status.doc}"
            self.iserver.refused(plc, what, value, peer, "opcua", why)
        return status

    def _order(self, wanted: ua.WriteValue) -> Any:
        """Give the plant one order, and return the status code of that."""
        inside = self.iserver
        item: Item | None = inside.variables.get(wanted.NodeId)
        code = ua.StatusCodes
        if item is None:
            return code.BadNotWritable if wanted.NodeId in inside.aspace else code.BadNodeIdUnknown
        if wanted.AttributeId != ua.AttributeIds.Value or not item.writable:
            return code.BadNotWritable
        if self.user.name is None:
            return code.BadUserAccessDenied
        value = wanted.Value.Value
        if value is None or value.VariantType != ua.VariantType[item.type] or value.is_array:
            return code.BadTypeMismatch
        number = float(value.Value)
        if not math.isfinite(number) or not item.low <= number <= item.high:
            return code.BadOutOfRange
        name, ordered = order(item.name, number, inside.read_plant(item.plc))
        try:
            inside.write_plant(item.plc, {name: ordered}, self._peer(self.user.name), "opcua")
        except InputError:
            return code.BadInvalidState
        return code.GoodCompletesAsynchronously


class _Users(UserManager):
    """Who is let in: anybody to read, and by name those whose password is right."""

    def __init__(self, may_write: MayWrite):
        self._may_write = may_write

    def get_user(
        self,
        iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,
    ) -> User | None:
        if username is None:
            return User(UserRole.User)
        return User(UserRole.User, username) if self._may_write(username, password or "") else None


class Listening(Server):
    """asyncua's server, listening where it is told to."""

    def __init__(self, inside: Inside):
        super().__init__(iserver=inside)
        parts = _LARGEST // _CHUNK + 1
        self.limits = TransportLimits(_CHUNK, _CHUNK, parts, _LARGEST)

    async def start(self) -> None:
        """Begin to listen."""
        await self._setup_server_nodes()
        await self.iserver.start()
        listening = _Connections(
            self.iserver, self.endpoint.hostname, self.endpoint.port, self.limits
        )
        listening.set_policies(self._policies)
        await listening.start()
        self.bserver = listening


class _Connections(BinaryServer):
    def _make_protocol(self) -> OPCUAProtocol:
        return _Connection(
            self.iserver, self._policies, self.clients, self.closing_tasks, self.limits
        )


class _Connection(OPCUAProtocol):
    _buffer: bytes

    def connection_made(self, transport: Any) -> None:
        """Let a client in; where there are too many, the oldest without a session goes."""
        if len(self.clients) >= self.iserver.max_connections:
            for other in self.clients:
                session = other.processor.session
                if session is None or not session.is_activated():
                    self.clients.remove(other)
                    other.transport.abort()
                    break
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Cut off who sends a part larger than was agreed."""
        super().data_received(data)
        if len(self._buffer) > 2 * _CHUNK and self.transport is not None:
            self.transport.abort()
            self._buffer = b""
