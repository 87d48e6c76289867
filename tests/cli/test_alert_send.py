"""`radioshop alert send` against a real relay and a real receiver: what is sent, what each answer means, what is safe."""

import email
import email.policy
import json
import os
import stat

import pytest

from rig import contract
from rig.receivers import Receiver, Relay, is_signed
from rig.world import day

KEY = "0123456789abcdef0123456789abcdef"
HOSTILE = "Zürich 東京\u202e\u001b[2J".replace("\u001b", "")


@pytest.fixture
def relay(world):
    relay = Relay().start()
    yield relay
    relay.stop()


@pytest.fixture(scope="module")
def receiver(world):
    receiver = Receiver(world.certificates)
    yield receiver
    receiver.stop()


@pytest.fixture
def sender(shop, world, agency, migrated):
    """Sends what one agency has to say, as the nightly job; settings are lines of send.conf."""
    class Sender:
        secrets = shop.config / "secrets" / agency

        def settings(self, **values):
            (shop.config / "send.conf").write_text("".join(f"{k} = {v}\n" for k, v in values.items()), encoding="utf-8")

        def mail(self, relay, **values):
            self.settings(**{"mail": f"smtp://127.0.0.1:{relay.port}", "mail_from": "radioshop@example.org", "mail_tls": "never", "timeout_s": 3,
                             **values})

        def route(self, code="FLEET", **values):
            return world.ada.CreateAlertRoute(route={"agency": agency, "code": code, "channel": "email", "address": "fleet@example.org", **values}).route

        def overdue(self, count=1, code="PM12", **values):
            assets = [world.asset(agency, **values) for _ in range(count)]
            world.plan(agency, code, first_due_on=day(-14), grace_days=2)
            world.nightly.EmitAlerts(agency=agency)
            return assets

        def send(self, code=0, **options):
            done = shop.run("nightly", "alert", "send", "--agency", agency, **options)
            assert done.returncode == code, f"{done.returncode}\n{done.stdout}{done.stderr}"
            return done

        def later(self):
            migrated.sql(f"""UPDATE radioshop.alert_delivery SET next_at = now() - interval '1 s', lease_until = NULL WHERE state = 'waiting'
                AND agency_id = (SELECT agency_id FROM radioshop.agency WHERE code = '{agency}')""")

        def records(self):
            return [(d.route, contract.label(d, "state"), d.reason) for d in world.vera.ListDeliveries(agency=agency, page_size=100).deliveries]

        def secret(self, mode=0o600, text=KEY):
            self.secrets.mkdir(parents=True, exist_ok=True)
            (self.secrets / "HOOK").write_text(text + "\n", encoding="ascii")
            os.chmod(self.secrets / "HOOK", mode)

    return Sender()


def read(relay, at=-1):
    return email.message_from_bytes(relay.accepted[at][1], policy=email.policy.default)


def test_a_message(sender, relay, world, agency):
    agency_now = world.ada.GetAgency(agency=agency).agency
    world.ada.UpdateAgency(agency={"code": agency, "name": "Ville de Bäderstadt, très grande et avec un nom vraiment long, 東京", "revision": agency_now.revision},
                           update_mask=["name"])
    sender.mail(relay)
    sender.route()
    (asset,) = sender.overdue(assigned_to=f"Engine 4 {HOSTILE}", location="Station 2. Line\n.\nQUIT".replace("\n", " "))
    assert sender.send().stdout == "" and relay.senders == ["radioshop@example.org"]
    (recipient, raw), message = relay.accepted[0], read(relay)
    assert recipient == "fleet@example.org" == message["to"] and message["from"] == "radioshop <radioshop@example.org>"
    assert message["subject"] == f"{agency}: 1 overdue (Ville de Bäderstadt, très grande et avec un nom vraiment long, 東京)"
    assert message["auto-submitted"] == "auto-generated" and message["message-id"].startswith(f"<{message['x-radioshop-delivery']}@")
    body = message.get_content()
    for told in (asset.tag, "PM12", "Yearly check", day(-14), "12 days overdue", "assigned to Engine 4 Zürich 東京\\u202e", "at Station 2",
                 "radioshop alert ack", f"radioshop due --agency {agency} --overdue", "radioshop alert snooze"):
        assert told in body, body
    assert max(map(len, raw.split(b"\r\n"))) <= 78 and raw.isascii() and b"\n" not in raw.replace(b"\r\n", b"")
    assert sender.records() == [("FLEET", "delivered", "250 queued as 7F")]
    assert sender.send().stderr == "" and len(relay.accepted) == 1


