-- The agreement and the rates of labour: versions, shares that make exactly 100.00 %, closed months, who sees what.
\set calls `python3 tests/sql/statements.py get_agreement list_agreements set_agreement get_labour_rate list_labour_rates set_labour_rate`
BEGIN;
SELECT no_plan();
:calls

INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'BSP', 'Blue Springs'), (903, 'CJC', 'Central Jackson'), (904, 'LSM', 'Lee''s Summit');
INSERT INTO radioshop.principal (name, display_name) VALUES ('boss', 'Boss'), ('mona', 'Mona'), ('carl', 'Carl'), ('vic', 'Vic');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, g.role, g.agency_id FROM radioshop.principal p
    JOIN (VALUES ('boss', 'admin', 0), ('mona', 'admin', 901), ('carl', 'viewer', 903), ('vic', 'viewer', 904)) g (name, role, agency_id) ON g.name = p.name;

-- Months
SELECT is(radioshop.read_month(v), w, coalesce(v, 'NULL')) FROM (VALUES ('2026-10', date '2026-10-01'), (' 2026-01 ', '2026-01-01'), ('2026-00', NULL),
  ('2026-13', NULL), ('2026-1', NULL), ('2026-10-01', NULL), ('', NULL), (NULL, NULL), ('infinity', NULL), ('1999-12', NULL), ('2200-01', NULL)) v (v, w);

CREATE FUNCTION pg_temp.terms(more jsonb) RETURNS jsonb LANGUAGE sql AS $$
  SELECT '{"from_month": "2026-01", "split": "percent", "fees": [{"class": "portable", "monthly_cents": 2150}, {"class": "mobile", "monthly_cents": 0}],
    "fixed_costs": [{"description": "Bench rent", "monthly_cents": 120000}],
    "members": [{"agency": "IND", "kind": "member", "share_bp": 6000}, {"agency": "bsp", "kind": "member", "share_bp": 3000}, {"agency": "CJC", "kind": "member", "share_bp": 1000}]}'::jsonb || more
$$;
CREATE FUNCTION pg_temp.enter(who text) RETURNS void LANGUAGE sql AS $$
  SELECT radioshop.enter(who, '{admin,viewer}', 'M', 'c1', 60000, 5000, NULL, NULL)
$$;

SET LOCAL ROLE radioshop_app;
SELECT pg_temp.enter('boss');
SELECT is(pg_temp.set_agreement(pg_temp.terms('{}')) - 'members', '{"refusal": null, "from_month": "2026-01", "until_month": "", "time_zone": "America/Chicago", "split": "percent", "note": "",
  "fees": [{"class": "portable", "monthly_cents": 2150}, {"class": "mobile", "monthly_cents": 0}], "fixed_costs": [{"description": "Bench rent", "monthly_cents": 120000}],
  "counted_statuses": ["in_service", "spare", "in_shop", "at_depot"], "warranty_work": "shared", "stock_work": "shared", "parts_handling_bp": 0, "outside_handling_bp": 0,
  "fund_monthly_cents": 0, "fund_floor_cents": 0, "fund_ceiling_cents": 0, "revision": 1}'::jsonb, 'a first version, and what is taken when nothing is said');
SELECT is(pg_temp.get_agreement('{"month": "2030-05"}') -> 'members',
  '[{"kind": "member", "agency": "BSP", "share_bp": 3000}, {"kind": "member", "agency": "CJC", "share_bp": 1000}, {"kind": "member", "agency": "IND", "share_bp": 6000}]', 'its members');
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;

