"""What is done by hand while a run goes on: orders, attacks, and what programs outside write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from attacks.entries.armed import arm
from attacks.entries.entry import ArmedEntry, Entry
from attacks.kinds.external import Client, External
from scenarios.definition.scenario import Scenario
from twin.closeable import Closing
from twin.control.orders import Order, word
from twin.errors import InputError, nearest
from twin.testbed import Testbed
from twin.units import readable


class Operated(Closing):
    """A testbed at work on a scenario, which becomes one of all that is done by hand.

    Everything is done between two calls of `advance`, on their thread.

    Parameters
    ----------
    scenario : Scenario
    bed : Testbed
        Not run yet.

    Attributes
    ----------
    entries : ArmedEntries
        The scenario's attacks and faults, at work, and those launched since.
    """

    def __init__(self, scenario: Scenario, bed: Testbed):
        self.scenario, self.testbed = scenario, bed
        self.entries = arm(scenario.entries, bed)

    @property
    def now(self) -> float:
        """The simulated time, seconds since the scenario's start; negative in the warm-up."""
        return float(self.testbed.env.now)

    def operate(self, values: Mapping[str, float], by: str = "operator") -> None:
        """Have the operator write orders now, by hand; see `Scada.write`.

        Raises
        ------
        InputError
            If no PLC takes an order of a name.
        """
        given = Order(max(self.now, 0.0), dict(values), by)
        self.testbed.operator.give(given)
        self.scenario = replace(self.scenario, operator=(*self.scenario.operator, given))

    def write_external(
        self, plc: str, values: Mapping[str, float], *, peer: str, protocol: str
    ) -> None:
        """Write to a PLC's registers as a client outside does; the PLC takes it at its next scan.

        All that one peer writes to one PLC is one entry, `external-1` and so on.

        Parameters
        ----------
        plc : str
        values : mapping of str to float
            By actuator or setpoint; see `Plc.write`.
        peer : str
            The client's address.
        protocol : str
            `modbus` or `opcua`.

        Raises
        ------
        InputError
            If the PLC takes no order of a name.
        """
        at, host = max(self.now, 0.0), peer.rpartition(":")[0] or peer
        for one in self.entries:
            client, target = one.attack, one.entry.port.target
            if not isinstance(client, Client):
                continue
            if (target, client.peer, client.protocol) == (plc, host, protocol):
                self.testbed.plcs[plc].check(values)
                client.add(at, dict(values))
                return
        said = {readable(at): {name: word(value) for name, value in values.items()}}
        count = sum(isinstance(one.attack, Client) for one in self.entries)
        self.launch(
            Entry(
                name=f"external-{count + 1}",
                on=f"plc:{plc}",
                do=External(writes=said, peer=host, protocol=protocol),
                incident="external",
            )
        )

    def launch(self, entry: Entry) -> ArmedEntry:
        """Begin an attack now, by hand: it gets to its port now, and by the clock acts from now on.

        Raises
        ------
        InputError
            If it cannot be used here, or an entry of its name is there.
        """
        now = max(self.now, 0.0)
        when = entry.when
        if when.start is None and when.begins < now:
            when = replace(when, begins=now)
        armed = self.entries.launch(replace(entry, when=when, since=now))
        self.scenario = replace(self.scenario, attacks=(*self.scenario.attacks, armed.entry))
        return armed

    def stop(self, name: str) -> None:
        """End an entry that acts, now.

        Raises
        ------
        InputError
            If there is none of that name, or it does not act.
        """
        armed = {one.entry.name: one for one in self.entries}
        if name not in armed:
            raise InputError(f"no entry is called {name!r}: {nearest(name, armed)}")
        armed[name].stop(self.now)

    def as_scenario(self) -> Scenario:
        """Return the scenario with all that was done by hand: run again, it is the same run."""
        now = {one.entry.name: _as_done(one) for one in self.entries}
        return replace(
            self.scenario,
            attacks=tuple(now[entry.name] for entry in self.scenario.attacks),
            faults=tuple(now[entry.name] for entry in self.scenario.faults),
        )


def _as_done(armed: ArmedEntry) -> Entry:
    """Return an entry with all that its client wrote."""
    client = armed.attack
    return (
        replace(armed.entry, do=client.as_written()) if isinstance(client, Client) else armed.entry
    )
