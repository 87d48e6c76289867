"""The people and the agencies that the tests share, and short ways to make more of both."""

import datetime
import hashlib
import itertools
import uuid

from rig import contract
from rig.caller import Caller

ROLES = ("viewer", "technician", "fleet_manager", "alerter", "admin")


def day(offset=0):
    """Today and some days, in UTC: the agencies that tests make count their due dates in UTC."""
    return (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=offset)).isoformat()


class World:
    """ada administers the shop; tina repairs for all agencies; frank manages IND, lee LSU; vera looks at all."""

    PEOPLE = {
        "ada": [("admin", "")],
        "tina": [("technician", "")],
        "frank": [("fleet_manager", "IND")],
        "lee": [("fleet_manager", "LSU")],
        "vera": [("viewer", "")],
        "nightly": [("alerter", "")],
        # one role each over IND, for the matrix of roles
        **{f"ind-{role}": [(role, "IND")] for role in ROLES},
        # and over every agency
        **{f"shop-{role}": [(role, "")] for role in ROLES},
        # every role, but over LSU only, for tenancy
        "lsu-everything": [(role, "LSU") for role in ROLES],
        "granted-nothing": [],
    }

    def __init__(self, daemon, certificates):
        self.daemon, self.certificates = daemon, certificates
        self._callers, self._numbers, self._months, self._billed = {}, itertools.count(1), itertools.count(), set()

    def caller(self, name):
        """The one shared caller of that name."""
        if name not in self._callers:
            self._callers[name] = self.fresh_caller(name)
        return self._callers[name]

    def fresh_caller(self, name, port=None, **options):
        certificate, key = self.certificates.person(name)
        return Caller(port or self.daemon.port, self.certificates.ca_pem(), certificate.read_bytes(), key.read_bytes(),
                      **{"address": self.daemon.address, **options})

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return self.caller(name)

    def settle(self):
        """Makes the agencies, models and people; ada exists already."""
        ada = self.caller("ada")
        for code, name in (("IND", "City of Independence"), ("LSU", "City of Lee's Summit")):
            ada.CreateAgency(agency={"code": code, "name": name, "time_zone": "UTC"})
        ada.CreateModel(model={"number": "H98UCF9PW6BN", "manufacturer": "Motorola Solutions", "family": "APX 6000",
                               "band": "7/800", "class": "portable"})
        ada.CreateModel(model={"number": "M22URS9PW1BN", "manufacturer": "Motorola Solutions", "family": "APX 4500",
                               "band": "7/800", "class": "mobile"})
        for name, grants in self.PEOPLE.items():
            if name != "ada":
                self.person(name, grants)

    def person(self, name, grants=()):
        ada = self.caller("ada")
        ada.CreatePrincipal(principal={"name": name, "display_name": f"{name} (test)"})
        for role, agency in grants:
            ada.GrantRole(principal=name, role=role, agency=agency)
        return name

    def number(self):
        return next(self._numbers)

    def agency(self):
        """A fresh agency, so that tests do not see each other's rows. Its code."""
        code = f"T{self.number():04d}"
        self.caller("ada").CreateAgency(agency={"code": code, "name": f"Test city {code}", "time_zone": "UTC"})
        return code

    def asset(self, agency="IND", **values):
        """A new portable with a tag, and a serial, that nobody else has."""
        number = self.number()
        values = {"agency": agency, "tag": f"W{number:05d}", "serial": f"426CXB{number:04d}", "model": "H98UCF9PW6BN",
                  **values}
        return self.caller("tina").CreateAsset(asset=values).asset

    def plan(self, agency, code="PM12", **values):
        values = {"agency": agency, "code": code, "name": "Yearly check", "interval_count": 12,
                  "interval_unit": "months", "basis": "completed", "first_due_on": day(10), **values}
        return self.caller("ada").CreatePlan(plan=values).plan

    def due(self, agency, **values):
        """What is due in an agency, however far away: {(tag, plan): item}."""
        values = {"until": day(4000), **values}
        items = self.caller("ada").pages("ListDue", "items", agency=agency, page_size=500, **values)
        return {(item.tag, item.plan): item for item in items}

    def bill(self, agency, correct=(), beside=None):
        """Closes the next month, from 2020-01 on, as one that this agency pays for alone or with another; texts in `correct` become
        corrections of it. Who was billed before is a customer: there may be a correction for it by now."""
        at = next(self._months)
        month, ada = f"{2020 + at // 12}-{at % 12 + 1:02d}", self.caller("ada")
        members = [code for code in (agency, beside) if code]
        ada.SetAgreement(from_month=month, split="radios", fund_ceiling_cents=1000000,
                         members=[{"agency": code, "kind": "member"} for code in members]
                         + [{"agency": code, "kind": "customer"} for code in sorted(self._billed.difference(members))],
                         fixed_costs=[{"description": "Bench rent", "monthly_cents": 120000}])
        for text in correct:
            ada.AddCorrection(agency=agency, amount_cents=1, text=text, month=month)
        self._billed.update(members)
        ada.CloseMonth(month=month)
        return month

    def close(self):
        for caller in self._callers.values():
            caller.close()


def attach(world, record, name, content, caller=None, **values):
    """Sends a small file whole; the attachment."""
    caller = caller or world.caller("tina")
    started = caller.StartUpload(record=record, name=name, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), **values)
    for at in range(0, len(content), started.chunk_bytes):
        caller.PutChunk(upload=started.attachment.id, offset=at, data=content[at:at + started.chunk_bytes])
    return caller.FinishUpload(upload=started.attachment.id).attachment


def new_id():
    return str(uuid.uuid4())


def state(ticket):
    return contract.label(ticket, "state")


def status(asset):
    return contract.label(asset, "status")