-- What is refused, and what the sentence says of it
SELECT alike(pg_temp.set_agreement(pg_temp.terms(more)) ->> 'refusal', want, want) FROM (VALUES
  ('{"from_month": "2026-13"}'::jsonb, 'INVALID_ARGUMENT%from_month%YYYY-MM%'),
  ('{"split": ""}', 'INVALID_ARGUMENT%split%'),
  ('{}', 'ALREADY_EXISTS%from_month%revision 1%'),
  ('{"revision": 2}', 'ABORTED%revision%at revision 1 now, not 2%'),
  ('{"from_month": "2026-02", "revision": 1}', 'NOT_FOUND%from_month%'),
  ('{"from_month": "2027-01", "members": []}', 'INVALID_ARGUMENT%members%needs a member%'),
  ('{"from_month": "2027-01", "members": [{"agency": "IND", "kind": "stock", "share_bp": 0}]}', 'INVALID_ARGUMENT%members%needs a member%'),
  ('{"from_month": "2027-01", "members": [{"agency": "IND", "kind": "member", "share_bp": 9999}]}', 'INVALID_ARGUMENT%members%make 99.99 \%, and must make exactly 100.00 \%%'),
  ('{"from_month": "2027-01", "members": [{"agency": "IND", "kind": "member", "share_bp": 6000}, {"agency": "BSP", "kind": "member", "share_bp": 4001}]}', 'INVALID_ARGUMENT%members%100.01%'),
  ('{"from_month": "2027-01", "members": [{"agency": "IND", "kind": "member", "share_bp": 10000}, {"agency": "BSP", "kind": "member", "share_bp": 0}]}', 'INVALID_ARGUMENT%members%BSP has no share%'),
  ('{"from_month": "2027-01", "members": [{"agency": "IND", "kind": "member", "share_bp": 6000}, {"agency": "BSP", "kind": "customer", "share_bp": 4000}]}', 'INVALID_ARGUMENT%members%BSP is no member%'),
  ('{"from_month": "2027-01", "members": [{"agency": "IND", "kind": "member", "share_bp": 5000}, {"agency": "ind", "kind": "member", "share_bp": 5000}]}', 'INVALID_ARGUMENT%members%IND is named twice%'),
  ('{"from_month": "2027-01", "members": [{"agency": "XXX", "kind": "member", "share_bp": 10000}]}', 'INVALID_ARGUMENT%members%no agency has the code XXX%'),
  ('{"from_month": "2027-01", "members": [{"agency": "SHOP", "kind": "member", "share_bp": 10000}]}', 'INVALID_ARGUMENT%members%no agency has the code SHOP%'),
  ('{"from_month": "2027-01", "members": [{"agency": "", "kind": "member", "share_bp": 10000}]}', 'INVALID_ARGUMENT%members%without the code%'),
  ('{"from_month": "2027-01", "members": [{"agency": "IND", "share_bp": 10000}]}', 'INVALID_ARGUMENT%members%say whether IND%'),
  ('{"from_month": "2027-01", "members": [{"agency": "IND", "kind": "member", "share_bp": 20000}, {"agency": "BSP", "kind": "member", "share_bp": -10000}]}', 'INVALID_ARGUMENT%members%outside 0.00 to 100.00%'),
  ('{"from_month": "2027-01", "split": "radios"}', 'INVALID_ARGUMENT%members%IND has a share, but the remainder is split by radios%')) v (more, want);
SELECT throws_ok(format('SELECT pg_temp.set_agreement(pg_temp.terms(%L))', '{"from_month": "2027-01"}'::jsonb || more), '23514', NULL, more::text) FROM (VALUES
  ('{"fees": [{"class": "portable", "monthly_cents": -1}]}'::jsonb), ('{"fees": [{"class": "portable", "monthly_cents": 100000001}]}'),
  ('{"fees": [{"class": "portable", "monthly_cents": 1}, {"class": "portable", "monthly_cents": 2}]}'), ('{"fees": [{"class": null, "monthly_cents": 2}]}'),
  ('{"fixed_costs": [{"description": "", "monthly_cents": 2}]}'), ('{"fixed_costs": [{"description": "x", "monthly_cents": -2}]}'),
  ('{"fixed_costs": [{"description": "x", "monthly_cents": 9223372036854775807}]}'), ('{"counted_statuses": ["in_use"]}'),
  ('{"stock_work": "charged"}'), ('{"parts_handling_bp": 10001}'), ('{"outside_handling_bp": -1}'), ('{"fund_monthly_cents": -1}'),
  ('{"fund_monthly_cents": 100}'), ('{"fund_floor_cents": 200, "fund_ceiling_cents": 100}'), ('{"note": "\u0007"}'), ('{"time_zone": "FOO+3"}')) v (more);

