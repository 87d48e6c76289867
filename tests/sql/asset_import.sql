-- The import: what is read, matched, changed, left alone and refused, row by row; and the dry run.
\set calls `python3 tests/sql/statements.py import_assets`
BEGIN;
SELECT plan(71);
:calls
INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'LSM', 'Lee''s Summit');
INSERT INTO radioshop.model (number, manufacturer, class) VALUES ('H98', 'Motorola', 'portable'), ('M36', 'Motorola', 'mobile');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tech', 'Tech'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'technician', CASE p.name WHEN 'tech' THEN 901 ELSE 902 END FROM radioshop.principal p;

SELECT is(radioshop.read_cents(v), c, coalesce(nullif(v, ''), 'nothing') || ' read as a price') FROM (VALUES ('62627', 6262700), ('62,627.50', 6262750), ('$371', 37100), ('$ 1,234.5', 123450), (' 0.07 ', 7),
  ('0', 0), ('007', 700), ('999999999999999', 99999999999999900), ('1234567890123456', NULL), ('1e3', NULL), ('-5', NULL), ('(5)', NULL), ('1,23', NULL), ('12,34,567', NULL), ('1.234', NULL), ('.', NULL), ('', NULL), ('five', NULL)) x (v, c);
SELECT is(radioshop.read_whole(v), c, coalesce(nullif(v, ''), 'nothing') || ' read as a number') FROM (VALUES ('42', 42), ('1,042', 1042), ('0007', 7), ('0', 0), ('999999999', 999999999), ('1000000000', NULL), ('1.0', NULL), ('-1', NULL), ('1e3', NULL), ('', NULL)) x (v, c);

SET LOCAL ROLE radioshop_app;
PREPARE enter (text) AS SELECT radioshop.enter($1, '{technician}', 'AssetService.ImportAssets', 'c1', 60000, 5000, NULL, NULL);
EXECUTE enter('tech');
-- One line a row: line outcome column value: reason
CREATE FUNCTION pg_temp.import(rows jsonb, dry boolean DEFAULT false, agency text DEFAULT 'ind') RETURNS SETOF text LANGUAGE sql AS $$
  SELECT coalesce(translate(r ->> 'refusal', chr(31), '|'), concat_ws(' ', r ->> 'line', r ->> 'outcome', nullif(concat_ws('=', nullif(r ->> 'column', ''), nullif(r ->> 'value', '')), ''), nullif(': ' || (r ->> 'reason'), ': ')))
  FROM pg_temp.import_assets(jsonb_build_object('agency', agency, 'dry_run', dry, 'rows', rows)) r $$;
CREATE FUNCTION pg_temp.events() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM radioshop.event e WHERE e.resource = 'asset' $$;

-- Adding
PREPARE first AS SELECT pg_temp.import('[{"line": 2, "tag": " 1042 ", "serial": "ABC1", "model": "h98", "status": "In Service", "cost": "$1,234.5", "purchased_on": "2/29/2020", "warranty_until": "2023-02-28", "quantity": "1", "unit_id": "7201", "system": "MARRS"},
  {"line": 3, "tag": "1043", "class": "Test Equipment", "notes": "a\nb"}, {"line": 4, "tag": "1044", "class": "mobile", "serial": "ABC3", "alias": "\u00a0Car 5\u00a0"}]');
SELECT results_eq('first', ARRAY['2 created', '3 created', '4 created'], 'three rows are added');
SELECT is((SELECT to_jsonb(a) - '{agency_id,asset_id,tag_key,serial_key,system_key,alias_key,flashcode_key,model_id,created_at,updated_at}'::text[] FROM radioshop.asset a WHERE a.tag = '1042'),
  '{"tag": "1042", "serial": "ABC1", "class": "portable", "status": "in_service", "assigned_to": "", "location": "", "system": "MARRS", "unit_id": 7201, "alias": "", "firmware": "", "codeplug": "", "flashcode": "", "purchased_on": "2020-02-29",
    "warranty_until": "2023-02-28", "cost_cents": 123450, "quantity": 1, "description": "", "notes": "", "fields": null, "revision": 1}', 'values are read as people write them, and the class comes from the model');
SELECT is((SELECT a.class || '|' || a.notes FROM radioshop.asset a WHERE a.tag = '1043') || '|' || (SELECT a.alias FROM radioshop.asset a WHERE a.tag = '1044'), E'test_equipment|a\nb|Car 5', 'words with spaces, text of two lines, hard spaces around');

-- The same again
SELECT is(pg_temp.events(), 3::bigint, 'three events');
SELECT results_eq('first', ARRAY['2 unchanged', '3 unchanged', '4 unchanged'], 'the same rows again change nothing');
SELECT is(pg_temp.events() || ' ' || (SELECT sum(a.revision) FROM radioshop.asset a), '3 3', 'no event, no new revision');

