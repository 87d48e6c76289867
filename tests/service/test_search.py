"""Tickets found by what they say, in the shop's own language."""

import pytest

from rig.caller import refused
from rig.world import day, new_id


@pytest.fixture(scope="module")
def bench(world):
    """A city with four tickets. Its code, and the tickets by a letter."""
    agency = world.agency()
    said = {"a": "No TX after rain", "b": "spkr mic scratchy", "c": "APX-6000 off frequency", "d": "battery swells"}
    tickets = {}
    for letter, problem in said.items():
        asset = world.asset(agency)
        tickets[letter] = world.tina.OpenTicket(asset=asset.id, problem=problem, received=True).ticket
    world.tina.AddTicketEntry(ticket=tickets["d"].number, kind="note", text="owner says it does not transmit when cold")
    world.tina.AddTicketEntry(ticket=tickets["b"].number, kind="part", text="speaker 5005156Z02", cost_cents=1420)
    world.tina.UpdateTicket(ticket={"number": tickets["c"].number, "revision": tickets["c"].revision, "cause": "synthesizer drifts"},
                            update_mask=["cause"])
    return agency, tickets


def found(world, bench, query, who="vera", **values):
    """Letters of what is found, the best first."""
    agency, tickets = bench
    letters = {ticket.number: letter for letter, ticket in tickets.items()}
    return "".join(letters[match.number] for match in world.caller(who).LookupTickets(query=query, agency=agency, **values).tickets)


def test_the_language_of_the_shop(world, bench):
    agency, tickets = bench
    for query, wanted in {
            "no tx": "a", "does not transmit": "d", "transmitting": "ad", "TX": "ad", "speaker microphone": "b", "RSM": "b", "spkr": "b",
            "apx6000": "c", "APX 6000": "c", "apx-6000 pll": "c", "off freq": "c", "5005156z02": "b", "batt -cold": "", "bat cold": "d",
            '"mic scratchy"': "b", '"scratchy mic"': "", "rain or swells": "da", "rain swells": "", "-rain": "", "nothing like this": "",
            tickets["c"].number: "c", tickets["c"].number.lower(): "c", tickets["a"].tag: "a", f"{agency} batteries": "d"}.items():
        assert sorted(found(world, bench, query)) == sorted(wanted), query
    assert found(world, bench, "transmit") == "ad", "what the problem says counts more than a note"
    match = world.vera.LookupTickets(query="transmit cold", agency=agency).tickets[0]
    assert (match.number, match.tag, match.problem, match.rank > 0) == (tickets["d"].number, tickets["d"].tag, "battery swells", True)
    assert "[transmit] when [cold]" in match.excerpt


def test_whatever_is_typed(world, bench):
    """No text of a question is refused, but an empty one."""
    for query in ("'", '"', '"no tx', "((( & | ! :* <->", "a:*b", "\\", "%", "or", "-", "- -", "no & tx | !x", "é ß 无", "x" * 5000, "tx " * 900,
                  "'; DROP TABLE radioshop.ticket; --", "$$", "a' b", "{a,b}", "@901", "-a -b", "tx\ttx\n"):
        world.vera.LookupTickets(query=query)
    with refused("INVALID_ARGUMENT", field="query"):
        world.vera.LookupTickets(query=" ")
    with refused("INVALID_ARGUMENT", field="opened_from"):
        world.vera.LookupTickets(query="tx", opened_from="yesterday")
    with refused("NOT_FOUND", field="agency"):
        world.vera.LookupTickets(query="tx", agency="NONE")
    with refused("NOT_FOUND", field="agency"):
        world.lee.LookupTickets(query="tx", agency=bench[0])
    assert not [match for match in world.lee.LookupTickets(query="tx or mic or apx or battery", page_size=1000).tickets if match.agency != "LSU"]


def test_filters_and_pages(world, bench):
    agency, tickets = bench
    every = "rain or scratchy or frequency or swells"
    assert len(found(world, bench, every)) == 4
    assert found(world, bench, every, state="received", open=True, opened_from=day(-1), opened_until=day(1)) == found(world, bench, every)
    assert not found(world, bench, every, state="testing") and not found(world, bench, every, opened_from=day(2))
    assert not found(world, bench, every, opened_until=day(-2))
    pages = [match.number for match in world.vera.pages("LookupTickets", "tickets", query=every, agency=agency, page_size=1)]
    assert pages == [match.number for match in world.vera.LookupTickets(query=every, agency=agency).tickets] and len(set(pages)) == 4
    ticket = tickets["a"]
    revision = world.tina.GetTicket(ticket=ticket.number).ticket.revision
    world.tina.MoveTicket(ticket=ticket.number, revision=revision, state="cancelled", note="it was the zebra")
    assert found(world, bench, "no tx") == "a" and not found(world, bench, "no tx", open=True)
    assert found(world, bench, "zebras") == "a", "what is noted is found at once"
    asset = world.tina.GetAsset(asset=f"{agency}:{tickets['d'].tag}").asset
    world.tina.UpdateAsset(asset={"id": asset.id, "revision": asset.revision, "serial": f"QQ{world.number()}XYZ"}, update_mask=["serial"])
    serial = world.tina.GetAsset(asset=asset.id).asset.serial
    assert found(world, bench, serial) == "d", "by its new serial number"


def test_a_word_of_the_shop(world, bench):
    """A new synonym works at once, both ways; it is the shop's to add."""
    word = f"wobbly{world.number()}"
    assert not found(world, bench, word)
    request = {"request_id": new_id(), "synonym": {"word": f" {word.upper()} ", "means": "scratchy"}}
    made = world.ada.AddSynonym(**request)
    assert (made.synonym.word, made.synonym.means) == (word, "scratchy") and world.ada.AddSynonym(**request) == made
    assert found(world, bench, word) == "b"
    with refused("ALREADY_EXISTS", field="word"):
        world.ada.AddSynonym(synonym={"word": word, "means": "noisy"})
    with refused("FAILED_PRECONDITION", field="means", text="itself means scratchy"):
        world.ada.AddSynonym(synonym={"word": f"{word}x", "means": word})
    with refused("FAILED_PRECONDITION", field="word", text="is what"):
        world.ada.AddSynonym(synonym={"word": "scratchy", "means": "noisy"})
    for wrong in ({"word": "", "means": "x"}, {"word": "x y z a b", "means": "x"}, {"word": "a-b", "means": "x"}, {"word": "y" * 65, "means": "x"}):
        with refused("INVALID_ARGUMENT", field="word"):
            world.ada.AddSynonym(synonym=wrong)
    for wrong in ({"word": f"{word}z", "means": ""}, {"word": f"{word}z", "means": f"{word}z"}):
        with refused("INVALID_ARGUMENT", field="means"):
            world.ada.AddSynonym(synonym=wrong)
    with refused("PERMISSION_DENIED"):
        world.caller("ind-admin").AddSynonym(synonym={"word": "mine", "means": "yours"})
    assert world.ada.RemoveSynonym(word=word).synonym.means == "scratchy"
    with refused("NOT_FOUND", field="word"):
        world.ada.RemoveSynonym(word=word)
    assert not found(world, bench, word)
