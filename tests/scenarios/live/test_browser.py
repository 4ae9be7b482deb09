"""The control room as people use it: a real browser before a plant that runs."""

import csv
import re
import socket

import pytest

import scenarios
from scenarios.results.folder import open_run
from tests.scenarios.live.browser import CHROMIUM, live_room, need_browser

pytestmark = pytest.mark.slow
WAIT = 60_000  # ms; the machine may be busy


@pytest.fixture
def chromium():
    need_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser, url, path="/", width=1440, height=900):
    """Open a page of its own visitor; keep what it asked for and what went wrong."""
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    page.set_default_timeout(WAIT)
    page.asked, page.wrong = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    go(page, url + path)
    return page


def go(page, url):
    """Open another page, and wait until it can be used."""
    page.goto(url)
    page.wait_for_function("window.did_handshake === true")


def clock(page):
    return page.locator(".clock").first.inner_text()


def launch(page, entry, words):
    """Write an entry at once after the page opened, launch it, and wait until the room says so."""
    page.get_by_label("Its entry").fill(entry)
    page.get_by_role("button", name="Launch").click()
    page.get_by_text(words).first.wait_for()


def wait_for_other(page, read, before):
    """Wait until `read(page)` is another text than `before`; return it."""
    for _ in range(300):
        if (now := read(page)) != before:
            return now
        page.wait_for_timeout(200)
    raise AssertionError(f"still {before!r}")


def test_a_plant_is_watched_commanded_attacked_and_kept(chromium, tmp_path):
    out = tmp_path / "kept"
    with live_room(
        tmp_path, "normal", "--teacher", "--speed", "1200", "--no-detector", "--out", str(out)
    ) as room:
        page = opened(chromium, room.url)
        level = page.locator("text=T1").first
        level.wait_for()
        page.wait_for_function("document.querySelector('.clock').innerText.includes('2026')")

        # A value changes by itself.
        shown = page.locator(".process .big").first
        before = shown.text_content()
        assert re.fullmatch(
            r"[\d.]+ m", wait_for_other(page, lambda _: shown.text_content(), before)
        )

        # A setpoint through the dialog, refused out of range, written within it, read back.
        go(page, f"{room.url}/device/PU1")
        field = page.get_by_label("new SP_PU1_closed")
        field.fill("99")
        page.get_by_label("write SP_PU1_closed").click()
        page.get_by_text("is outside").first.wait_for()
        field.fill("2.0")
        page.get_by_label("write SP_PU1_closed").click()
        page.get_by_text("must be above SP_PU1_open").wait_for()
        field.fill("5")
        page.get_by_label("write SP_PU1_closed").click()
        page.get_by_text("SP_PU1_closed: 6.3 m → 5 m").wait_for()
        page.get_by_role("button", name="Write", exact=True).click()
        page.get_by_text("SP_PU1_closed = 5 m: read back").wait_for()

        # A pump by hand, which the water feels: with the keyboard alone.
        stop = page.get_by_role("button", name="Stop by hand")
        stop.focus()
        page.keyboard.press("Enter")
        page.get_by_text("PU1: auto → closed").wait_for()
        page.get_by_role("button", name="Write", exact=True).focus()
        page.keyboard.press("Enter")
        page.get_by_text("by hand: closed").wait_for()

        # Two browsers see one plant; one pauses, and both stand.
        other = opened(chromium, room.url, "/device/PU1", 1024, 768)
        other.get_by_text("by hand: closed").wait_for()
        page.get_by_role("button", name="Pause").click()
        other.get_by_role("button", name="Go on").wait_for()
        standing = clock(other)
        other.wait_for_timeout(1500)
        assert clock(other) == standing == clock(page)
        page.get_by_role("button", name="Go on").click()
        wait_for_other(other, clock, standing)

        # The teacher launches an attack; the operators' alarm comes and is acknowledged.
        go(page, f"{room.url}/teacher")
        forged = "name: forged\non: link:PLC2->SCADA\ntags: [L_T1]\ndo: {constant: {value: 6.45}}"
        launch(page, forged, "forged is launched")
        page.get_by_text("deceived or late: SCADA").first.wait_for()
        go(other, f"{room.url}/alarms")
        other.get_by_role("cell", name="L_T1 level high-high").wait_for()
        other.get_by_role("button", name="Acknowledge all").click()
        other.get_by_text("acknowledged by operator").first.wait_for()

        # Somebody else's program writes to a PLC, and is seen.
        with socket.create_connection(("127.0.0.1", 15023 + room.offset), 30) as modbus:
            modbus.sendall(bytes.fromhex("000100000006010500040000"))  # coil 4 of PLC3, V2, off
            assert modbus.recv(260)[7] == 5
        go(page, f"{room.url}/audit")
        page.get_by_role("cell", name="modbus").first.wait_for()
        go(page, f"{room.url}/teacher")

        # What is typed is text: nowhere does it become markup.
        launch(page, "name: <img src=x onerror=alert(1)>\non: nowhere\ndo: {freeze: {}}", "no port")
        assert page.locator("img[src=x]").count() == 0

        # No page shows how anything is programmed.
        for path in ("/", "/plc/PLC1", "/plc/PLC3", "/device/T1", "/device/PU1", "/diagnostics"):
            go(other, room.url + path)
            shown = other.locator("body").inner_text()
            assert not re.search(r"<function|Condition\(| at 0x", shown), path

        for seen in (page, other):
            assert not seen.wrong
            hosts = {re.match(r"\w+://([^/:]+)", asked).group(1) for asked in seen.asked
                     if not asked.startswith(("data:", "blob:"))}  # fmt: skip
            assert hosts == {"127.0.0.1"}
        took = room.end()
        assert room.process.returncode == 0, room.log.read_text()
        print(f"ended {took:.1f} s after Ctrl-C")

    run = open_run(out)
    assert run.status == "interrupted"
    with (out / "audit.csv").open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    results = [row["result"] for row in written if row["protocol"] == "room"]
    assert [each for each in results if not each.startswith("refused")] == ["verified"] * 2
    (outside,) = (row for row in written if row["protocol"] == "modbus")
    assert outside["tag"] == "V2"
    assert outside["who"].startswith("127.0.0.1:")
    stopped = float(next(row["time_s"] for row in written if row["tag"] == "PU1"))
    later = run.truth[run.truth.index > stopped + 900]
    assert (later["S_PU1"] == 0).all()
    assert len(later)
    assert len({order.by for order in run.scenario.operator} - {""}) == 1
    assert next(entry.name for entry in run.scenario.attacks) == "forged"
    assert [entry.do.kind for entry in run.scenario.attacks] == ["constant", "external"]
    assert ("L_T1", "HH") in set(zip(run.limits["tag"], run.limits["limit"], strict=True))


