"""OPC UA: one server for all PLCs, each an object of its own.

asyncua keeps connections, sessions and subscriptions; `sessions.py` bounds what it lets clients do.
"""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole

from twin.closeable import Closing
from twin.errors import InputError
from twin.plants.spec import PlantSpec
from twin.servers.background import LOOPBACK, Background
from twin.servers.image import PlcImage, Read, Refused, Write, unheard
from twin.servers.items import Item, items
from twin.servers.sessions import Inside, Listening, MayWrite
from twin.tags import Quality

PORT = 4840
URI = "urn:hydrotwin"
_EVERY = 0.25  # real seconds between looks at the plant
_UNITS = {"m": ("MTR", "metre"), "L/s": ("G51", "litre per second")}
"""Codes of UNECE Recommendation 20, of which OPC UA Part 8, 5.6.3.3, makes a unit's id."""
_UNECE = "http://www.opcfoundation.org/UA/units/un/cefact"
_TYPES = {"Double": float, "Boolean": bool, "UInt16": int}
_READ, _WRITE = 1, 3  # access levels: current read, and current write too

logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # it logs every broken message


class OpcUaServer(Closing):
    """An OPC UA server of a plant's PLCs; it answers from the moment it is made.

    Node ids are strings like `PLC2.T1.Level` in the namespace of `URI`.

    Parameters
    ----------
    spec : PlantSpec
    read : Read
    write : Write
    start : datetime
        The scenario's start: values' source times are the plant's.
    may_write : MayWrite
    refused : Refused, optional
    host : str, default 127.0.0.1
    offset : int, default 0
        Added to the port.

    Raises
    ------
    InputError
        If the port cannot be had.
    """

    def __init__(
        self,
        spec: PlantSpec,
        read: Read,
        write: Write,
        *,
        start: datetime,
        may_write: MayWrite,
        refused: Refused = unheard,
        host: str = LOOPBACK,
        offset: int = 0,
    ):
        self.port = PORT + offset
        self.url = f"opc.tcp://{host}:{self.port}"
        self._start = start if start.tzinfo else start.replace(tzinfo=UTC)
        self._read = read
        self._items = items(spec)
        self._inside = Inside(may_write, read, write, refused)
        self._server = Listening(self._inside)
        try:
            socket.create_server((host, self.port)).close()
        except OSError as error:
            raise InputError(
                f"port {self.port} of the OPC UA server cannot be had ({error.strerror or error}): "
                "is another plant running? --port-offset 100 moves all ports"
            ) from None
        self._background = Background("opcua")
        self._background.call(self._open(spec.name))
        self._background.start(self._follow())

    def close(self) -> None:
        """Close all sessions and give the port back."""
        self._background.call(self._server.stop())
        self._background.close()

    async def _open(self, plant: str) -> None:
        server = self._server
        await server.init()
        server.set_endpoint(self.url)
        server.set_server_name(f"hydrotwin {plant}")
        await server.set_application_uri(f"{URI}:server")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        server.set_identity_tokens([ua.AnonymousIdentityToken, ua.UserNameIdentityToken])
        space = await server.register_namespace(URI)
        objects: dict[tuple[str, ...], ua.NodeId] = {(): ua.NodeId(ua.ObjectIds.ObjectsFolder)}
        for item in self._items:
            for depth in range(1, len(item.path)):
                path = item.path[:depth]
                if path not in objects:
                    objects[path] = self._add_object(path, objects[path[:-1]], space)
            node = self._add_variable(item, objects[item.path[:-1]], space)
            self._inside.variables[node] = item
        await self._refresh({})
        await server.start()

    async def _follow(self) -> None:
        """Show what the plant holds, as long as the server runs."""
        seen: dict[str, float] = {}
        while True:
            await self._refresh(seen)
            await asyncio.sleep(_EVERY)

    async def _refresh(self, seen: dict[str, float]) -> None:
        """Update the nodes of PLCs whose image is newer than `seen`."""
        images = {plc: self._read(plc) for plc in dict.fromkeys(item.plc for item in self._items)}
        for node, item in self._inside.variables.items():
            image = images[item.plc]
            if seen.get(item.plc) != image.time:
                value = self._value(item, image)
                await self._inside.aspace.write_attribute_value(node, ua.AttributeIds.Value, value)
        seen.update({plc: image.time for plc, image in images.items()})

    def _value(self, item: Item, image: PlcImage) -> ua.DataValue:
        number = image.values[item.name]
        at = image.arrived.get(item.name, image.time)
        status = _status(image.quality.get(item.name, Quality.GOOD), number)
        value = None if math.isnan(number) else _TYPES[item.type](number)
        return ua.DataValue(
            ua.Variant(value, ua.VariantType[item.type] if value is not None else None),
            ua.StatusCode(status),
            SourceTimestamp=self._start + timedelta(seconds=at if math.isfinite(at) else 0.0),
            ServerTimestamp=datetime.now(UTC),
        )

    def _add_object(self, path: tuple[str, ...], parent: ua.NodeId, space: int) -> ua.NodeId:
        attributes = ua.ObjectAttributes(DisplayName=ua.LocalizedText(path[-1]))
        kind = ua.ObjectIds.BaseObjectType
        return self._add(ua.NodeClass.Object, path, parent, space, kind, attributes)

    def _add_variable(self, item: Item, parent: ua.NodeId, space: int) -> ua.NodeId:
        """Add a variable; one with a unit is an `AnalogUnitRange`."""
        access = _WRITE if item.writable else _READ
        attributes = ua.VariableAttributes(
            DisplayName=ua.LocalizedText(item.path[-1]),
            Description=ua.LocalizedText(item.description),
            Value=ua.Variant(_TYPES[item.type](0), ua.VariantType[item.type]),
            DataType=ua.NodeId(ua.VariantType[item.type].value),
            ValueRank=ua.ValueRank.Scalar,
            AccessLevel=access,
            UserAccessLevel=access,
        )
        kind = ua.ObjectIds.AnalogUnitRangeType if item.unit else ua.ObjectIds.BaseDataVariableType
        node = self._add(ua.NodeClass.Variable, item.path, parent, space, kind, attributes)
        if item.unit:
            code, words = _UNITS[item.unit]
            unit = ua.EUInformation(
                NamespaceUri=_UNECE,
                UnitId=int.from_bytes(code.encode()),
                DisplayName=ua.LocalizedText(item.unit),
                Description=ua.LocalizedText(words),
            )
            span = ua.Range(Low=item.low, High=item.high)
            for name, value in (("EngineeringUnits", unit), ("EURange", span)):
                self._add_property((*item.path, name), value, node, space)
        return node

    def _add_property(
        self, path: tuple[str, ...], value: Any, parent: ua.NodeId, space: int
    ) -> None:
        attributes = ua.VariableAttributes(
            DisplayName=ua.LocalizedText(path[-1]),
            Value=ua.Variant(value, ua.VariantType.ExtensionObject),
            DataType=value.data_type,
            ValueRank=ua.ValueRank.Scalar,
            AccessLevel=_READ,
            UserAccessLevel=_READ,
        )
        kind = ua.ObjectIds.PropertyType
        self._add(ua.NodeClass.Variable, path, parent, space, kind, attributes)

    def _add(
        self,
        node_class: ua.NodeClass,
        path: tuple[str, ...],
        parent: ua.NodeId,
        space: int,
        kind: int,
        attributes: Any,
    ) -> ua.NodeId:
        """Add a node to the address space; its id is its path."""
        is_property = kind == ua.ObjectIds.PropertyType
        reference = ua.ObjectIds.HasProperty if is_property else ua.ObjectIds.HasComponent
        if len(path) == 1:
            reference = ua.ObjectIds.Organizes
        added = ua.AddNodesItem(
            ParentNodeId=parent,
            ReferenceTypeId=ua.NodeId(reference),
            RequestedNewNodeId=ua.NodeId(".".join(path), space),
            BrowseName=ua.QualifiedName(path[-1], 0 if is_property else space),
            NodeClass=node_class,
            NodeAttributes=attributes,
            TypeDefinition=ua.NodeId(kind),
        )
        service = self._inside.node_mgt_service
        (result,) = service.add_nodes([added], User(UserRole.Admin))
        result.StatusCode.check()
        return result.AddedNodeId


def _status(quality: Quality, number: float) -> int:
    """Return the status code of a value: stale, failed and lost are told apart."""
    if math.isnan(number):
        return int(ua.StatusCodes.BadNoCommunication)
    if quality == Quality.BAD:
        return int(ua.StatusCodes.BadSensorFailure)
    if quality == Quality.STALE:
        return int(ua.StatusCodes.UncertainLastUsableValue)
    return int(ua.StatusCodes.Good)