def test_half_of_the_recipients(sender, relay):
    """Each recipient has a message of its own, so that one who is refused takes it from nobody else."""
    sender.mail(relay)
    for n in range(6):
        sender.route(f"R{n}", address=f"r{n}@example.org")
    relay.replies = {"r0@example.org": "550 5.1.1 no such user", "r2@example.org": "451 4.7.1 greylisted", "r4@example.org": "452 full"}
    sender.overdue()
    done = sender.send(code=65)
    assert sorted(r for r, _ in relay.accepted) == [f"r{n}@example.org" for n in (1, 3, 5)]
    assert "550 5.1.1 no such user" in done.stderr and "route update" in done.stderr and "451 4.7.1 greylisted" in done.stderr
    assert sorted(sender.records()) == [("R0", "failed", "550 5.1.1 no such user"), ("R1", "delivered", "250 queued as 7F"),
                                        ("R2", "waiting", "451 4.7.1 greylisted"), ("R3", "delivered", "250 queued as 7F"),
                                        ("R4", "waiting", "452 full"), ("R5", "delivered", "250 queued as 7F")]
    sender.send()
    relay.replies = {}
    sender.later()
    sender.send()
    assert sorted(r for r, _ in relay.accepted) == [f"r{n}@example.org" for n in (1, 2, 3, 4, 5)]


ANSWERS = [("sender", "550 who are you", "waiting"), ("hello", "drop", "waiting"), ("recipient", "drop", "waiting"), ("recipient", "421 busy", "waiting"),
           ("data", "451 later", "waiting"), ("data", "554 spam", "failed"), ("data", "drop", "waiting"), ("data", "hang", "waiting"),
           ("recipient", "hang", "waiting"), ("accepted", "drop", "waiting")]


@pytest.mark.parametrize("stage, said, state", ANSWERS, ids=[f"{s}-{w.split()[0]}" for s, w, _ in ANSWERS])
def test_what_an_answer_means(sender, relay, stage, said, state):
    """4xx, a cut and silence are tried again, 5xx to this host too; 5xx to the recipient or the message are for good."""
    sender.mail(relay, timeout_s=1)
    sender.route()
    sender.overdue()
    relay.at = lambda at: said if at == stage else None
    sender.send(code=75 if state == "waiting" else 65)
    assert [r[1] for r in sender.records()] == [state]
    relay.at = lambda at: None
    sender.later()
    sender.send()
    if state == "waiting":
        assert [r[1] for r in sender.records()] == ["delivered"]
        assert len({read(relay, at)["message-id"] for at in range(len(relay.accepted))}) == 1, "a repeat is told by its Message-ID"
        assert len({raw for _, raw in relay.accepted}) == 1, "and is the same message"
    else:
        assert not relay.accepted


def test_no_relay(sender, relay):
    sender.mail(relay)
    sender.route()
    sender.overdue()
    relay.stop()
    assert "not sent yet" in sender.send(code=75).stderr
    relay.start()
    sender.later()
    sender.send()
    assert len(relay.accepted) == 1


def test_tls_to_the_relay(sender, world):
    relay = Relay(world.certificates).start()
    plain = Relay().start()
    try:
        sender.route()
        sender.overdue()
        at = {"mail": f"smtp://localhost:{relay.port}"}
        sender.mail(plain, mail_tls="required")
        assert "waiting" in str(sender.send(code=75) and sender.records()), "without TLS nothing is said"
        sender.later()
        sender.mail(relay, mail_tls="required", **at)
        sender.send(code=75)
        assert not relay.accepted and not plain.accepted, "nor to somebody whose certificate nobody knows"
        sender.later()
        sender.mail(relay, mail_tls="required", mail_ca=world.certificates.ca, **at)
        sender.send()
        assert len(relay.accepted) == 1
    finally:
        relay.stop()
        plain.stop()


