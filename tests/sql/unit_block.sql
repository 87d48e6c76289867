-- Blocks of unit IDs: the constraints, what an agency may be issued whatever statement writes, and who sees what.
\set calls `python3 tests/sql/statements.py create_asset grant_unit_block revoke_unit_block list_unit_blocks lookup_free_unit_ids`
BEGIN;
SELECT plan(24);
:calls
INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'LSM', 'Lee''s Summit'), (903, 'BSP', 'Blue Springs');
INSERT INTO radioshop.principal (name, display_name) VALUES ('ada', 'Ada'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, CASE p.name WHEN 'ada' THEN 'admin' ELSE 'technician' END, CASE p.name WHEN 'mona' THEN 902 ELSE 0 END FROM radioshop.principal p;
INSERT INTO radioshop.radio_system (name) VALUES ('Metro'), ('Rural');
INSERT INTO radioshop.unit_block (agency_id, system_id, place, first, last) SELECT 901, s.system_id, s.place, 100, 199 FROM radioshop.radio_system s WHERE s.name = 'Metro';

-- The constraints
SELECT throws_ok(format($$INSERT INTO radioshop.unit_block (agency_id, system_id, place, first, last) SELECT %s, s.system_id, s.place + %s, %s, %s FROM radioshop.radio_system s WHERE s.name = 'Metro'$$,
    agency, beside, first, last), state, NULL, rule)
  FROM (VALUES (902, 0, 199, 200, '23P01', 'the last one twice'), (902, 0, 1, 100, '23P01', 'the first one twice'), (901, 0, 150, 150, '23P01', 'within its own'), (902, 0, 1, 16777211, '23P01', 'around it'),
    (902, 0, 0, 5, '23514', 'from 0'), (902, 0, 300, 16777212, '23514', 'too high'), (902, 0, 300, 299, '23514', 'ends before it begins'), (0, 0, 300, 301, '23514', 'the shop itself'),
    (902, 1000, 300, 301, '23503', 'the place of another system')) v (agency, beside, first, last, state, rule);
SELECT lives_ok($$INSERT INTO radioshop.unit_block (agency_id, system_id, place, first, last) SELECT 902, s.system_id, s.place, f, l FROM radioshop.radio_system s, (VALUES ('Metro', 200, 299), ('Metro', 16777211, 16777211), ('Rural', 1, 150)) v (name, f, l) WHERE s.name = v.name$$,
  'beside it, at the very end, and on another system');

-- Whatever statement writes
SELECT throws_ok(format($$INSERT INTO radioshop.asset (agency_id, tag, class, system, unit_id) VALUES (%s, 'T', 'portable', 'METRO', %s)$$, agency, unit), 'RS412', 'unit_id: ' || said, said)
  FROM (VALUES (901, 200, 'IND may use 100–199 on Metro, not 200'), (901, 5, 'IND may use 100–199 on Metro, not 5'), (902, 300, 'LSM may use 200–299 and 16777211 on Metro, not 300'),
    (903, 150, 'BSP may not use 150 on Metro; ask the shop for a block of unit IDs')) v (agency, unit, said);
SELECT lives_ok($$INSERT INTO radioshop.asset (agency_id, tag, class, system, unit_id) VALUES (901, 'A', 'portable', 'Metro', 100), (902, 'B', 'portable', 'metro', 16777211), (903, 'C', 'portable', 'Metro', 300), (901, 'D', 'portable', 'Rural', 200)$$,
  'in its own, in nobody''s without one, and on a system where it has none');
SELECT throws_ok($$UPDATE radioshop.asset SET unit_id = 150 WHERE tag = 'C'$$, 'RS412', NULL, 'nor by a change');
SELECT throws_ok($$UPDATE radioshop.asset SET system = 'Metro' WHERE tag = 'D'$$, 'RS412', NULL, 'nor by another system');

SET LOCAL ROLE radioshop_app;
CREATE FUNCTION pg_temp.said(r jsonb) RETURNS text LANGUAGE sql AS $$ SELECT translate(r ->> 'refusal', chr(31), '|') $$;
PREPARE enter (text, text[]) AS SELECT radioshop.enter($1, $2, 'UnitBlockService.GrantUnitBlock', 'c1', 60000, 5000, NULL, NULL);
EXECUTE enter('mona', '{technician}');
SELECT is((SELECT array_agg(b.agency_id || ' ' || b.first ORDER BY b.first) FROM radioshop.unit_block b), '{902 1,902 200,902 16777211}', 'a caller of one agency sees its blocks alone');
SELECT is(pg_temp.said(pg_temp.create_asset('{"asset": {"agency": "LSM", "tag": "T", "class": "portable", "system": "Metro", "unit_id": 100}}')),
  'FAILED_PRECONDITION|unit_id|LSM may use 200–299 and 16777211 on Metro, not 100', 'what another agency has, and has issued, sounds like what nobody has');
SELECT is(radioshop.agencies(), '{902}', 'and the look at all blocks leaves the caller''s rights as they were');
SELECT matches(pg_temp.said(pg_temp.grant_unit_block('{"agency": "LSM", "system": "Metro", "first": 400, "last": 499}')), '^PERMISSION_DENIED', 'it grants nothing');
SELECT throws_ok($$INSERT INTO radioshop.unit_block (agency_id, system_id, place, first, last) SELECT 902, s.system_id, s.place, 400, 499 FROM radioshop.radio_system s$$, '42501', NULL, 'nor past the methods');
DELETE FROM radioshop.unit_block;
SELECT is((SELECT count(*) FROM radioshop.unit_block), 3::bigint, 'nor does it take one away');
SELECT is((SELECT array_agg((r ->> 'unit_id')::int) FROM pg_temp.lookup_free_unit_ids('{"agency": "lsm", "system": "rural", "count": 3}') r), '{1,2,3}', 'the lowest free ones');

SELECT * FROM finish();
ROLLBACK;
