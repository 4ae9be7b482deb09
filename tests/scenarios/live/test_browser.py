"""The control room as people use it: a real browser before a plant that runs."""

import csv
import re

import pytest

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
        page.get_by_label("Its entry").fill(
            "name: forged\non: link:PLC2->SCADA\ntags: [L_T1]\ndo: {constant: {value: 6.45}}"
        )
        page.get_by_role("button", name="Launch").click()
        page.get_by_text("forged is launched").wait_for()
        page.get_by_text("deceived or late: SCADA").first.wait_for()
        go(other, f"{room.url}/alarms")
        other.get_by_role("cell", name="L_T1 level high-high").wait_for()
        other.get_by_role("button", name="Acknowledge all").click()
        other.get_by_text("acknowledged by operator").first.wait_for()

        # What is typed is text: nowhere does it become markup.
        page.get_by_label("Its entry").fill(
            "name: <img src=x onerror=alert(1)>\non: nowhere\ndo: {freeze: {}}"
        )
        page.get_by_role("button", name="Launch").click()
        page.get_by_text("no port").wait_for()
        assert page.locator("img[src=x]").count() == 0

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
    assert [row["result"] for row in written if row["protocol"] == "room"] == ["verified"] * 2
    stopped = float(next(row["time_s"] for row in written if row["tag"] == "PU1"))
    later = run.truth[run.truth.index > stopped + 900]
    assert (later["S_PU1"] == 0).all()
    assert len(later)
    assert len({order.by for order in run.scenario.operator} - {""}) == 1
    assert [entry.name for entry in run.scenario.attacks] == ["forged"]
    assert ("L_T1", "HH") in set(zip(run.limits["tag"], run.limits["limit"], strict=True))