def test_sendmail(sender, tmp_path, world, agency):
    """The program gets the recipient behind --, and its exit status decides."""
    program, got = tmp_path / "sendmail", tmp_path / "got"
    program.write_text(f"#!/bin/sh\necho \"$@\" >> {got}\ncat > {got}.message\nexit $(cat {got}.exit)\n", encoding="ascii")
    program.chmod(0o755)
    sender.settings(mail=program, mail_from="radioshop@example.org", timeout_s=1)
    sender.route()
    sender.overdue()
    for status, code, state in ((75, 75, "waiting"), (69, 75, "waiting"), (0, 0, "delivered")):
        (tmp_path / "got.exit").write_text(str(status), encoding="ascii")
        sender.later()
        sender.send(code=code)
        assert [r[1] for r in sender.records()] == [state]
    assert got.read_text(encoding="ascii").splitlines()[0] == "-i -f radioshop@example.org -- fleet@example.org"
    assert b"\r" not in (tmp_path / "got.message").read_bytes() and "Message-ID: <" in (tmp_path / "got.message").read_text(encoding="ascii")
    sender.overdue(code="PM13")
    (tmp_path / "got.exit").write_text("67", encoding="ascii")
    sender.send(code=65)
    sender.overdue(code="PM14")
    program.write_text("#!/bin/sh\nexec sleep 30\n", encoding="ascii")
    assert "it took too long" in sender.send(code=75).stderr
    sender.later()
    sender.settings(mail=tmp_path / "missing", mail_from="radioshop@example.org")
    sender.send(code=78)


def test_webhook(sender, receiver, world, agency):
    receiver.taken.clear()
    sender.settings(webhook_ca=world.certificates.ca, timeout_s=1)
    sender.secret()
    sender.route("HOOK", channel="webhook", address=receiver.url("/a?b=c"), secret="HOOK")
    (asset,) = sender.overdue()
    sender.send()
    (path, headers, body), = receiver.taken
    said = json.loads(body)
    assert path == "/a?b=c" and is_signed(headers, body, KEY) and headers["Idempotency-Key"] == said["id"]
    assert said["agency"] == agency and [i["tag"] for i in said["items"]] == [asset.tag] and said["items"][0]["kind"] == "overdue"
    assert not {"secret", "address", "lease_until", "generation"} & set(said) and KEY.encode() not in body
    assert sender.records() == [("HOOK", "delivered", "HTTP 200: seen")]


@pytest.mark.parametrize("status, state", [(201, "delivered"), (204, "delivered"), (302, "failed"), (400, "failed"), (404, "failed"), (408, "waiting"),
                                           (410, "failed"), (429, "waiting"), (500, "waiting"), (503, "waiting"), ("hang", "waiting")])
def test_what_a_webhook_answers(sender, receiver, world, status, state):
    receiver.taken.clear()
    receiver.status, receiver.location = status, receiver.url("/elsewhere") if status == 302 else None
    try:
        sender.settings(webhook_ca=world.certificates.ca, timeout_s=1)
        sender.secret()
        sender.route("HOOK", channel="webhook", address=receiver.url(), secret="HOOK")
        sender.overdue()
        sender.send(code={"delivered": 0, "failed": 65, "waiting": 75}[state])
        assert [r[1] for r in sender.records()] == [state] and len(receiver.taken) == 1, "and no redirect is followed"
    finally:
        receiver.status, receiver.location = 200, None


def test_a_webhook_whose_certificate_nobody_knows(sender, receiver):
    receiver.taken.clear()
    sender.settings(timeout_s=2)
    sender.secret()
    sender.route("HOOK", channel="webhook", address=receiver.url(), secret="HOOK")
    sender.overdue()
    sender.send(code=75)
    assert not receiver.taken


@pytest.mark.parametrize("mode, text, says", [(0o640, KEY, "chmod 600"), (0o604, KEY, "chmod 600"), (0o600, "short", "openssl rand"), (None, "", "cannot read")])
def test_a_secret_that_is_none(sender, receiver, world, mode, text, says):
    """A key that others may read signs nothing: the message waits until it is mended."""
    receiver.taken.clear()
    sender.settings(webhook_ca=world.certificates.ca)
    if mode is not None:
        sender.secret(mode, text)
    sender.route("HOOK", channel="webhook", address=receiver.url(), secret="HOOK")
    sender.overdue()
    assert says in sender.send(code=78).stderr and not receiver.taken
    sender.secret()
    sender.later()
    sender.send()
    assert len(receiver.taken) == 1