-- Changing
SELECT is(pg_temp.import(rows::jsonb), want, want) FROM (VALUES
  ('[{"line": 2, "tag": "1042", "serial": "ABC9", "cost": "371", "firmware": "R20"}]', '2 changed : serial: ABC1 → ABC9; firmware: none → R20; cost: 1234.50 → 371.00'),
  ('[{"line": 2, "tag": "1042", "serial": "", "cost": " ", "class": ""}]', '2 unchanged'),
  ('[{"line": 2, "serial": "abc9", "model": "M36"}]', '2 changed : serial: ABC9 → abc9; model: H98 → M36'),
  ('[{"line": 2, "tag": "1042x", "serial": "abc9"}]', '2 changed : tag: 1042 → 1042x'),
  ('[{"line": 2, "tag": "1042", "serial": "abc9"}]', '2 changed : tag: 1042x → 1042')) v (rows, want);
SELECT is((SELECT a.class || ' ' || a.revision FROM radioshop.asset a WHERE a.tag = '1042'), 'portable 5', 'a cell that is empty leaves what is there');

-- Refusing, and keeping the rest
SELECT is(pg_temp.import(jsonb_build_array(r::jsonb)), want, want) FROM (VALUES
  ('{"line": 5, "tag": "1042", "serial": "ABC3"}', '5 refused serial=ABC3 : tag 1042 and this serial number belong to two assets: asset 1044 has this serial number'),
  ('{"line": 5, "serial": "NEW1", "class": "pager"}', '5 refused tag : no asset has this row''s serial number, and a new asset needs a tag'),
  ('{"line": 5, "class": "pager"}', '5 refused tag : a new asset needs a tag'),
  ('{"line": 5, "tag": "N"}', '5 refused class : a new asset needs a class, such as portable, or a model of the catalogue'),
  ('{"line": 5, "tag": "N", "model": "X9"}', '5 refused model=X9 : the catalogue has no model with this number; an administrator of the shop adds it with radioshop model create X9 --class CLASS; or give a class instead'),
  ('{"line": 5, "tag": "N", "class": "toaster"}', '5 refused class=toaster : a class is portable, mobile, control_station, base, console, pager, battery, charger, speaker_mic, antenna, test_equipment or other'),
  ('{"line": 5, "tag": "1042", "status": "sold"}', '5 refused status=sold : a status is in_service, spare, in_shop, at_depot, missing, retired or disposed'),
  ('{"line": 5, "tag": "1042", "unit_id": "7e3"}', '5 refused unit_id=7e3 : a unit ID is a whole number between 1 and 16777211, in decimal'),
  ('{"line": 5, "tag": "1042", "unit_id": "16777212"}', '5 refused unit_id=16777212 : a unit ID lies between 1 and 16777211'),
  ('{"line": 5, "tag": "1043", "unit_id": "7201", "system": "marrs"}', '5 refused unit_id=7201 : asset 1042 has this unit ID on this system'),
  ('{"line": 5, "tag": "1042", "quantity": "0"}', '5 refused quantity=0 : a quantity lies between 1 and 1000000'),
  ('{"line": 5, "tag": "1042", "quantity": "a few"}', '5 refused quantity=a few : a quantity is a whole number between 1 and 1000000'),
  ('{"line": 5, "tag": "1042", "cost": "ask Bob"}', '5 refused cost=ask Bob : this is not a price in dollars; write it like 62627, 62,627.50 or $371'),
  ('{"line": 5, "tag": "1042", "cost": "999999999999999"}', '5 refused cost=999999999999999 : a price is not negative and at most 1,000,000,000,000 dollars'),
  ('{"line": 5, "tag": "1042", "purchased_on": "31.1.2026"}', '5 refused purchased_on=31.1.2026 : the day stands before the month: write 2026-01-31 or 1/31/2026'),
  ('{"line": 5, "tag": "1042", "purchased_on": "0206-01-01"}', '5 refused purchased_on=0206-01-01 : the day must lie between 1950-01-01 and 2199-12-31'),
  ('{"line": 5, "tag": "1042", "warranty_until": "2019-01-01"}', '5 refused warranty_until=2019-01-01 : the warranty cannot end before the day of purchase'),
  ('{"line": 5, "tag": "1042", "location": "a\tb"}', E'5 refused location=a\tb : a location is one line of at most 200 characters')) v (r, want);
PREPARE mixed AS SELECT pg_temp.import('[{"line": 2, "tag": "2000", "class": "pager"}, {"line": 3, "tag": "2001", "class": "toaster"}, {"line": 4, "tag": "2000", "class": "pager"},
  {"line": 5, "tag": "2000", "class": "base"}, {"line": 6, "tag": "2002", "class": "pager"}]');
