"""What a kind is called by MITRE ATT&CK for ICS, port by port."""

import re

import pytest

from attacks.discovery import kinds
from attacks.techniques import ORDERS, PORTS, TO_PLC, TO_SCADA, techniques


@pytest.mark.parametrize(
    ("kind", "port", "technique"),
    [
        ("drop", TO_SCADA, "T0804 Block Reporting Message"),
        ("drop", ORDERS, "T0803 Block Command Message"),
        ("drop", "scada", "T0815 Denial of View"),
        ("constant", TO_PLC, "T0856 Spoof Reporting Message"),
        ("constant", ORDERS, "T0855 Unauthorized Command Message"),
        ("constant", "scada", "T0832 Manipulation of View"),
        ("replay", TO_SCADA, "T0832 Manipulation of View"),
        ("replay", TO_PLC, "T0856 Spoof Reporting Message"),
        ("replay", ORDERS, "T0831 Manipulation of Control"),
        ("evade", "scada", "T0832 Manipulation of View"),
        ("autoencode", TO_SCADA, "T0832 Manipulation of View"),
        ("autoencode", TO_PLC, "T0856 Spoof Reporting Message"),
        ("freeze", "plc:…", "T0835 Manipulate I/O Image"),
        ("delay", "actuator:…", "T0830 Adversary-in-the-Middle"),
        ("crash", "plc:…", "T0814 Denial of Service"),
    ],
)
def test_it_is_that_of_the_port(kind, port, technique):
    assert port in techniques(kinds()[kind])[technique]


@pytest.mark.parametrize("kind", [kind for kind, cls in kinds().items() if cls.technique])
def test_every_port_of_a_kind_has_one(kind):
    cls = kinds()[kind]
    found = techniques(cls)
    named = [port for ports in found.values() for port in ports]
    assert sorted(named) == sorted(port for family in cls.ports for port in PORTS[family])
    assert all(re.fullmatch(r"T0\d{3} \S.+", technique) for technique in found)
    about_orders = " ".join(technique for technique, at in found.items() if ORDERS in at)
    assert "Report" not in about_orders and "View" not in about_orders
