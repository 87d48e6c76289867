"""Tickets found by what they say, in the shop's own language; and assets by their codes, names and tickets."""

import pytest

from rig import contract
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


@pytest.fixture(scope="module")
def shelf(world):
    """A city with assets that are alike, and another with one of the same holder."""
    agency, other = world.agency(), world.agency()
    rows = [{"line": i, "tag": f"{agency}-{1040 + i}", "class": "portable", "serial": f"{agency}SER{i:02d}", "unit_id": str(9100000 + i),
             "system": "S", "alias": f"TRUCK {i}", "assigned_to": f"{name}"}
            for i, name in enumerate(("Jane Zimmerlin", "John Zimmerlin", "Zoë Kowalczyk", "Quentin O'Brannigan", "Jane Kowalczyk"), 1)]
    world.tina.ImportAssets(agency=agency, rows=rows)
    world.asset(other, tag=f"{other}-1", assigned_to="Jane Zimmerlin")
    return agency, other


def matches(caller, query, **values):
    return [(m.tag.split("-")[-1], contract.label(m, "found"), m.fields) for m in caller.LookupMatches(query=query, **values).matches]


def test_one_box(world, shelf):
    """Codes, then words, then beginnings; what was likely meant only where nothing has the words as they are written."""
    agency, _ = shelf
    for query, wanted in {
            f"{agency}-1041": [("1041", "code", "tag")], f"{agency}:{agency}-1042": [("1042", "code", "tag")], f"{agency.lower()}ser03": [("1043", "code", "serial")],
            "9100004": [("1044", "code", "unit_id")], "truck 5": [("1045", "code", "alias")],
            "kowalczyk": [("1043", "word", "assigned_to"), ("1045", "word", "assigned_to")], "kowal zoe": [("1043", "beginning", "assigned_to")],
            "brannigan": [("1044", "word", "assigned_to")], "obrannigan": [("1044", "word", "assigned_to")],
            "kowalcyzk": [("1043", "near", "assigned_to"), ("1045", "near", "assigned_to")], "kowalzyk jane": [("1045", "near", "assigned_to")],
            f"{agency}SRE03": [("1043", "near", "serial")], "91000004": [("1044", "near", "unit_id")], "kowalczyk quentin": [], "1045 jnae": [("1045", "near", "assigned_to, tag")]}.items():
        assert [m for m in matches(world.vera, query, agency=agency) if m[0] in {w[0] for w in wanted} or wanted == []] == wanted, query
    number = world.tina.OpenTicket(asset=f"{agency}:{agency}-1041", problem="x", received=True).ticket.number
    assert matches(world.vera, number) == [("1041", "code", "ticket")]
    assert matches(world.vera, f"zimmerlin {number}") == [("1041", "word", "assigned_to, ticket")]
    assert matches(world.vera, "zimmerlin", agency=agency, status="in_shop") == [("1041", "word", "assigned_to")]
    assert matches(world.vera, "zimmerlin", agency=agency, status="in_shop", **{"class": "mobile"}) == []
    assert len(world.vera.LookupMatches(query="zimmerlin jane").matches) == 2, "of every agency that the caller may see"


def test_a_search_says_what_is_wrong(world, shelf):
    for query in ("'", "%", "_", "\\", "(", "a:*b", "é ß 无", "x" * 499, "; DROP TABLE radioshop.asset; --", "0", "99999999999999999999", "-1", "1e5",
                  "00000000-0000-4000-8000-000000000001", "00000000-", "IND:", ":", "A-2026-", "2026-1", "{a,b}", "=JANE"):
        world.vera.LookupMatches(query=query)
    for query in ("", " \t", "a b c d e f g h i", "x" * 501):
        with refused("INVALID_ARGUMENT", field="query"):
            world.vera.LookupMatches(query=query)
    with refused("NOT_FOUND", field="agency"):
        world.vera.LookupMatches(query="x", agency="NONE")
    with refused("NOT_FOUND", field="model"):
        world.vera.LookupMatches(query="x", model="NOPE")


def test_another_citys_assets_do_not_exist(world, shelf):
    """Neither as a result nor as a page that follows: a city reads the same whatever the others have."""
    agency, other = shelf
    before = [world.lee.LookupMatches(query=query, page_size=1) for query in ("zimmerlin", "zimmerlim", "jane")]
    for i in range(3):
        world.asset(other, assigned_to="Jane Zimmerlin", alias=f"LEE {i}")
    assert [world.lee.LookupMatches(query=query, page_size=1) for query in ("zimmerlin", "zimmerlim", "jane")] == before
    assert not before[0].matches and not before[0].next_page_token and not before[1].matches
    for query in ("9100001", f"{agency}-1041", f"{agency}SER01", "truck 1", "zimerlin"):
        assert not [m for m in world.lee.LookupMatches(query=query).matches if m.agency != "LSU"], query
    with refused("NOT_FOUND", field="agency"):
        world.lee.LookupMatches(query="zimmerlin", agency=agency)


def test_words_that_very_many_have(world):
    """A page comes at once; a rare word or a filter finds the one."""
    agency = world.agency()
    world.tina.ImportAssets(agency=agency, rows=[
        {"line": i, "tag": f"{agency}M{i:04d}", "class": "portable", "assigned_to": f"Ossifer {'Oneofakind' if i == 400 else ''}", "alias": f"CAR{i}",
         "status": "missing" if i == 401 else "spare"} for i in range(500)])
    page = world.vera.LookupMatches(query="ossifer", agency=agency, page_size=20)
    assert len(page.matches) == 20 and page.next_page_token
    assert [m.tag for m in world.vera.LookupMatches(query="ossifer oneofakind").matches] == [f"{agency}M0400"]
    assert [m.tag for m in world.vera.LookupMatches(query="ossifer", agency=agency, status="missing").matches] == [f"{agency}M0401"]