-- Versions
SELECT is(pg_temp.set_agreement(pg_temp.terms('{"from_month": "2026-07", "split": "radios", "members": [{"agency": "IND", "kind": "member"}, {"agency": "BSP", "kind": "stock"}]}')) ->> 'refusal', NULL, 'a version from July on');
SELECT is((SELECT string_agg((a ->> 'from_month') || ' to ' || (a ->> 'until_month'), ', ') FROM pg_temp.list_agreements('{}') a), '2026-07 to , 2026-01 to 2026-06', 'the newest first');
SELECT is((SELECT string_agg(a ->> 'from_month', ' ') FROM unnest('{2026-01,2026-06,2026-07,2199-12}'::text[]) m, pg_temp.get_agreement(jsonb_build_object('month', m)) a), '2026-01 2026-01 2026-07 2026-07', 'each month has one');
SELECT alike(pg_temp.get_agreement('{"month": "2025-12"}') ->> 'refusal', 'NOT_FOUND%month%2025-12%', 'before the first there is none');
SELECT is(pg_temp.set_agreement(pg_temp.terms('{"from_month": "2026-07", "split": "percent", "revision": 1}')) ->> 'revision', '2', 'with its revision it is replaced');
SELECT is(jsonb_array_length(pg_temp.get_agreement('{"month": "2026-07"}') -> 'members'), 3, 'members and all');

-- Rates
SELECT is(pg_temp.set_labour_rate('{"from_day": "2026-01-01", "hourly_cents": 9000}') - 'refusal', '{"technician": "", "from_day": "2026-01-01", "hourly_cents": 9000, "revision": 1}', 'a rate of everybody');
SELECT is(pg_temp.set_labour_rate('{"from_day": "2026-03-15", "hourly_cents": 9500}') ->> 'refusal', NULL, 'a later one');
SELECT is(pg_temp.set_labour_rate('{"from_day": "2026-03-01", "hourly_cents": 12000, "technician": "mona"}') ->> 'refusal', NULL, 'one of mona');
SELECT is((SELECT string_agg(r ->> 'hourly_cents', ' ') FROM unnest(ARRAY['{"day": "2026-03-14"}', '{"day": "2026-03-15"}',
  '{"day": "2026-02-28", "technician": "mona"}', '{"day": "2026-03-01", "technician": "mona"}', '{"day": "2026-09-01", "technician": "boss"}']::jsonb[]) v, pg_temp.get_labour_rate(v) r), '9000 9500 9000 12000 9500', 'the rate of the day, and one''s own before everybody''s');
SELECT alike(pg_temp.get_labour_rate('{"day": "2025-12-31"}') ->> 'refusal', 'NOT_FOUND%day%', 'no rate yet');
SELECT alike(pg_temp.set_labour_rate(v) ->> 'refusal', want, want) FROM (VALUES
  ('{"hourly_cents": 1}'::jsonb, 'INVALID_ARGUMENT%from_day%'), ('{"from_day": "2026-01-01", "hourly_cents": 1}', 'ALREADY_EXISTS%from_day%revision 1%'),
  ('{"from_day": "2026-01-01", "hourly_cents": 1, "revision": 4}', 'ABORTED%revision%'), ('{"from_day": "2026-01-02", "hourly_cents": 1, "revision": 4}', 'NOT_FOUND%from_day%'),
  ('{"from_day": "2026-01-01", "hourly_cents": 1, "technician": "nobody"}', 'NOT_FOUND%technician%')) v (v, want);
SELECT throws_ok(format('SELECT pg_temp.set_labour_rate(%L)', v), '23514', NULL, v::text) FROM unnest(ARRAY['{"from_day": "2027-01-01", "hourly_cents": -1}',
  '{"from_day": "2027-01-01", "hourly_cents": 100000001}', '{"from_day": "1999-01-01", "hourly_cents": 1}']::jsonb[]) v;
SELECT is((SELECT string_agg((r ->> 'technician') || (r ->> 'from_day'), ' ') FROM pg_temp.list_labour_rates('{}') r), '2026-01-01 2026-03-15 mona2026-03-01', 'the rates in order');

-- A closed month keeps what it was counted by
INSERT INTO radioshop.billing_month (month, begins_at, ends_at) VALUES ('2026-04-01', '2026-04-01', '2026-05-01');
SELECT alike(pg_temp.set_agreement(pg_temp.terms(jsonb_build_object('from_month', m, 'revision', CASE m WHEN '2026-01' THEN 1 ELSE 0 END))) ->> 'refusal',
  'FAILED_PRECONDITION%from_month%2026-04 was closed by boss%first month it can count for is 2026-05', 'a version from ' || m) FROM unnest('{2026-01,2026-03,2026-04}'::text[]) m;
