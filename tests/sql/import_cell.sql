-- What a cell of an import says: leave, empty, or why it is wrong and what to do about it.
\set calls `python3 tests/sql/statements.py import_assets create_asset update_asset`
BEGIN;
SELECT no_plan();
:calls
INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence'), (902, 'LSM', 'Lee''s Summit'), (903, 'BLU', 'Blue Springs');
INSERT INTO radioshop.model (number, manufacturer, class) VALUES ('H98', 'Harris', 'portable'), ('M36', 'Harris', 'mobile');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tech', 'Tech'), ('both', 'Both');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'technician', g.agency_id FROM radioshop.principal p, radioshop.agency g
    WHERE (p.name = 'tech' AND g.agency_id = 901) OR (p.name = 'both' AND g.agency_id IN (901, 902));
INSERT INTO radioshop.asset (agency_id, tag, serial, model_id, class, status) SELECT x.agency, x.tag, x.serial, m.model_id, 'portable', x.status
  FROM (VALUES (902, 'L1', 'SAME', 'H98', 'in_service'), (902, 'L2', 'ALIKE', NULL, 'in_service'), (902, 'L3', 'SOLD', 'H98', 'disposed'),
      (903, 'B1', 'HID1', 'H98', 'in_service'), (903, 'B2', 'HID2', NULL, 'in_service')) x (agency, tag, serial, model, status)
    LEFT JOIN radioshop.model m ON m.number = x.model;
INSERT INTO radioshop.asset (agency_id, tag, serial, class, alias, location) VALUES (901, '4.2E+11', '#NAME?', 'portable', 'none', '#REF!');

SET LOCAL ROLE radioshop_app;
PREPARE enter (text) AS SELECT radioshop.enter($1, '{technician}', 'AssetService.ImportAssets', 'c1', 60000, 5000, NULL, NULL);
EXECUTE enter('tech');
-- One line a row: outcome column=value : reason
CREATE FUNCTION pg_temp.import(VARIADIC rows jsonb[]) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT coalesce(translate(r ->> 'refusal', chr(31), '|'), concat_ws(' ', r ->> 'outcome', nullif(concat_ws('=', nullif(r ->> 'column', ''), nullif(r ->> 'value', '')), ''), nullif(': ' || (r ->> 'reason'), ': ')))
  FROM pg_temp.import_assets(jsonb_build_object('agency', 'IND', 'rows', (SELECT jsonb_agg(r || jsonb_build_object('line', n)) FROM unnest(rows) WITH ORDINALITY x (r, n)))) r $$;

