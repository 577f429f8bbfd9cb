"""Links in e-mails to the store's own address: unsubscribe, opened, clicked."""

import re
from html import unescape

import pytest

from tests.mail_host import free_port, mail_host
from tests.path.test_send_message import Shop
from tests.simulation import ProcessKilled, Simulation
from tests.webhook_host import running_webhook_host
from wcflow import sync
from wcflow.database import suppression
from wcflow.database.companion import save_companion
from wcflow.database.events import load_events
from wcflow.database.people import find_person
from wcflow.database.reports import count_reactions
from wcflow.database.stores import load_secret
from wcflow.outbox.ways import close_channels, open_channels
from wcflow.rules.mail_links import companion_settings, open_address
from wcflow.rules.unsubscribe import Subscriber, unsubscribe_token
from wcflow.store.companion import push_settings, read_status

RULES = """
[workflow news]
trigger = order_paid
do = send_email news

[workflow clicked]
trigger = email_clicked news
do = add_tag Reader

[email news]
subject = Order {{{{ order.number }}}}
html =
    <p><a href="https://shop.example/sale?a=1&amp;b=2#top">Sale</a>
    <a href='http://elsewhere.example/'>Other</a>
    <a href="mailto:help@shop.example">Help</a> <a href="#part">Part</a></p>
{more}

[smtp]
host = 127.0.0.1
port = {port}
encryption = none
from = hello@shop.example
timeout = 1s
{smtp}
"""


class Post:
    """A store with the plugin, whose e-mails go to a real server."""

    def __init__(self, folder, host, *, smtp="", more=""):
        self.host = host
        rules = RULES.format(port=host.port, smtp=smtp, more=more)
        self.sim = Simulation(
            folder, rules, store="consent_meta = newsletter", plugins=("companion",)
        )
        meta = {"newsletter": "yes"}
        self.anna = self.sim.register("anna@example.com", days_ago=30, meta=meta)
        self.sim.settle()
        self.meet_plugin()
        self.sim.advance(hours=1)
        self.plugin = self.sim.sandbox.companion

    def meet_plugin(self):
        """Give the plugin the keys of the links."""
        with self.sim.db.transaction() as tx:
            self.secret = load_secret(tx)
        with self.sim.context() as context:
            settings = companion_settings(self.secret, context.settings.consent_meta)
            push_settings(context.store, settings)
            mail_url = read_status(context.store).mail_url
        with self.sim.db.transaction() as tx:
            save_companion(tx, "shop", mail_url=mail_url, settings=settings["digest"])

    def order(self, **more):
        return self.sim.place_order(**{"customer": self.anna, **more})

    def run(self, passes=2):
        (settings,) = self.sim.config.stores
        channels = open_channels(self.sim.config, settings, self.sim.db, self.sim.machine_now)
        try:
            for _ in range(passes):
                self.sim.advance(minutes=1)
                self.sim.run_pass(channels=channels, check_store=False)
        finally:
            close_channels(channels)

    def send(self):
        """Place an order; return the e-mail that follows."""
        self.order()
        self.run()
        return self.host.messages[-1]

    def events(self, *kinds):
        with self.sim.db.reading() as tx:
            found = find_person(tx, "shop", "anna@example.com")
            events = load_events(tx, "shop", [found]).get(found, ())
        return [each for each in events if each.kind in kinds]

    def suppressed(self):
        with self.sim.db.reading() as tx:
            return [(e.address, e.kind) for e in suppression.load_all(tx, "shop")]

    def row(self, kind, **data):
        """Put a row into the stream, as if the plugin had believed it."""
        fields = {"kind": kind, "customer_id": 0, "email": "", "data": data}
        self.plugin.tables.append("events", self.sim.now, fields)


@pytest.fixture
def host():
    port = free_port()
    with mail_host(port) as (found, _):
        found.port = port
        yield found


def unsubscribe_address(message):
    return re.findall(r"<(https:[^>]+)>", message["List-Unsubscribe"])[0]


def part(message, subtype):
    return message.get_body((subtype,)).get_content()


def links(message):
    return [
        unescape(each) for each in re.findall(r'<a[^>]*? href="([^"]*)"', part(message, "html"))
    ]


def picture(message):
    return unescape(re.findall(r'<img src="([^"]*)"', part(message, "html"))[0])


# Unsubscribe


def test_the_link_of_a_real_message_unsubscribes_at_once_and_stops_the_next_one(tmp_path, host):
    post = Post(tmp_path, host)
    message = post.send()
    address = unsubscribe_address(message)
    assert address.startswith("https://shop.example/?wcflow=")
    assert "List-Unsubscribe=One-Click" == message["List-Unsubscribe-Post"]
    assert address in part(message, "html").replace("&amp;", "&")
    assert address in part(message, "plain")

    assert 200 == post.plugin.open_link(address, now=post.sim.now, method="POST").status
    post.run()
    post.order()
    post.run()

    assert 1 == len(host.messages)
    assert [("anna@example.com", "unsubscribed")] == post.suppressed()
    assert "no" == post.sim.meta("customer", post.anna, "newsletter")
    (event,) = post.events("unsubscribed")
    assert {"channel": "email"} == event.data


