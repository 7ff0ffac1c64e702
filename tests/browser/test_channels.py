"""Channels and their deliveries, webhooks for calls, budgets and exports, through their pages."""

import re
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Watching
from tests.browser.test_every_page import scrolls_sideways
from tests.receivers import Answer, HttpReceiver, Received
from tests.stack import ROOT, Stack, wait_for

CODE = re.search(
    r"const PYTHON = `(.*?)`;", (ROOT / "dashboard/src/components/verifyCode.ts").read_text("utf-8"), re.DOTALL
)

UNREAD = r"status of 400"


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem", name=name, exact=True)


def shown_secret(page: Page) -> str:
    """The secret that a dialog shows once; closes it."""
    dialog = page.get_by_role("dialog", name="The signing secret of")
    secret = dialog.get_by_text(re.compile("^whsec_")).inner_text()
    dialog.get_by_role("button", name="Done, I have it").click()
    expect(dialog).to_be_hidden()
    return secret


def is_genuine(secret: str, message: Received) -> bool:
    """What the code on the page says of a message."""
    assert CODE
    names: dict[str, Any] = {}
    exec(CODE[1].replace('os.environ["WEBHOOK_SECRET"]', repr(secret)), names)
    return bool(names["is_genuine"](message.headers, message.body))


def sent_to(receiver: HttpReceiver, path: str) -> list[Received]:
    return [message for message in receiver.received if message.path == path]


def notices(receiver: HttpReceiver) -> list[Received]:
    """Those of the budget of the test; ready-made rules tell the channel as well."""
    return [message for message in sent_to(receiver, "/treasury") if b"Pocket money" in message.body]


def test_a_channel_is_made_tested_and_changed(page: Page, receiver: HttpReceiver, watch: Watching) -> None:
    watch.allow(UNREAD)
    page.goto("/channels")
    page.get_by_role("button", name="New channel").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Webhook A program of yours").click()
    dialog.get_by_label("Name").fill("Night shift")
    dialog.get_by_label("URL").fill("ftp://nowhere")
    dialog.get_by_role("button", name="Create the channel").click()
    expect(dialog.get_by_text("Needs an address of https:// or http://")).to_be_visible()
    dialog.get_by_label("URL").fill(receiver.origin + "/night")
    dialog.get_by_role("button", name="Create the channel").click()
    secret = shown_secret(page)
    channel = row(page, "Night shift")
    expect(channel).to_contain_text(receiver.origin + "/night")

    channel.get_by_role("button", name="Send a test to Night shift").click()
    expect(channel.get_by_role("status")).to_contain_text("The test arrived. The receiver answered 200")
    assert is_genuine(secret, sent_to(receiver, "/night")[-1])
    assert not is_genuine(secret[:-4] + "AAA=", sent_to(receiver, "/night")[-1])

    receiver.first.append(Answer(status=500, body=b"no room left"))
    channel.get_by_role("button", name="Send a test to Night shift").click()
    expect(channel.get_by_role("status")).to_contain_text("The test did not arrive. The receiver answered 500")
    expect(channel.get_by_role("status")).to_contain_text("no room left")

    channel.get_by_role("button", name="Change Night shift").click()
    expect(dialog.get_by_label("Signing secret")).to_have_value("")  # it is never shown again
    dialog.get_by_label("Name").fill("Late shift")
    dialog.get_by_role("button", name="Save").click()
    row(page, "Late shift").get_by_role("button", name="Send a test to Late shift").click()
    expect(row(page, "Late shift").get_by_role("status")).to_contain_text("The test arrived")
    assert is_genuine(secret, sent_to(receiver, "/night")[-1])

    row(page, "Late shift").get_by_role("button", name="More of Late shift").click()
    page.get_by_role("menuitem", name="Turn off").click()
    expect(row(page, "Late shift").get_by_role("button", name="Turn on Late shift")).to_be_visible()


def test_a_budget_is_told_and_its_delivery_is_sent_again(page: Page, receiver: HttpReceiver, stack: Stack) -> None:
    channel = {"kind": "webhook", "name": "Treasury", "config": {"url": receiver.origin + "/treasury"}}
    made = httpx.post(stack.control + "/api/channels", json=channel, headers=owner(stack), timeout=30)
    assert made.status_code == 201

    page.goto("/budgets")
    page.get_by_role("button", name="New budget").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Pocket money")
    dialog.get_by_label("Budget").fill("0.0001")
    expect(dialog.get_by_text(re.compile(r"They cost \$"))).to_be_visible()
    dialog.get_by_role("combobox", name="Channels to tell").press("ArrowDown")
    page.get_by_role("option", name="Treasury").click()
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name="Create the budget").click()
    budget = row(page, "Pocket money")
    expect(budget).to_contain_text("Treasury at 50, 80, 100 %")
    expect(budget.get_by_role("meter", name="Spent of Pocket money")).to_have_attribute("aria-valuenow", "100")
    expect(budget.get_by_role("link", name="the whole organisation")).to_have_attribute(
        "href", re.compile("^/requests")
    )

    wait_for("the notice of the budget", lambda: len(notices(receiver)) == 1)
    page.goto("/channels")
    row(page, "Treasury").get_by_role("link", name=re.compile("^[0-9]+ sent")).click()
    delivery = page.get_by_role("table", name="Deliveries").get_by_role("row").filter(has_text="Pocket money")
    expect(delivery).to_contain_text("Pocket money")
    expect(delivery).to_contain_text("sent")
    delivery.get_by_role("link").click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_label("The notification as JSON")).to_contain_text("Pocket money")
    drawer.get_by_role("button", name="Send again").click()
    wait_for("the same notice once more", lambda: len(notices(receiver)) == 2)
    first, again = notices(receiver)
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()

    page.goto("/budgets")
    row(page, "Pocket money").get_by_role("button", name="Change Pocket money").click()
    dialog.get_by_label("Budget").fill("1000000")
    dialog.get_by_role("button", name="Save").click()
    expect(row(page, "Pocket money")).to_contain_text("of $1,000,000.00")


