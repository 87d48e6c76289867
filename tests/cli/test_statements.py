"""What a shop's administrator types for the agreement, the rates and the statements."""

import html.parser
import json

USAGE, REFUSED, NOT_FOUND = 64, 65, 66


def test_an_agreement_typed_and_read(shop):
    text = shop.ok("ada", "agreement", "set", "2185-01", "--split", "percent", "--fee", "portable=21.50", "--fee", "control-station=$18",
                   "--fixed-cost", "Bench rent=1,200.00", "--fixed-cost", "a=b=0.01", "--member", "IND=66.67", "--member", "LSU=33.33",
                   "--parts-handling-bp", "500", "--fund-monthly", "0.25", "--fund-ceiling", "5000", "--note", "Resolution 26-114")
    assert "2185-01" in text and "IND member 6667" in text
    shown = json.loads(shop.ok("vera", "agreement", "show", "2187-12", "-o", "json"))
    assert shown["fees"] == [{"class": "portable", "monthly_cents": 2150}, {"class": "control_station", "monthly_cents": 1800}]
    assert shown["fixed_costs"][1] == {"description": "a=b", "monthly_cents": 1}
    assert [(m["agency"], m["kind"], m["share_bp"]) for m in shown["members"]] == [("IND", "member", 6667), ("LSU", "member", 3333)]
    assert (shown["fund_monthly_cents"], shown["fund_ceiling_cents"], shown["parts_handling_bp"]) == (25, 500000, 500)
    mine = json.loads(shop.ok("frank", "agreement", "show", "2185-01", "-o", "json"))
    assert [m["agency"] for m in mine["members"]] == ["IND"], "frank sees his own city alone"
    shop.fails(REFUSED, "ada", "agreement", "set", "2185-01", "--split", "percent", "--member", "IND=100", says="revision 1")
    assert "LSU customer" in shop.ok("ada", "agreement", "set", "2185-01", "--split", "minutes", "--member", "IND", "--member", "LSU=customer",
                                     "--revision", "1")


def test_what_a_typing_error_says(shop):
    for words, says in ((["--fee", "portable"], "dollars a month behind it"), (["--fee", "portble=1"], "portable"),
                        (["--fee", "portable=1.234"], "1.234"), (["--fixed-cost", "=5"], "dollars a month"),
                        (["--member", "IND=60.001"], "no share in percent such as 33.34"), (["--member", "IND=-1"], "no share in percent"),
                        (["--member", "IND=101"], "no share in percent"), (["--member", "IND=guest"], "customer")):
        shop.fails(USAGE, "ada", "agreement", "set", "2186-01", "--split", "percent", "--member", "LSU=100", *words, says=says)
    shop.fails(USAGE, "ada", "agreement", "set", "2186-01", "--split", "percent", says="--member")
    shop.fails(REFUSED, "ada", "agreement", "set", "2186-01", "--split", "percent", "--member", "IND=60", says="the shares make 60.00 %")
    shop.fails(REFUSED, "ada", "agreement", "set", "2186", "--split", "radios", "--member", "IND", says="YYYY-MM")


def test_a_rate(shop):
    shop.ok("ada", "rate", "set", "2185-01-01", "--hourly", "95")
    shop.ok("ada", "rate", "set", "2185-01-01", "--hourly", "120.50", "--technician", "tina")
    assert json.loads(shop.ok("ada", "rate", "show", "tina", "--day", "2185-02-01", "-o", "json"))["hourly_cents"] == 12050
    assert "95.00" in shop.ok("ada", "rate", "show", "--day", "2185-02-01")
    assert "tina" in shop.ok("ada", "rate", "list", "--all")
    shop.fails(REFUSED, "ada", "rate", "set", "2185-01-01", "--hourly", "96", says="revision 1")