def test_looking_at_the_page_unsubscribes_no_one(tmp_path, host):
    """Programs that check links for viruses open them all."""
    post = Post(tmp_path, host)
    address = unsubscribe_address(post.send())
    post.plugin.open_link(address, now=post.sim.now)
    post.run()

    assert ([], []) == (post.suppressed(), post.events("unsubscribed"))


def test_a_second_click_changes_nothing(tmp_path, host):
    post = Post(tmp_path, host)
    address = unsubscribe_address(post.send())
    for _ in range(3):
        post.plugin.open_link(address, now=post.sim.now, method="POST")
        token = address.partition("=")[2]
        post.row("unsubscribed", token=token, topics=["email"])
        post.run()

    assert 1 == len(post.events("unsubscribed"))


def test_a_link_of_someone_else_is_not_believed_even_if_the_plugin_does(tmp_path, host):
    post = Post(tmp_path, host)
    forged = unsubscribe_token("another secret", Subscriber("shop", 1, "anna@example.com", "news"))
    good = unsubscribe_token(post.secret, Subscriber("shop", 1, "anna@example.com", "news"))
    changed = f"{good[:-4]}AAAA"
    for token in (forged, changed, "", "x.y", good.partition(".")[0]):
        post.row("unsubscribed", token=token, topics=["email"])
    post.row("email_opened", token=good)
    post.row("email_clicked", token=open_address("", post.secret, "shop", 1).partition("=")[2])
    post.run()

    assert [] == post.suppressed()
    assert [] == post.events("unsubscribed", "email_opened", "email_clicked")


def test_a_link_from_before_the_store_was_renamed_still_works(tmp_path, host):
    post = Post(tmp_path, host)
    token = unsubscribe_token(post.secret, Subscriber("former", 1, "anna@example.com", "news"))
    post.row("unsubscribed", token=token, topics=[])
    post.run()

    assert [("anna@example.com", "unsubscribed")] == post.suppressed()


def test_an_address_that_was_taken_off_the_list_again_is_not_put_back_by_old_rows(tmp_path, host):
    post = Post(tmp_path, host)
    post.plugin.open_link(unsubscribe_address(post.send()), now=post.sim.now, method="POST")
    post.run()
    with post.sim.db.transaction() as tx:
        assert suppression.remove(tx, "shop", "email", "anna@example.com")
    post.plugin.tables.epoch = post.plugin.tables.make_key("epoch")
    post.run()

    assert [] == post.suppressed()


@pytest.mark.parametrize("steps", range(0, 60, 6))
def test_unsubscribing_survives_a_process_that_is_killed(tmp_path, host, steps):
    post = Post(tmp_path, host)
    post.plugin.open_link(unsubscribe_address(post.send()), now=post.sim.now, method="POST")
    post.sim.advance(minutes=1)
    try:
        with post.sim.crash_after(steps) as context:
            sync.poll_store(context)
    except ProcessKilled:
        post.sim.reopen_database()
    post.sim.advance(minutes=5)
    post.run()

    assert [("anna@example.com", "unsubscribed")] == post.suppressed()
    assert 1 == len(post.events("unsubscribed"))


def test_without_the_plugin_the_link_writes_an_e_mail(tmp_path, host):
    post = Post(tmp_path, host)
    post.plugin.deactivate()
    post.sim.run_pass()
    message = post.send()

    assert message["List-Unsubscribe"].startswith("<mailto:")
    assert message["List-Unsubscribe-Post"] is None


def test_the_links_change_in_the_pass_that_finds_the_plugin_deactivated(tmp_path, host):
    post = Post(tmp_path, host)
    post.plugin.deactivate()

    assert post.send()["List-Unsubscribe"].startswith("<mailto:")


def test_a_page_of_the_shopkeeper_comes_before_the_plugin(tmp_path, host):
    post = Post(tmp_path, host, smtp="unsubscribe_url = https://news.example/leave")

    assert unsubscribe_address(post.send()).startswith("https://news.example/leave?wcflow=")