def test_what_was_given_up_is_sent_again_all_at_once(page: Page, receiver: HttpReceiver, stack: Stack) -> None:
    def paged() -> list[Received]:
        return [got for got in sent_to(receiver, "/pager") if b"Paged money" in got.body]

    refusal = Answer(status=400, body=b'{"status": "invalid event", "errors": ["no such service"]}')
    receiver.answer = lambda got: refusal if got.path == "/pager" else Answer()
    try:
        config = {"routing_key": "R" * 32, "url": receiver.origin + "/pager"}
        api = httpx.Client(base_url=stack.control, headers=owner(stack), timeout=30)
        made = api.post("/api/channels", json={"kind": "pagerduty", "name": "Pager", "config": config}).json()
        budget = {"name": "Paged money", "limit_usd": 0.0001, "shares": [100], "channels": [made["channel"]["id"]]}
        assert api.post("/api/budgets", json=budget).status_code == 201
        wait_for("the notice of the budget", lambda: len(paged()) == 1)

        page.goto("/channels")
        row(page, "Pager").get_by_role("link", name=re.compile("^[0-9]+ given up")).click()
        delivery = page.get_by_role("table", name="Deliveries").get_by_role("row").filter(has_text="Paged money")
        expect(delivery).to_contain_text("given up")
        receiver.answer = Answer(status=202)
        page.get_by_role("button", name=re.compile("^Send [0-9]+ given up again")).click()
        expect(page.get_by_text(re.compile("of Pager (is|are) sent again"))).to_be_visible()
        wait_for("the same notice once more", lambda: len(paged()) == 2)
        first, again = paged()
        assert first.json["dedup_key"] == again.json["dedup_key"]
        expect(row(page, "Pager").get_by_role("link", name=re.compile("given up"))).to_have_count(0)
    finally:
        receiver.answer = Answer()


def test_a_webhook_is_made_paused_and_replayed(page: Page, receiver: HttpReceiver, watch: Watching) -> None:
    watch.allow(UNREAD)
    page.goto("/webhooks")
    page.get_by_role("button", name="New webhook").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Ticket archive")
    dialog.get_by_label("Address").fill(receiver.origin + "/tickets")
    filter = dialog.get_by_role("combobox", name="Filter", exact=True)
    filter.fill("nonsense:1")
    filter.press("Enter")
    expect(dialog.get_by_text("There is no column “nonsense”.")).to_be_visible()
    dialog.get_by_role("button", name="Clear the filter").click()
    filter.fill("property.feature:support")
    filter.press("Enter")
    expect(dialog.get_by_text(re.compile(r"\d calls of the last 24 hours match"))).to_be_visible()
    dialog.get_by_role("combobox", name="Begin").click()
    page.get_by_role("option", name="7 days ago").click()
    dialog.get_by_role("button", name="Create the webhook").click()
    secret = shown_secret(page)
    webhook = row(page, "Ticket archive")
    expect(webhook.get_by_role("link", name="property.feature:support")).to_be_visible()
    wait_for("calls at the receiver", lambda: len(sent_to(receiver, "/tickets")) > 5)
    call = sent_to(receiver, "/tickets")[0]
    assert call.json["type"] == "call.finished"
    assert call.json["data"]["properties"]["feature"] == "support"
    assert is_genuine(secret, call)
    expect(webhook).to_contain_text("up to date")

    webhook.get_by_role("button", name="Pause Ticket archive").click()
    expect(webhook).to_contain_text("paused")
    webhook.get_by_role("button", name="Go on with Ticket archive").click()
    expect(webhook).to_contain_text("up to date")
    count = len(sent_to(receiver, "/tickets"))
    webhook.get_by_role("button", name="More of Ticket archive").click()
    page.get_by_role("menuitem", name="Send calls again from a time").click()
    dialog.get_by_text("7 days ago").click()
    expect(dialog.get_by_text(re.compile("About .* calls go out again"))).to_be_visible()
    dialog.get_by_role("button", name="Send again").click()

    def came_again() -> bool:
        ids = [message.headers["webhook-id"] for message in sent_to(receiver, "/tickets")]
        return set(ids[count:]) >= set(ids[:count])

    wait_for("the calls once more", came_again)


def test_exports_say_how_they_are_turned_on(page: Page) -> None:
    page.goto("/exports")
    export = row(page, "OpenTelemetry")
    expect(export).to_contain_text("Set otel.endpoint to turn it on.")
    export.get_by_role("button", name="How to turn it on: OpenTelemetry").click()
    expect(export.get_by_label("How to set up OpenTelemetry")).to_contain_text("--set otel.endpoint=")
    expect(row(page, "Prometheus").get_by_role("link", name="/metrics")).to_be_visible()


def test_the_dialogs_fit_on_a_phone(phone_page: Page) -> None:
    page = phone_page
    for path, name in (("/channels", "New channel"), ("/webhooks", "New webhook"), ("/budgets", "New budget")):
        page.goto(path)
        page.get_by_role("button", name=name).first.click()
        expect(page.get_by_role("dialog", name=name)).to_be_visible()
        assert scrolls_sideways(page) == ""
        page.reload()
        expect(page.get_by_role("dialog", name=name)).to_be_visible()  # the address has it
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog", name=name)).to_be_hidden()


def owner(stack: Stack) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.token}"}