class Page(html.parser.HTMLParser):
    """What a browser would make of a page: its tags, and the text of its cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.cells, self.open = [], [], [], False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag in ("td", "strong", "h1"):
            self.cells.append("")
            self.open = True

    def handle_endtag(self, tag):
        self.open = self.open and tag not in ("td", "strong", "h1")

    def handle_data(self, data):
        if self.open:
            self.cells[-1] += data


def test_statements_printed(shop, world):
    nasty = "<script>alert(1)</script> & \"quoted\" 'single' \u202eright to left</td>"
    one, two = world.agency(), world.agency()
    month = world.bill(one, [nasty, *(f"no. {i:04d}" for i in range(3))], beside=two)
    text = shop.ok("ada", "statement", "print", month)
    page = Page(text)
    assert set(page.tags) <= {"html", "head", "meta", "title", "style", "body", "section", "h1", "h2", "p", "strong", "table", "thead", "tbody", "tr",
                              "th", "td", "span"}
    assert set(page.attributes) <= {"lang", "charset", "http-equiv", "content", "class"}, "nothing is fetched and nothing runs"
    assert page.tags.count("section") == 2 and page.cells.count(f"Statement of {month}") == 2
    assert nasty.replace("\u202e", "\\u202e") in page.cells
    assert "default-src 'none'" in text and "@page" in text and "break-after: page" in text and text.endswith("</html>\n")
    sums = {s["agency"]: s["total_cents"] for s in json.loads(shop.ok("ada", "statement", "list", "--month", month, "-o", "json"))}
    for cents in sums.values():
        assert page.cells.count(f"{cents // 100}.{cents % 100:02d}") >= 2, "the total stands in the summary and under the lines"
    assert sum(sums.values()) == json.loads(shop.ok("ada", "month", "show", month, "-o", "json"))["total_cents"] == 120004
    assert page.cells.count("1/2 of 1200.00") == 2, "how the share was reckoned"
    only = Page(shop.ok("ada", "statement", "print", month, "--agency", two))
    assert only.tags.count("section") == 1 and nasty not in str(only.cells)
    shop.fails(NOT_FOUND, "frank", "statement", "print", month, says="no statement")
    shop.fails(REFUSED, "ada", "statement", "print", "2020", says="YYYY-MM")
    shop.fails(USAGE, "ada", "statement", "print", month, "-o", "csv", says="one form")


def test_a_month_typed(shop, world):
    """Preview, correct, close, read; and what is said when it cannot be."""
    code = world.agency()
    world.bill(code)
    shop.ok("ada", "statement", "correct", code, "counted twice", "--amount=-21.50")
    said = shop.fails(REFUSED, "ada", "month", "close", "2199-01", says="2199-01 is not over")
    assert "America/Chicago" in said
    listed = json.loads(shop.ok("ada", "statement", "list", "--agency", code, "-o", "json"))
    month = listed[0]["month"]
    following = f"{int(month[:4]) + (month[5:] == '12')}-{int(month[5:]) % 12 + 1:02d}"
    assert "-21.50" in shop.ok("ada", "statement", "preview", code, following)
    preview = json.loads(shop.ok("ada", "month", "preview", following, "-o", "json"))
    shop.fails(75, "ada", "month", "close", following, "--fingerprint", "x", says="preview it again")
    closed = shop.ok("ada", "month", "close", following, "--fingerprint", preview["fingerprint"])
    next(world._months)
    assert following in closed and "1178.50" in closed
    assert "-21.50" in shop.ok("ada", "statement", "show", code, following)
    rows = shop.ok("ada", "statement", "lines", code, following, "-o", "csv").splitlines()
    assert rows[0].startswith("line_no,kind,") and len(rows) == 3
    shop.fails(REFUSED, "ada", "month", "close", following, says="was closed by ada on")
    assert "1200.00" in shop.ok("ada", "month", "show", following)
    shop.ok("ada", "fund", "deposit", "stock", "--amount", "100")
    shop.fails(REFUSED, "ada", "fund", "pay", code, "lost in the river", "--amount", "1000000", says="at most")
    assert "lost in the river" in shop.ok("ada", "fund", "pay", code, "lost in the river", "--amount", "1.00")
    assert "-1.00" in shop.ok("ada", "fund", "list", "--agency", code)
