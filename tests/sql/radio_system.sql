-- Radio systems, and unit IDs that are one radio's on them: the constraints, and the triggers that no statement passes by.
\set calls `python3 tests/sql/statements.py create_asset create_radio_system update_radio_system get_radio_system list_radio_systems`
BEGIN;
SELECT plan(49);
:calls
INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'LSM', 'Lee''s Summit');
INSERT INTO radioshop.principal (name, display_name) VALUES ('ada', 'Ada'), ('tina', 'Tina'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, CASE p.name WHEN 'ada' THEN 'admin' ELSE 'technician' END, CASE p.name WHEN 'mona' THEN 902 ELSE 0 END FROM radioshop.principal p;

-- Hexadecimal
SELECT is(radioshop.read_hex(value, digits), want, coalesce(value, 'NULL') || ' in ' || digits) FROM (VALUES
  ('BEE00', 5, 781824), ('bee00', 5, 781824), ('0xBEE00', 5, 781824), ('0XbEE00', 5, 781824), ('$1A4', 3, 420), (' 1A4 ', 3, 420), ('1', 3, 1), ('0', 3, 0),
  ('FFFFF', 5, 1048575), ('1A4B', 3, NULL), ('', 3, NULL), ('0x', 3, NULL), ('-1', 3, NULL), ('1.0', 3, NULL), ('G', 3, NULL), ('12 3', 5, NULL),
  ('FFFFFFFF', 8, NULL), (NULL, 3, NULL)) v (value, digits, want);
SELECT is(radioshop.show_hex(v.value, v.digits), v.want, 'shown as ' || v.want) FROM (VALUES (420, 3, '1A4'), (1, 5, '00001'), (NULL, 3, '')) v (value, digits, want);

-- The constraints
INSERT INTO radioshop.radio_system (name, wacn, number) VALUES ('Held', 781824, 420);
SELECT throws_ok(format('INSERT INTO radioshop.radio_system (name, wacn, number) VALUES (%L, %s, %s)', name, wacn, number), state, format(said, rule), rule)
  FROM (VALUES ('HELD', 'NULL', 'NULL', '23505', 'radio_system_name_unique'), ('X', '781824', '420', '23505', 'radio_system_pair_unique'), ('X', '0', '1', '23514', 'radio_system_wacn_range'),
    ('X', '1048575', '1', '23514', 'radio_system_wacn_range'), ('X', '1', '0', '23514', 'radio_system_number_range'), ('X', '1', '4095', '23514', 'radio_system_number_range'),
    ('X', '1', 'NULL', '23514', 'radio_system_pair_whole'), ('X', 'NULL', '1', '23514', 'radio_system_pair_whole'), ('', 'NULL', 'NULL', '23514', 'radio_system_name_form')) v (name, wacn, number, state, rule),
    LATERAL (SELECT CASE state WHEN '23505' THEN 'duplicate key value violates unique constraint "%s"' ELSE 'new row for relation "radio_system" violates check constraint "%s"' END) s (said);

-- What is issued follows the register, whatever statement writes there
CREATE FUNCTION pg_temp.issued(tag text) RETURNS text[] LANGUAGE sql AS $$
  SELECT array_agg(format('%s %s%s%s', i.system_key, i.unit_id, CASE i.scope WHEN 0 THEN ' all' ELSE '' END, CASE WHEN i.withheld THEN ' withheld' ELSE '' END) ORDER BY i.unit_id)
  FROM radioshop.issued_unit_id i JOIN radioshop.asset a USING (agency_id, asset_id) WHERE a.tag = issued.tag $$;
INSERT INTO radioshop.asset (agency_id, tag, class, system, unit_id, status) VALUES (901, 'A', 'portable', 'Held', 1, 'spare'), (901, 'B', 'portable', '', 1, 'missing'), (901, 'C', 'portable', 'Held', NULL, 'spare');
SELECT is(pg_temp.issued('A'), '{"HELD 1 all"}', 'on a system of the catalogue over all agencies');
SELECT is(pg_temp.issued('B'), '{" 1 withheld"}', 'without one in its agency; withheld as it is missing');
SELECT is(pg_temp.issued('C'), NULL, 'none without a unit ID');
SELECT throws_ok($$INSERT INTO radioshop.asset (agency_id, tag, class, system, unit_id) VALUES (902, 'D', 'portable', 'HELD', 1)$$, '23505',
  'duplicate key value violates unique constraint "issued_unit_id_unique"', 'not again in another agency');
SELECT throws_ok($$UPDATE radioshop.asset SET unit_id = 1 WHERE tag = 'C'$$, '23505', 'duplicate key value violates unique constraint "issued_unit_id_unique"', 'nor to another of its own');
SELECT lives_ok($$INSERT INTO radioshop.asset (agency_id, tag, class, system, unit_id) VALUES (902, 'D', 'portable', '', 1), (902, 'E', 'portable', 'Else', 1)$$, 'elsewhere it may');
UPDATE radioshop.asset SET unit_id = 2 WHERE tag = 'A';
SELECT is(pg_temp.issued('A'), '{"HELD 2 all"}', 'changed, it is given back');
UPDATE radioshop.asset SET status = 'missing', unit_id = 3 WHERE tag = 'A';
SELECT is(pg_temp.issued('A'), '{"HELD 2 all withheld","HELD 3 all withheld"}', 'of a missing one all it had is withheld');
UPDATE radioshop.asset SET unit_id = NULL WHERE tag = 'A';
UPDATE radioshop.asset SET status = 'retired', system = '' WHERE tag = 'A';
UPDATE radioshop.asset SET unit_id = 9 WHERE tag = 'A';
SELECT is(pg_temp.issued('A'), '{"HELD 2 all withheld","HELD 3 all withheld"," 9"}', 'also when it is written off');
UPDATE radioshop.asset SET status = 'in_service' WHERE tag = 'A';
SELECT is(pg_temp.issued('A'), '{" 9"}', 'found, it keeps what its record says');
UPDATE radioshop.asset SET status = 'retired', unit_id = NULL WHERE tag = 'A';
SELECT is(pg_temp.issued('A'), NULL, 'retired without having been missed it keeps nothing');

SET LOCAL ROLE radioshop_app;
CREATE FUNCTION pg_temp.said(r jsonb) RETURNS text LANGUAGE sql AS $$ SELECT translate(r ->> 'refusal', chr(31), '|') $$;
PREPARE enter (text, text[]) AS SELECT radioshop.enter($1, $2, 'RadioSystemService.CreateRadioSystem', 'c1', 60000, 5000, NULL, NULL);
EXECUTE enter('ada', '{admin}');
SELECT is(r - 'id', '{"refusal": null, "name": "Else", "wacn": "BEE00", "system_id": "1A5", "notes": "", "revision": 1}', 'added')
  FROM pg_temp.create_radio_system('{"system": {"name": " Else ", "wacn": "bee00", "system_id": "1a5"}}') r;
SELECT is(pg_temp.issued('E'), '{"ELSE 1 all"}', 'what is issued on it is one radio''s over all agencies from now on');
SELECT matches(pg_temp.said(pg_temp.get_radio_system('{"system": "none"}')), '^NOT_FOUND\|system\|the catalogue has no system none$', 'not there');
SELECT is((SELECT array_agg(r ->> 'name') FROM pg_temp.list_radio_systems('{}') r WHERE r ->> 'name' IN ('Held', 'Else')), '{Else,Held}', 'in order of name');
EXECUTE enter('mona', '{technician}');
SELECT is((SELECT count(*) FROM radioshop.issued_unit_id i WHERE i.agency_id <> 902), 0::bigint, 'a caller of one agency sees what is issued in that one');
SELECT matches(pg_temp.said(pg_temp.create_radio_system('{"system": {"name": "Mine"}}')), '^PERMISSION_DENIED', 'and adds no system');
SELECT matches(pg_temp.said(pg_temp.update_radio_system('{"system": {"revision": 1, "notes": "x"}, "update_mask": {"paths": ["notes"]}}')), '^PERMISSION_DENIED', 'nor changes one');
SELECT throws_ok($$INSERT INTO radioshop.radio_system (name) VALUES ('Mine')$$, '42501', NULL, 'nor past the methods');

SELECT * FROM finish();
ROLLBACK;