def test_a_plugin_without_the_keys_gets_no_links(tmp_path, host):
    post = Post(tmp_path, host)
    with post.sim.db.transaction() as tx:
        save_companion(tx, "shop", settings="")

    assert post.send()["List-Unsubscribe"].startswith("<mailto:")


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_someone_can_unsubscribe_from_messages_to_their_phone(tmp_path):
    with running_webhook_host() as receiver:
        shop = Shop(tmp_path, receiver, plugins=("companion",))
        shop.sells(sms_opt_in="yes", newsletter="yes")
        shop.passes(minutes=1)
        plugin = shop.sim.sandbox.companion
        topics = [(each["name"], each["meta"]) for each in plugin.tables.settings["topics"]]
        with shop.sim.db.transaction() as tx:
            subscriber = Subscriber("shop", 1, "anna@example.com", "news")
            token = unsubscribe_token(load_secret(tx), subscriber)
        data = {"token": token, "topics": ["sms"]}
        fields = {"kind": "unsubscribed", "customer_id": 0, "email": "", "data": data}
        plugin.tables.append("events", shop.sim.now, fields)
        shop.passes(minutes=1)

        with shop.sim.db.reading() as tx:
            found = [(e.channel, e.address) for e in suppression.load_all(tx, "shop")]
    assert [("email", "newsletter"), ("sms", "sms_opt_in")] == topics
    assert [("sms", "+4915123456789")] == found


# Opened and clicked


def test_nothing_is_tracked_unless_it_is_switched_on(tmp_path, host):
    message = Post(tmp_path, host).send()

    assert "wcflow_open" not in str(message)
    assert "https://shop.example/sale?a=1&b=2#top" in links(message)


def test_an_opened_and_clicked_e_mail_is_known_once(tmp_path, host):
    post = Post(tmp_path, host, smtp="track = yes")
    message = post.send()
    sale = links(message)[1]
    for _ in range(3):
        assert 200 == post.plugin.open_link(picture(message), now=post.sim.now).status
        answer = post.plugin.open_link(sale, now=post.sim.now)
        assert "https://shop.example/sale?a=1&b=2#top" == answer.headers["Location"]
        post.run()

    (opened,) = post.events("email_opened")
    (clicked,) = post.events("email_clicked")
    entry = next(each.id for each in post.sim.outbox() if each.kind == "email")
    about = {"message": "news", "rule": "workflow news", "entry": entry}
    assert (about, {**about, "url": "https://shop.example/sale?a=1&b=2#top"}) == (
        opened.data,
        clicked.data,
    )
    assert {"Reader"} <= post.sim.customer_tags(post.anna)
    with post.sim.db.reading() as tx:
        counted = count_reactions(tx, "shop", None)
    assert {"workflow news": {"email_opened": 1, "email_clicked": 1}} == counted


def test_only_links_to_web_pages_in_the_html_part_are_changed(tmp_path, host):
    post = Post(tmp_path, host, smtp="track = clicks")
    message = post.send()
    found = links(message)

    assert {"mailto:help@shop.example", "#part", unsubscribe_address(message)} <= set(found)
    assert 3 == sum("wcflow_click=" in each for each in found)  # the shop's name is a link as well
    assert "<img" not in part(message, "html")
    assert "wcflow_click" not in part(message, "plain")
    assert "https://shop.example/sale?a=1&b=2#top" in part(message, "plain")


def test_only_opens_can_be_tracked(tmp_path, host):
    message = Post(tmp_path, host, smtp="track = opens").send()

    assert picture(message).startswith("https://shop.example/?wcflow_open=")
    assert "wcflow_click" not in part(message, "html")


def test_transactional_e_mails_are_never_tracked(tmp_path, host):
    post = Post(tmp_path, host, smtp="track = yes", more="transactional = yes")

    assert "wcflow_" not in str(post.send())


def test_nothing_is_recorded_of_someone_who_has_unsubscribed(tmp_path, host):
    post = Post(tmp_path, host, smtp="track = yes")
    message = post.send()
    post.plugin.open_link(unsubscribe_address(message), now=post.sim.now, method="POST")
    post.run()
    post.plugin.open_link(picture(message), now=post.sim.now)
    post.run()

    assert [] == post.events("email_opened")


# Visitors

CART = """
[workflow cart]
trigger = cart_abandoned after 1h
do = send_email cart

[email cart]
subject = Your cart
markdown = It is still there.
transactional = {transactional}
"""


@pytest.mark.parametrize(("transactional", "sent"), [("no", []), ("yes", ["vera@example.com"])])
def test_a_visitor_who_did_not_agree_gets_no_marketing(tmp_path, host, transactional, sent):
    post = Post(tmp_path, host, smtp=CART.format(transactional=transactional))
    items = [{"product_id": 1, "name": "Wallet", "quantity": 1}]
    post.plugin.change_cart("k1", items, now=post.sim.now, email="vera@example.com")
    post.run()
    post.sim.advance(hours=2)
    post.run()

    assert sent == host.recipients
    (entry,) = [each for each in post.sim.outbox() if each.kind == "email"]
    assert ("done" if sent else "cancelled") == entry.state
    assert sent or "no consent" in entry.outcome
