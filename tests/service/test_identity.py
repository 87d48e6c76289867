"""Who may come in at all: the certificate, the principal, and the moment it is locked out."""

import pytest
import grpc

from rig import contract
from rig.caller import Refused, refused
from rig.world import new_id


def turned_away(caller):
    """A caller without a good certificate gets no answer of the service: the TLS handshake ends it."""
    with pytest.raises(Refused) as refusal:
        caller.GetCaller(timeout=8)
    assert refusal.value.code == "UNAVAILABLE", str(refusal.value)


def test_a_known_principal_comes_in(world):
    principal = world.frank.GetCaller().principal
    assert principal.name == "frank"
    assert [(grant.role, grant.agency) for grant in principal.grants] == [(3, "IND")]


def test_no_certificate(daemon, stranger):
    turned_away(stranger())
    assert daemon.ready()


def test_certificate_of_another_ca(certificates, stranger):
    turned_away(stranger(*certificates.odd("ada", ca="other")))


def test_expired_certificate(certificates, stranger):
    turned_away(stranger(*certificates.odd("ada", days=(-30, -1))))


def test_certificate_not_valid_yet(certificates, stranger):
    turned_away(stranger(*certificates.odd("ada", days=(2, 30))))


def test_certificate_for_servers_only(certificates, stranger):
    turned_away(stranger(*certificates.odd("ada", server=True)))


@pytest.mark.parametrize("uris", [
    [], ["radioshop://principal/ada", "radioshop://principal/frank"], ["https://principal/ada"],
    ["radioshop://principal/"], ["radioshop://principal/ada/frank"], ["radioshop://principal/ada%00"],
], ids=["none", "two", "scheme", "empty", "path", "escape"])
def test_certificate_that_names_nobody(certificates, stranger, uris):
    """The common name says ada, but it is never looked at."""
    caller = stranger(*certificates.odd("ada", uris=uris))
    with pytest.raises(Refused) as refusal:
        caller.GetCaller(timeout=8)
    assert refusal.value.code in ("UNAVAILABLE", "UNAUTHENTICATED"), str(refusal.value)


def test_unknown_principal_learns_nothing(world):
    with refused("UNAUTHENTICATED") as unknown:
        world.caller("nobody-knows-me").GetCaller()
    with refused("UNAUTHENTICATED") as elsewhere:
        world.caller("nobody-knows-me").GetAsset(asset="IND:1")
    assert unknown.text == elsewhere.text and "nobody-knows-me" not in unknown.text


MALFORMED = {
    "nothing": b"",	# a write lacks its request_id
    "no protobuf": b"\xff\xff\xff",
    "no text": b"\x0a\x02\xff\xfe",
    "no uuid": b"\x0a\x03abc",
    "another type": b"\x08\x01",
    "memory": b"\x22\x00" * (1 << 20),
}


def verdict(world, person, path, payload):
    """What a caller is told on a connection of its own: that of a stranger ends after the first answer. Who is asked to leave while its
    call is on its way comes once more, as clients do that may retry."""
    for last in (False, True):
        with world.fresh_caller(person) as caller:
            try:
                caller.raw(path, payload)
            except Refused as refusal:
                if last or refusal.code != "UNAVAILABLE":
                    return refusal
            else:
                pytest.fail(f"{person} may call {path}")


@pytest.mark.parametrize("name", MALFORMED)
def test_who_may_not_call_does_not_learn_what_is_wrong(world, name):
    """The verdict on the caller comes before the one on the request, whatever is wrong with that, in every method."""
    answers = {"nobody-knows-me": set(), "granted-nothing": set()}
    for person, code in (("nobody-knows-me", "UNAUTHENTICATED"), ("granted-nothing", "PERMISSION_DENIED")):
        for method in contract.methods().values():
            refusal = verdict(world, person, method.path, MALFORMED[name])
            assert refusal.code == code and not refusal.fields, str(refusal)
            answers[person].add(refusal.text)
    assert all(len(texts) == 1 for texts in answers.values()), answers


def test_who_may_call_learns_what_is_wrong(world):
    """And the request_id of a request that was refused is not used up."""
    agency = world.agency()
    with refused("INVALID_ARGUMENT", field="request_id"):
        world.tina.CreateAsset(request_id="no uuid", asset={"agency": agency, "tag": "A1", "class": "portable"})
    with refused("INVALID_ARGUMENT", field="page_token"):
        world.tina.ListAssets(agency=agency, page_token="no token")
    with refused("INTERNAL"):
        world.tina.raw(contract.methods()["GetAsset"].path, b"\xff\xff\xff")
    method, request = contract.methods()["CreateAsset"], new_id()
    good = world.tina.request(method, {"request_id": request, "asset": {"agency": agency, "tag": "A1", "class": "portable"}})
    with refused("INVALID_ARGUMENT"):
        world.tina.raw(method.path, good.SerializeToString() + b"\x0a\x01\xff")
    assert method.reply.FromString(world.tina.raw(method.path, good.SerializeToString())).asset.tag == "A1"


def test_principal_without_a_grant(world):
    with refused("PERMISSION_DENIED"):
        world.caller("granted-nothing").GetCaller()


def test_locked_out_at_once(world, daemon):
    """Disabling locks out the live connection with the next call, and an answer kept for a repeat does not help."""
    name = world.person(f"leaver-{world.number()}", [("technician", "IND")])
    leaver = world.caller(name)
    asset = leaver.CreateAsset(request_id=(kept := "0190f000-0000-7000-8000-000000000001"),
                               asset={"agency": "IND", "tag": f"L{world.number()}", "class": "portable"}).asset
    principal = world.ada.GetPrincipal(principal=name).principal
    world.ada.UpdatePrincipal(principal={"name": name, "disabled": True, "revision": principal.revision},
                              update_mask=["disabled"])
    with refused("UNAUTHENTICATED"):
        leaver.GetCaller()
    with refused("UNAUTHENTICATED"):
        leaver.CreateAsset(request_id=kept, asset={"agency": "IND", "tag": asset.tag, "class": "portable"})
    with refused("UNAUTHENTICATED"):
        world.fresh_caller(name).GetCaller()
    principal = world.ada.GetPrincipal(principal=name).principal
    world.ada.UpdatePrincipal(principal={"name": name, "disabled": False, "revision": principal.revision},
                              update_mask=["disabled"])
    assert leaver.GetCaller().principal.name == name


def test_a_grant_taken_away_is_gone_at_once(world):
    name = world.person(f"mover-{world.number()}", [("viewer", "IND"), ("viewer", "LSU")])
    assert {a.code for a in world.caller(name).ListAgencies().agencies} == {"IND", "LSU"}
    world.ada.RevokeRole(principal=name, role="viewer", agency="IND")
    assert {a.code for a in world.caller(name).ListAgencies().agencies} == {"LSU"}
    world.ada.RevokeRole(principal=name, role="viewer", agency="LSU")
    with refused("PERMISSION_DENIED"):
        world.caller(name).ListAgencies()


def test_no_plain_text(daemon):
    """A client that speaks HTTP/2 without TLS is not served."""
    with grpc.insecure_channel(f"127.0.0.1:{daemon.port}") as channel:
        with pytest.raises(grpc.RpcError) as error:
            channel.unary_unary("/radioshop.v1.PrincipalService/GetCaller")(b"", timeout=5)
        assert error.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