-- Leave, empty, and text that looks like it
SELECT is(pg_temp.import('{"tag": "1", "serial": "S1", "model": "H98", "class": "portable", "status": "spare", "assigned_to": "E1", "location": "St 1", "system": "MARRS", "unit_id": "7001", "alias": "A1",
  "firmware": "R1", "codeplug": "C1", "purchased_on": "2020-01-01", "warranty_until": "2022-01-01", "cost": "12", "quantity": "2", "description": "d", "notes": "n"}'), 'created', 'an asset with all fields');
SELECT is(pg_temp.import('{"tag": "1", "assigned_to": "", "cost": " ", "notes": "\u00a0"}'), 'unchanged', 'empty cells leave');
SELECT is(pg_temp.import(jsonb_build_object('tag', '1', c, ' \Clear')), 'changed : ' || c || ': ' || old || ' → none', c || ' is emptied')
  FROM (VALUES ('assigned_to', 'E1'), ('location', 'St 1'), ('unit_id', '7001'), ('system', 'MARRS'), ('alias', 'A1'), ('firmware', 'R1'), ('codeplug', 'C1'), ('warranty_until', '2022-01-01'),
    ('purchased_on', '2020-01-01'), ('cost', '12.00'), ('description', 'd'), ('notes', 'n'), ('model', 'H98'), ('serial', 'S1')) x (c, old);
SELECT is((SELECT to_jsonb(a) - '{agency_id,asset_id,tag_key,serial_key,system_key,alias_key,flashcode_key,created_at,updated_at}'::text[] FROM radioshop.asset a WHERE a.tag = '1'),
  '{"tag": "1", "serial": "", "model_id": null, "class": "portable", "status": "spare", "assigned_to": "", "location": "", "system": "", "unit_id": null, "alias": "", "firmware": "", "codeplug": "", "flashcode": "",
    "purchased_on": null, "warranty_until": null, "cost_cents": null, "quantity": 2, "description": "", "notes": "", "fields": null, "revision": 15}', 'and nothing else is');
SELECT is(pg_temp.import('{"tag": "1", "assigned_to": "\\clear", "cost": "\\CLEAR"}'), 'unchanged', 'what is empty stays empty');
SELECT is(pg_temp.import(jsonb_build_object('tag', '1', 'serial', 'S1', c, '\clear')), format('refused %s=\clear : this cannot be emptied: every asset has a %s; give one, or leave the cell empty', c, c), c || ' is not emptied')
  FROM (VALUES ('tag'), ('class'), ('status'), ('quantity')) x (c) WHERE c <> 'tag';
SELECT is(pg_temp.import('{"tag": "\\clear", "class": "pager"}'), 'refused tag=\clear : this cannot be emptied: every asset has a tag; give one, or leave the cell empty', 'nor is a new asset''s tag');
SELECT is(pg_temp.import('{"tag": "2", "class": "pager", "location": "\\clear", "cost": "\\clear", "serial": "\\clear"}'), 'created', 'a new asset may have the mark: it is empty then');
SELECT is(pg_temp.import('{"tag": "1", "notes": "\\\\clear", "alias": "\\\\\\Clear"}'), 'changed : alias: none → \\Clear; notes: none → \clear', 'one \ more is text');
SELECT is(pg_temp.import('{"tag": "1", "notes": "please \\clear"}'), 'changed : notes: \clear → please \clear', 'and within text it is nothing');

-- What a spreadsheet has spoilt
SELECT is(pg_temp.import(jsonb_build_object('tag', '3', 'class', 'pager') || jsonb_build_object(c, v)), format('refused %s=%s : ', c, v)
    || 'a spreadsheet has made this of a long number, and its digits are lost: format the column as text and fill the number in again', c || ' ' || v)
  FROM (VALUES ('serial', '4.2E+11'), ('serial', '4,20E+11'), ('serial', '4E+11'), ('tag', '1.5e+15'), ('unit_id', '7.01E+05'), ('alias', '1.0E+10'), ('firmware', '2E+03')) x (c, v);
SELECT is(pg_temp.import(jsonb_build_object('tag', '3', 'class', 'pager') || jsonb_build_object(c, v)), format('refused %s=%s : ', c, v)
    || 'this is a fault that a spreadsheet shows, not a value: mend the cell, or leave it empty', c || ' ' || v)
  FROM (VALUES ('serial', '#N/A'), ('location', '#REF!'), ('tag', '########'), ('unit_id', '#VALUE!'), ('alias', '#NAME?')) x (c, v);
SELECT is(pg_temp.import(jsonb_build_object('tag', '3', 'class', 'pager', 'serial', v)), format('refused serial=%s : this is no serial number: leave the cell empty where nobody knows it', v), v) FROM (VALUES ('N/A'), ('none'), ('-'), ('0'), ('??'), ('TBD')) x (v);
SELECT is(pg_temp.import('{"tag": "n/a", "class": "pager"}'), 'refused tag=n/a : this is no tag: give the asset one', 'no tag');
SELECT is(pg_temp.import('{"tag": "4", "serial": "42E11", "class": "pager", "notes": "4.2E+11", "description": "#N/A", "alias": "none", "cost": "0", "location": "-"}'), 'created', 'what may be meant is taken');
SELECT is(pg_temp.import('{"tag": "4.2E+11", "serial": "#NAME?", "class": "portable", "alias": "none", "location": "#REF!"}'), 'unchanged', 'what is in the register already may be said again');

-- Days
SELECT is(pg_temp.import(jsonb_build_object('tag', '4', 'purchased_on', v)), want, v) FROM (VALUES
  ('31/1/2024', 'refused purchased_on=31/1/2024 : the day stands before the month: write 2024-01-31 or 1/31/2024'),
  ('31/2/2024', 'refused purchased_on=31/2/2024 : this is not a day; write it like 2026-01-31 or 1/31/2026'),
  ('13-12-2023 10:00', 'refused purchased_on=13-12-2023 10:00 : the day stands before the month: write 2023-12-13 or 12/13/2023'),
  ('1/31/24', 'refused purchased_on=1/31/24 : write the year with four digits, like 2026-01-31 or 1/31/2026'),
  ('45322', 'refused purchased_on=45322 : this is how a spreadsheet counts days: format the column as dates; it may mean 2024-01-31'),
  ('last week', 'refused purchased_on=last week : this is not a day; write it like 2026-01-31 or 1/31/2026'),
  ('1.2.2024', 'refused purchased_on=1.2.2024 : this is not a day; write it like 2026-01-31 or 1/31/2026'),
  ('2024-01-31 00:00:00', 'changed : purchased_on: none → 2024-01-31'), ('1/30/2024 12:00 AM', 'changed : purchased_on: 2024-01-31 → 2024-01-30'),
  ('2024-01-29T08:15', 'changed : purchased_on: 2024-01-30 → 2024-01-29')) x (v, want);
SELECT is(pg_temp.import('{"tag": "4", "warranty_until": "31/1/2024"}'), 'refused warranty_until=31/1/2024 : the day stands before the month: write 2024-01-31 or 1/31/2024', 'of the other day too');

-- Models
SELECT is(pg_temp.import('{"tag": "5", "model": "APX-NEW", "class": "Control Station"}'), 'refused model=APX-NEW : the catalogue has no model with this number; an administrator of the shop adds it with radioshop model create APX-NEW --class control-station; or give a class instead', 'the command that adds it');
SELECT is(pg_temp.import('{"tag": "5", "model": "x; rm -rf ~", "class": "portable"}'), 'refused model=x; rm -rf ~ : the catalogue has no model with this number; an administrator of the shop adds it with radioshop model create; or give a class instead', 'no cell becomes a command');

-- Rows of one call, and codes of other agencies
SELECT results_eq($$SELECT pg_temp.import('{"tag": "6", "serial": "TW1", "class": "pager"}', '{"tag": "7", "serial": "tw1", "class": "pager"}', '{"tag": "6", "location": "St 9"}')$$,
  ARRAY['created', 'refused serial=tw1 : line 1 has this serial number too, as tag 6: one serial number is one asset', 'refused tag=6 : line 1 already set this asset, with other values: location: none → St 9'], 'two rows for one serial number');
SELECT is(pg_temp.import('{"tag": "IND:1042", "class": "pager"}'), 'refused tag=IND:1042 : write the tag without its agency: 1042', 'one''s own agency');
SELECT is(pg_temp.import('{"tag": "LSM:1042", "class": "pager"}'), 'created', 'an agency that the caller may not see is told nothing of');
SELECT results_eq($$SELECT pg_temp.import('{"tag": "HID-1", "serial": "HID1", "model": "H98"}', '{"tag": "SAM-1", "serial": "SAME", "model": "H98"}')$$,
  ARRAY['created', 'created'], 'nor whether it has a serial number');
EXECUTE enter('both');
SELECT is(pg_temp.import('{"tag": "lsm:1042x", "class": "pager"}'), 'refused tag=lsm:1042x : this is a tag of agency LSM: bring the row in with the rows of that agency', 'a tag of another agency of one''s own');
SELECT is(pg_temp.import('{"tag": "LSM:1042", "class": "pager"}'), 'unchanged', 'that is in the register as it is');
SELECT is(pg_temp.import(r::jsonb), want, r) FROM (VALUES
  ('{"tag": "SAM-1", "serial": "SAME", "model": "H98"}', 'unchanged'),
  ('{"tag": "SAM-1", "serial": "SAME", "location": "St 5"}', 'changed : location: none → St 5'),
  ('{"tag": "LSM:1042", "location": "St 5"}', 'changed : location: none → St 5'),
  ('{"tag": "SAM-1", "serial": "OTHER"}', 'changed : serial: SAME → OTHER'),
  ('{"tag": "SAM-1", "serial": "SAME"}', 'refused serial=SAME : asset LSM:L1 is of this model and has this serial number: it was handed over, or one of the two is typed wrong'),
  ('{"tag": "SAM-3", "serial": "same", "model": "M36"}', 'created'),
  ('{"tag": "SAM-4", "serial": "sold", "model": "H98"}', 'created'),
  ('{"tag": "SAM-5", "serial": "Alike", "model": "H98"}', 'created : serial Alike: asset LSM:L2 has it, too; look whether they are one and the same'),
  ('{"tag": "SAM-6", "serial": "HID2", "class": "pager"}', 'created'),
  ('{"tag": "SAM-5", "serial": ""}', 'unchanged')) x (r, want);
SELECT results_eq($$SELECT pg_temp.import('{"tag": "6", "serial": "ALIKE2", "class": "pager"}', '{"tag": "SAM-5", "serial": "\\clear"}')$$,
  ARRAY['changed : serial: TW1 → ALIKE2', 'changed : serial: Alike → none'], 'a serial number is given up');
SELECT is(pg_temp.import('{"tag": "6", "serial": "alike"}'), 'changed : serial: ALIKE2 → alike; serial alike: asset LSM:L2 has it, too; look whether they are one and the same', 'told of a change too');
SELECT is((SELECT r -> 'warnings' FROM pg_temp.create_asset('{"asset": {"agency": "LSM", "tag": "W1", "serial": "HID2", "class": "pager", "flashcode": ""}}') r),
  '["serial HID2: asset IND:SAM-6 has it, too; look whether they are one and the same"]', 'and at the desk, but of no agency that the caller may not see');

SELECT * FROM finish();
ROLLBACK;
