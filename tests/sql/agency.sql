-- Agencies: constraints, and the statements of AgencyService.
\set calls `python3 tests/sql/statements.py get_agency list_agencies create_agency update_agency`
BEGIN;
SELECT plan(26);
:calls
INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'LSM', 'Lee''s Summit');
INSERT INTO radioshop.principal (name, display_name) VALUES ('root', 'Root'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'admin', CASE p.name WHEN 'root' THEN 0 ELSE 901 END FROM radioshop.principal p;

SELECT throws_ok(format($$INSERT INTO radioshop.agency (code, name, time_zone) VALUES (%L, %L, %L)$$, code, name, zone), '23514',
    format('new row for relation "agency" violates check constraint "%s"', rule), why)
  FROM (VALUES ('I', 'n', 'UTC', 'agency_code_form', 'a code of one letter'), ('ABCDEFGHI', 'n', 'UTC', 'agency_code_form', 'a code of nine'),
    ('ind', 'n', 'UTC', 'agency_code_form', 'a small code'), ('I-D', 'n', 'UTC', 'agency_code_form', 'a code with a hyphen'),
    ('XX', '', 'UTC', 'agency_name_form', 'no name'), ('XX', ' n', 'UTC', 'agency_name_form', 'a name with a space before it'),
    ('XX', repeat('n', 121), 'UTC', 'agency_name_form', 'a long name'), ('XX', 'n', 'FOO+3', 'agency_time_zone_known', 'a POSIX rule as time zone'),
    ('XX', 'n', '', 'agency_time_zone_known', 'no time zone')) v (code, name, zone, rule, why);
SELECT is(obj_description(oid, 'pg_constraint'), 'code: another agency has this code', 'the constraint says which field and why')
  FROM pg_constraint WHERE conname = 'agency_code_unique';

SET LOCAL ROLE radioshop_app;
CREATE FUNCTION pg_temp.first(rows jsonb) RETURNS text LANGUAGE sql AS $$ SELECT translate(rows ->> 'refusal', chr(31), '|') $$;
SELECT radioshop.enter('root', '{admin}', 'AgencyService.CreateAgency', 'c1', 60000, 5000, NULL, NULL);
SELECT is((SELECT r - 'created_at' - 'updated_at' FROM pg_temp.create_agency('{"agency": {"code": " bsp", "name": " Blue Springs "}}') r),
  '{"refusal": null, "code": "BSP", "name": "Blue Springs", "time_zone": "America/Chicago", "class": "unspecified", "revision": 1}', 'an agency is added, trimmed, in capitals, with the default time zone');
SELECT is(pg_temp.first(pg_temp.create_agency('{"agency": {"code": "BSP", "name": "Again"}}')), 'ALREADY_EXISTS|code|Blue Springs has the code BSP already', 'a code is taken once');
SELECT is(pg_temp.first(pg_temp.create_agency('{"agency": {"code": "shop", "name": "Mine"}}')), 'ALREADY_EXISTS|code|The radio shop has the code SHOP already', 'SHOP is the shop''s');
SELECT is(pg_temp.first(pg_temp.create_agency('{}')), 'INVALID_ARGUMENT|agency|give the agency to add', 'an agency must be given');
SELECT radioshop.enter('root', '{admin}', 'AgencyService.UpdateAgency', 'c2', 60000, 5000, NULL, NULL);
SELECT is((SELECT r ->> 'name' || ' ' || (r ->> 'revision') FROM pg_temp.update_agency('{"agency": {"code": "bsp", "name": "Springs", "time_zone": "x", "revision": 1}, "update_mask": {"paths": ["name"]}}') r),
  'Springs 2', 'just the fields of the mask change');
SELECT matches(pg_temp.first(pg_temp.update_agency('{"agency": {"code": "BSP", "name": "S", "revision": 1}, "update_mask": {"paths": ["name"]}}')), '^ABORTED\|revision\|agency BSP is at revision 2', 'a stale revision is refused');
SELECT matches(pg_temp.first(pg_temp.update_agency('{"agency": {"code": "NONE", "name": "S", "revision": 1}, "update_mask": {"paths": ["name"]}}')), '^NOT_FOUND', 'an agency that is not there');
SELECT matches(pg_temp.first(pg_temp.update_agency('{"agency": {"code": "SHOP", "name": "S", "revision": 1}, "update_mask": {"paths": ["name"]}}')), '^NOT_FOUND', 'the shop itself is no agency');
SELECT is((SELECT array_agg(e.action || ' ' || e.agency_id || ' ' || coalesce(e.before ->> 'name', '-') || ' ' || (e.after ->> 'name') || ' ' || e.method ORDER BY e.at) FROM radioshop.event e WHERE e.resource = 'agency' AND e.resource_id = 'BSP'),
  (SELECT ARRAY['insert ' || a.agency_id || ' - Blue Springs AgencyService.CreateAgency', 'update ' || a.agency_id || ' Blue Springs Springs AgencyService.UpdateAgency'] FROM radioshop.agency a WHERE a.code = 'BSP'), 'both changes are events of the agency');
SELECT is((SELECT array_agg(r ->> 'code') FROM pg_temp.list_agencies('{"page_limit": 2}') r), '{BSP,IND}', 'a page in order of code');
SELECT is((SELECT array_agg(r ->> 'code') FROM pg_temp.list_agencies('{"page_limit": 2, "page_key": ["IND"]}') r), '{LSM}', 'the next page, without the shop');

SELECT radioshop.enter('mona', '{admin}', 'AgencyService.UpdateAgency', 'c3', 60000, 5000, NULL, NULL);
SELECT is((SELECT array_agg(r ->> 'code') FROM pg_temp.list_agencies('{}') r), '{IND}', 'an administrator of one agency sees that one');
SELECT is_empty($$SELECT pg_temp.get_agency('{"agency": "LSM"}')$$, 'another is not found');
SELECT is((SELECT r ->> 'name' FROM pg_temp.get_agency('{"agency": "ind"}') r), 'Independence', 'its own is, whatever the capitals');
SELECT matches(pg_temp.first(pg_temp.create_agency('{"agency": {"code": "NEW", "name": "N"}}')), '^PERMISSION_DENIED', 'it adds none');
SELECT matches(pg_temp.first(pg_temp.update_agency('{"agency": {"code": "IND", "name": "N", "revision": 1}, "update_mask": {"paths": ["name"]}}')), '^PERMISSION_DENIED', 'and changes none');

SELECT * FROM finish();
ROLLBACK;