def test_files_and_output(sender, tmp_path, agency):
    files = tmp_path / "files"
    sender.route("FILE", channel="file", address="alerts.jsonl")
    sender.route("OUT", channel="output", address="")
    (asset,) = sender.overdue()
    done = sender.send(code=78)
    assert asset.tag in done.stdout and "files = DIRECTORY" in done.stderr
    sender.settings(files=files)
    sender.later()
    assert sender.send().stdout == ""
    path = files / agency / "alerts.jsonl"
    assert json.loads(path.read_text(encoding="ascii"))["items"][0]["tag"] == asset.tag and stat.S_IMODE(path.stat().st_mode) & 0o037 == 0
    with open(path, "a", encoding="ascii") as torn:
        torn.write('{"id": "half a li')
    (second,) = sender.overdue(code="PM13", tag=f"SECOND{agency}")
    assert second.tag in sender.send().stdout
    lines = path.read_text(encoding="ascii").splitlines()
    assert len(lines) == 3 and second.tag in lines[2], "a line that a crash has left half spoils no other"
    outside = tmp_path / "outside"
    path.unlink()
    path.symlink_to(outside)
    sender.overdue(code="PM14", tag=f"THIRD{agency}")
    sender.send(code=78)
    assert not outside.exists()


def test_a_storm(sender, relay, agency):
    sender.mail(relay)
    sender.route(storm_limit=3)
    assets = sender.overdue(5)
    sender.send()
    body = read(relay).get_content()
    assert "all 5 of them" in body and "None is lost" in body and f"radioshop alert list --agency {agency} --open" in body
    assert not any(a.tag in body for a in assets) and [r[1] for r in sender.records()] == ["delivered"] * 5


SETTINGS = [("mail = http://x", "mail is"), ("mail = smtp://me:pw@relay", "mail_user"), ("mail = smtp://relay", "mail_from"),
            ("mail = smtp://relay\nmail_from = a@b\x0bc", "control character"), ("mail = smtp://relay\nmail_from = a b@c", "mail_from"),
            ("mail_tls = maybe", "mail_tls"), ("timeout_s = 0", "timeout_s"), ("timeout_s = 1x", "timeout_s"), ("nonsense = 1", "unknown key"),
            ("mail", "expected a line"), ("mail = smtp://relay\nmail_from = a@b.c\nmail_user = x\nmail_tls = never", "without TLS")]


@pytest.mark.parametrize("text, says", SETTINGS, ids=range(len(SETTINGS)))
def test_settings_that_are_wrong(shop, text, says):
    (shop.config / "send.conf").write_text(text + "\n", encoding="utf-8")
    shop.fails(78, "nightly", "alert", "send", says=says)


def test_what_was_not_told_is_told_by_the_next_run(sender, relay, shop, world, agency):
    """The journal of a run that died between the relay's 250 and the shop: its message is not sent again."""
    sender.mail(relay)
    sender.route()
    sender.overdue()
    given = world.nightly.ClaimDeliveries(agency=agency, host="died").deliveries[0]
    journal = shop.state / "radioshop" / "send-nightly.journal"
    journal.parent.mkdir(parents=True, exist_ok=True)
    line = {"server": f"localhost:{world.daemon.port}", "delivery": given.id, "generation": 1, "outcome": 1, "reply": "250 from the journal"}
    other = {**line, "server": "elsewhere:1", "delivery": "00000000-0000-4000-8000-000000000009"}
    journal.write_text(json.dumps(other) + "\n" + json.dumps(line) + "\n" + '{"server": "local', encoding="ascii")
    sender.send()
    assert sender.records() == [("FLEET", "delivered", "250 from the journal")] and not relay.accepted and journal.read_text() == ""


def test_status(shop, world, agency, migrated):
    assert "has never run" in shop.run("nightly", "alert", "status", "--agency", agency).stdout
    assert shop.run("nightly", "alert", "status", "--agency", agency).returncode == 1
    world.nightly.EmitAlerts(agency=agency)
    assert shop.run("vera", "alert", "status", "--agency", agency).returncode == 0
    migrated.sql(f"UPDATE radioshop.alert_run SET decided_at = now() - interval '27 h' WHERE agency_id = (SELECT agency_id FROM radioshop.agency WHERE code = '{agency}')")
    done = shop.run("nightly", "alert", "status", "--agency", agency)
    assert done.returncode == 1 and "did not run for 27 hours" in done.stdout
    assert shop.run("nightly", "alert", "status", "--agency", agency, "--max-age-hours", 48).returncode == 0
    shop.fails(65, "nightly", "alert", "status", "--max-age-hours", 1001, says="1000")
    shop.fails(66, "nightly", "alert", "status", "--agency", "NOSUCH")