SELECT is(pg_temp.set_agreement(pg_temp.terms('{"from_month": "2026-05"}')) ->> 'refusal', NULL, 'but one from the next month');
SELECT alike(pg_temp.set_labour_rate('{"from_day": "2026-04-30", "hourly_cents": 1}') ->> 'refusal', 'FAILED_PRECONDITION%from_day%cannot begin in 2026-04, and 2026-04 was closed%', 'nor can a rate begin there');
SELECT alike(pg_temp.set_labour_rate('{"from_day": "2026-03-15", "hourly_cents": 1, "revision": 1}') ->> 'refusal', 'FAILED_PRECONDITION%2026-04 was closed%', 'nor one be changed');
SELECT is(pg_temp.set_labour_rate('{"from_day": "2026-05-01", "hourly_cents": 1}') ->> 'refusal', NULL, 'but in the next month');
SELECT throws_ok(c, '42501', NULL, c) FROM unnest('{UPDATE radioshop.billing_month SET closed_by = $$x$$,DELETE FROM radioshop.billing_month,DELETE FROM radioshop.agreement,DELETE FROM radioshop.labour_rate}'::text[]) c;

-- The shares once more, by the constraint
SELECT throws_ok($$UPDATE radioshop.agreement SET split = 'minutes' WHERE from_month = '2026-01-01'; SET CONSTRAINTS ALL IMMEDIATE$$, '23514', NULL, 'another split and the shares stay');
SELECT throws_ok($$DELETE FROM radioshop.agreement_member WHERE from_month = '2026-01-01' AND agency_id = 901; SET CONSTRAINTS ALL IMMEDIATE$$, '23514', NULL, 'a member is missing');
SELECT throws_ok($$INSERT INTO radioshop.agreement (from_month, split) VALUES ('2030-01-01', 'percent'); SET CONSTRAINTS ALL IMMEDIATE$$, '23514', NULL, 'no members at all');
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;

-- Who sees it
SELECT pg_temp.enter('mona');
SELECT is((SELECT string_agg(a ->> 'from_month', ' ') FROM pg_temp.list_agreements('{}') a), '2026-07 2026-05 2026-01', 'a member reads its versions');
SELECT is(pg_temp.get_agreement('{"month": "2026-01"}') -> 'members', '[{"kind": "member", "agency": "IND", "share_bp": 6000}]', 'and of the members itself');
SELECT is((SELECT count(*) FROM pg_temp.list_labour_rates('{}')), 4::bigint, 'and the rates');
SELECT alike(pg_temp.set_agreement(pg_temp.terms('{"from_month": "2028-01"}')) ->> 'refusal', 'PERMISSION_DENIED%', 'an administrator of one agency changes nothing');
SELECT alike(pg_temp.set_labour_rate('{"from_day": "2028-01-01", "hourly_cents": 1}') ->> 'refusal', 'PERMISSION_DENIED%', 'nor a rate');
SELECT throws_ok($$INSERT INTO radioshop.agreement (from_month, split) VALUES ('2030-01-01', 'radios')$$, '42501', NULL, 'not even by hand');
SELECT pg_temp.enter('boss');
SELECT is(pg_temp.set_agreement(pg_temp.terms('{"from_month": "2026-07", "revision": 2, "split": "minutes", "members": [{"agency": "IND", "kind": "member"}, {"agency": "BSP", "kind": "member"}]}')) ->> 'refusal', NULL, 'CJC leaves');
SELECT pg_temp.enter('carl');
SELECT is((SELECT string_agg(a ->> 'from_month', ' ') FROM pg_temp.list_agreements('{}') a), '2026-07 2026-05 2026-01', 'who has left still reads the terms');
SELECT is(pg_temp.get_agreement('{"month": "2026-08"}') -> 'members', '[]', 'and sees that it has no part any more');
SELECT pg_temp.enter('vic');
SELECT is((SELECT count(*) FROM pg_temp.list_agreements('{}')) + (SELECT count(*) FROM pg_temp.list_labour_rates('{}')), 0::bigint, 'who never had one sees nothing');
SELECT alike(pg_temp.get_agreement('{"month": "2026-08"}') ->> 'refusal', 'NOT_FOUND%month%', 'as if there were none');
RESET ROLE;
SELECT is((SELECT string_agg(e.action, ' ' ORDER BY e.at) FROM radioshop.event e WHERE e.resource = 'agreement' AND e.resource_id = '2026-07-01'), 'insert update update', 'every change is an event');

SELECT * FROM finish();
ROLLBACK;
