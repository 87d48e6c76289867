-- Components: what holds whatever statement tries, date codes, and what each agency sees of it.
BEGIN;
SELECT no_plan();
SELECT is(radioshop.read_date_code(c, '2026-11-24'), d, c) FROM (VALUES ('635', '2026-08-24'::date), ('2635', '2026-08-24'), ('648', '2026-11-23'), ('649', '2016-12-05'), ('753', NULL), ('2053', '2020-12-28'), ('053', '2020-12-28'),
  ('701', '2017-01-02'), (' 501 ', '2024-12-30'), ('000', NULL), ('654', NULL), ('2649', NULL), ('63', NULL), ('63A', NULL), ('26350', NULL), ('', NULL)) v (c, d);

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tina', 'Tina'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, v.role, v.agency_id
  FROM (VALUES ('tina', 'technician', 0), ('mona', 'technician', 902)) v (name, role, agency_id) JOIN radioshop.principal p USING (name);
INSERT INTO radioshop.asset (agency_id, tag, class, status, quantity) SELECT v.g, v.t, v.c, v.s, v.q FROM (VALUES (901, 'R1', 'portable', 'in_service', 1), (901, 'R2', 'portable', 'in_service', 1), (901, 'RX', 'portable', 'retired', 1),
  (901, 'RM', 'portable', 'missing', 1), (901, 'B1', 'battery', 'spare', 1), (901, 'B2', 'battery', 'retired', 1), (901, 'LOT', 'battery', 'spare', 9), (901, 'A1', 'antenna', 'in_service', 1), (901, 'M1', 'speaker_mic', 'spare', 1),
  (901, 'O1', 'other', 'spare', 1), (902, 'L1', 'portable', 'in_service', 1)) v (g, t, c, s, q);
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tina', '{technician}', 'M', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.id(tag text) RETURNS uuid LANGUAGE sql AS $$ SELECT a.asset_id FROM radioshop.asset a WHERE a.tag = id.tag $$;
CREATE FUNCTION pg_temp.put(tag text, parent text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO radioshop.component (agency_id, asset_id, parent_id) SELECT 901, pg_temp.id(put.tag), pg_temp.id(put.parent) $$;
CREATE FUNCTION pg_temp.status(tag text) RETURNS text LANGUAGE sql AS $$ SELECT a.status FROM radioshop.asset a WHERE a.tag = status.tag $$;

-- Guards
SELECT throws_ok(format('SELECT pg_temp.put(%L, %L)', t, p), 'RS412', NULL, t || ' on ' || p) FROM (VALUES ('R1', 'R2'), ('B1', 'RX'), ('B1', 'RM'), ('B2', 'R1'), ('LOT', 'R1'), ('B1', 'B1')) v (t, p);
SELECT throws_ok($$SELECT pg_temp.put('B1', 'L1')$$, '23503', NULL, 'not to an asset of another agency');
SELECT lives_ok(format('SELECT pg_temp.put(%L, %L)', t, 'R1'), t || ' on R1') FROM unnest('{B1,A1,M1}'::text[]) t;
SELECT is(pg_temp.status('B1'), 'in_service', 'what is attached is in service');
SELECT throws_ok($$SELECT pg_temp.put('B1', 'R2')$$, '23505', 'duplicate key value violates unique constraint "component_one_parent"', 'a battery is on one radio');
SELECT throws_ok(format('SELECT pg_temp.put(%L, %L)', t, p), 'RS412', NULL, 'no circle: ' || t || ' on ' || p) FROM (VALUES ('O1', 'B1')) v (t, p);
SELECT throws_ok(format('UPDATE radioshop.asset SET status = %L WHERE tag = %L', s, t), '23514', 'asset ' || t || ' is attached', t || ' is not ' || s) FROM unnest('{retired,disposed}'::text[]) s, unnest('{R1,B1}'::text[]) t;
SELECT lives_ok($$UPDATE radioshop.asset SET status = 'missing' WHERE tag = 'R1'$$, 'missing it may be, with all that is on it');
SELECT throws_ok(format('UPDATE radioshop.component SET %s', s), '23514', NULL, s) FROM unnest('{until_at = now(),until_by = $q$x$q$,until_note = $q$x$q$}'::text[]) s;
SELECT throws_ok(s, '42501', NULL, s) FROM unnest(ARRAY['DELETE FROM radioshop.component', 'UPDATE radioshop.component SET parent_id = parent_id', 'DELETE FROM radioshop.date_code']) s;
SELECT is(radioshop.components_of(901, pg_temp.id('R1')), '{A1,B1,M1}', 'by tag');
SELECT is(radioshop.parent_of(901, pg_temp.id('B1')), 'R1', 'and the other way');
SELECT lives_ok($$UPDATE radioshop.component SET until_at = now(), until_by = 'tina' WHERE asset_id = pg_temp.id('B1')$$, 'off');
SELECT is(pg_temp.status('B1'), 'spare', 'what is taken off is a spare');
SELECT throws_ok(format('UPDATE radioshop.component SET %s WHERE asset_id = pg_temp.id(%L)', s, 'B1'), 'RS412', 'assets: it is detached already', 'over is over: ' || s) FROM unnest('{until_at = NULL,until_note = $q$x$q$}'::text[]) s;
SELECT is((SELECT (d.shown).date_code_revision FROM radioshop.set_date_code('B1', '635', 0) d), 1::bigint, 'a date code');
SELECT is((SELECT split_part((d.shown).refusal, chr(31), 1) FROM radioshop.set_date_code('B1', '636', 0) d), 'ABORTED', 'is not set twice');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.resource IN ('component', 'date_code') AND e.resource_id = pg_temp.id('B1')::text), 3::bigint, 'each change is an event');

-- The other agency
SELECT radioshop.enter('mona', '{technician}', 'M', 'c2', 60000, 5000, NULL, NULL);
SELECT is_empty('SELECT 1 FROM radioshop.component UNION ALL SELECT 1 FROM radioshop.date_code', 'sees nothing of it');

SELECT * FROM finish();
ROLLBACK;