def test_a_class_enters_with_a_password_and_no_student_sees_the_truth(chromium, tmp_path):
    secrets = ("--password", "correct horse", "--teacher-password", "chalk and board")
    arguments = ("normal", "--no-detector", "--speed", "600", *secrets)
    with live_room(tmp_path, *arguments) as room:
        page = opened(chromium, room.url, "/teacher")
        assert page.get_by_text("Truth, and what each believes").count() == 0
        page.get_by_label("Name").fill("eve")
        page.get_by_label("Password", exact=True).fill("guess a password")
        page.get_by_role("button", name="Enter").click()
        page.get_by_text("wrong password").wait_for()
        page.wait_for_timeout(1500)
        page.get_by_label("Password", exact=True).fill("correct horse")
        page.get_by_role("button", name="Enter").click()
        page.get_by_text("eve · view").wait_for()
        go(page, f"{room.url}/teacher")
        page.get_by_text("This page is the teacher's").wait_for()
        assert page.get_by_text("Truth, and what each believes").count() == 0

        # Who may only look commands nothing.
        go(page, f"{room.url}/device/PU1")
        page.get_by_role("button", name="Stop by hand").click()
        page.get_by_text("may look only").wait_for()
        assert page.get_by_role("button", name="Pause").is_disabled()

        # The same visitor, with the teacher's password.
        page.get_by_role("button", name="eve").click()
        page.get_by_label("Teacher's password").fill("chalk and board")
        page.get_by_role("button", name="Enter").click()
        page.get_by_text("eve · view · teacher").wait_for()
        go(page, f"{room.url}/teacher")
        page.get_by_text("Truth, and what each believes").wait_for()
        assert not page.wrong
        room.end()


def test_a_record_is_shown_in_the_same_room_and_moved(chromium, tmp_path):
    folder = tmp_path / "recorded"
    scenarios.run("t2-starved", duration="1 d", watch=False, pair=False, out=folder)
    with live_room(tmp_path, "--replay", str(folder), "--teacher", "--speed", "1") as room:
        page = opened(chromium, room.url)
        page.get_by_text("Mon 2026-01-05 00:00").wait_for()
        slider = page.get_by_label("time in the record").or_(page.locator(".q-slider")).first
        box = slider.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.get_by_text(re.compile(r"2026-01-05 1[12]:")).wait_for()
        go(page, f"{room.url}/device/PU1")
        page.get_by_text("A record: nothing can be commanded").wait_for()
        assert page.get_by_role("button", name="Stop by hand").count() == 0
        assert page.get_by_label("new SP_PU1_closed").count() == 0
        assert not page.wrong
        room.end()
        assert room.process.returncode == 0, room.log.read_text()