SELECT results_eq('mixed', ARRAY['2 created', '3 refused class=toaster : a class is portable, mobile, control_station, base, console, pager, battery, charger, speaker_mic, antenna, test_equipment or other', '4 unchanged',
  '5 refused tag=2000 : line 2 already set this asset, with other values: class: pager → base', '6 created'], 'good rows are kept beside wrong ones, and the last of two contrary rows does not win in silence');
SELECT is((SELECT array_agg(a.tag || a.class ORDER BY a.tag) FROM radioshop.asset a WHERE a.tag LIKE '20%'), '{2000pager,2002pager}', 'as the report says');

PREPARE contrary AS SELECT pg_temp.import('[{"line": 0, "tag": "2010", "class": "pager", "unit_id": "0042"}, {"line": 0, "tag": "2011", "class": "pager", "unit_id": "42"}, {"line": 0, "tag": "2012", "class": "pager", "serial": "Z9"},
  {"line": 0, "tag": "2013", "class": "pager", "serial": "z9"}, {"line": 0, "tag": "2014", "class": "pager", "purchased_on": "2026-01-02", "warranty_until": "2026-01-01"}, {"line": 0, "tag": "2015", "class": "pager"}]');
SELECT results_eq('contrary', ARRAY['0 created', '0 refused unit_id=42 : this unit ID is taken on this system', '0 created', '0 refused serial=z9 : line 0 has this serial number too, as tag 2012: one serial number is one asset',
  '0 refused warranty_until=2026-01-01 : the warranty cannot end before the day of purchase', '0 created'], 'new rows that contradict each other or a rule are found too, and stay in their order whatever their line numbers');
SELECT is((SELECT array_agg(a.tag ORDER BY a.tag) FROM radioshop.asset a WHERE a.tag LIKE '201_'), '{2010,2012,2015}', 'and only the good ones are there');

-- The dry run
SELECT set_config('test.events', pg_temp.events()::text, true);
PREPARE dry AS SELECT pg_temp.import('[{"line": 2, "tag": "3000", "class": "pager"}, {"line": 3, "tag": "3000", "class": "pager"}, {"line": 4, "tag": "1042", "firmware": "R21"}, {"line": 5, "tag": "1042", "cost": "x"}]', true);
SELECT results_eq('dry', ARRAY['2 created', '3 unchanged', '4 changed : firmware: R20 → R21', '5 refused cost=x : this is not a price in dollars; write it like 62627, 62,627.50 or $371'], 'a dry run reports the same');
SELECT is((SELECT count(*) FROM radioshop.asset a WHERE a.tag = '3000' OR a.firmware = 'R21') || ' ' || pg_temp.events(), '0 ' || current_setting('test.events'), 'and keeps nothing, events neither');
SELECT is((SELECT array_agg((r ->> 'id') IS NULL) FROM pg_temp.import_assets('{"agency": "IND", "dry_run": true, "rows": [{"line": 2, "tag": "3000", "class": "pager"}, {"line": 3, "tag": "1042", "firmware": "R21"}]}') r), '{t,f}', 'nor names a UUID that is not there');

-- The call as a whole
SELECT is(pg_temp.import('[]'), 'INVALID_ARGUMENT|rows|give at least one row', 'no rows');
SELECT is(pg_temp.import((SELECT jsonb_agg(jsonb_build_object('line', n, 'tag', n, 'class', 'pager')) FROM generate_series(1, 501) n)), 'INVALID_ARGUMENT|rows|at most 500 rows a call, not 501', 'too many rows');
SELECT is((SELECT count(*) FROM pg_temp.import((SELECT jsonb_agg(jsonb_build_object('line', n, 'tag', 'L' || n, 'class', 'pager')) FROM generate_series(1, 500) n)) r WHERE r LIKE '% created'), 500::bigint, 'just as many as are allowed');
SELECT is(pg_temp.import('[{"line": 2, "tag": "1042"}]', agency => ''), 'INVALID_ARGUMENT|agency|give the code of the agency that owns the assets', 'no agency');
SELECT is(pg_temp.import('[{"line": 2, "tag": "1042", "class": "pager"}]', agency => 'LSM'), 'NOT_FOUND|agency|there is no agency LSM', 'another agency looks like none');
EXECUTE enter('mona');
SELECT is(pg_temp.import('[{"line": 2, "tag": "1042", "serial": "abc9", "class": "pager"}]', agency => 'LSM'), '2 created', 'the codes of another agency do not stand in the way');

SELECT * FROM finish();
ROLLBACK;
