"""What a shop's administrator types for the agreement, the rates and the statements."""

import json

USAGE, REFUSED = 64, 65


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
