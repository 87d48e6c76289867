-- The catalogue: constraints, and the statements of ModelService.
\set calls `python3 tests/sql/statements.py get_model list_models create_model update_model import_models`
BEGIN;
SELECT plan(44);
:calls
INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence');
INSERT INTO radioshop.principal (name, display_name) VALUES ('root', 'Root'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'admin', CASE p.name WHEN 'root' THEN 0 ELSE 901 END FROM radioshop.principal p;

SELECT throws_ok(format($$INSERT INTO radioshop.model (number, manufacturer, class, end_of_support_on) VALUES (%L, %L, %L, %L)$$, number, maker, class, day), '23514',
    format('new row for relation "model" violates check constraint "%s"', rule), why)
  FROM (VALUES ('', 'm', 'portable', NULL, 'model_number_form', 'no number'), (repeat('n', 65), 'm', 'portable', NULL, 'model_number_form', 'a long number'),
    ('n', '', 'portable', NULL, 'model_manufacturer_form', 'no manufacturer'), ('n', 'm', 'toaster', NULL, 'model_class_known', 'an unknown class'),
    ('n', 'm', 'portable', '1949-12-31', 'model_end_of_support_on_range', 'an early day'), ('n', 'm', 'portable', 'infinity', 'model_end_of_support_on_range', 'no end of days')) v (number, maker, class, day, rule, why);

-- Days
SELECT is(radioshop.read_date(v), d::date, coalesce(nullif(v, ''), 'nothing') || ' read as a day') FROM (VALUES ('2026-01-31', '2026-01-31'), ('2026-1-3', '2026-01-03'), ('1/31/2026', '2026-01-31'),
  (' 02/29/2024 ', '2024-02-29'), ('2/29/2023', NULL), ('31/1/2026', NULL), ('2026-13-01', NULL), ('1/31/26', NULL), ('today', NULL), ('infinity', NULL), ('', NULL), ('0000-01-01', NULL)) x (v, d);

SET LOCAL ROLE radioshop_app;
CREATE FUNCTION pg_temp.first(rows jsonb) RETURNS text LANGUAGE sql AS $$ SELECT translate(rows ->> 'refusal', chr(31), '|') $$;
SELECT radioshop.enter('root', '{admin}', 'ModelService.CreateModel', 'c1', 60000, 5000, NULL, NULL);
SELECT is((SELECT r FROM pg_temp.create_model('{"model": {"number": " H98ucf9 ", "manufacturer": "Motorola", "family": "APX 6000", "class": "portable", "end_of_support_on": "2030-12-31"}}') r),
  '{"refusal": null, "number": "H98ucf9", "manufacturer": "Motorola", "family": "APX 6000", "tier": "", "band": "", "class": "portable", "end_of_support_on": "2030-12-31", "revision": 1}', 'a model is added');
SELECT is(pg_temp.first(pg_temp.create_model('{"model": {"number": "H98UCF9", "manufacturer": "M", "class": "mobile"}}')), 'ALREADY_EXISTS|number|the catalogue has model H98ucf9 already: Motorola APX 6000', 'a number is taken once, whatever its capitals');
SELECT matches(pg_temp.first(pg_temp.create_model('{"model": {"number": "X", "manufacturer": "M"}}')), '^INVALID_ARGUMENT\|class', 'a class is needed');
SELECT is((SELECT r ->> 'number' FROM pg_temp.get_model('{"model": "h98UCF9"}') r), 'H98ucf9', 'it is found whatever the capitals');
SELECT is((SELECT (r ->> 'family') || '|' || (r ->> 'band') || '|' || (r ->> 'revision') FROM pg_temp.update_model('{"model": {"number": "H98UCF9", "band": "VHF", "family": "x", "revision": 1}, "update_mask": {"paths": ["band"]}}') r), 'APX 6000|VHF|2', 'just the fields of the mask change');
SELECT matches(pg_temp.first(pg_temp.update_model('{"model": {"number": "H98UCF9", "band": "VHF", "revision": 1}, "update_mask": {"paths": ["band"]}}')), '^ABORTED\|revision', 'a stale revision is refused');
SELECT matches(pg_temp.first(pg_temp.update_model('{"model": {"number": "H98UCF9", "revision": 2}, "update_mask": {"paths": ["number"]}}')), '^INVALID_ARGUMENT\|update_mask\|number cannot', 'a number never changes');
SELECT matches(pg_temp.first(pg_temp.update_model('{"model": {"number": "H98UCF9", "revision": 2}, "update_mask": {"paths": ["class"]}}')), '^INVALID_ARGUMENT\|class', 'a class cannot be taken away');

-- Many at once
SELECT is(r, '{"refusal": null, "created": 2, "changed": 0, "unchanged": 0}', 'two are new')
  FROM pg_temp.import_models('{"models": [{"number": "A", "manufacturer": "m", "class": "pager", "end_of_support_on": "2030-01-01"}, {"number": "B", "manufacturer": "m", "class": "pager"}]}') r;
SELECT is(r, '{"refusal": null, "created": 1, "changed": 1, "unchanged": 1}', 'again: one is new, one changed, one is left alone')
  FROM pg_temp.import_models('{"models": [{"number": "a", "manufacturer": "m", "class": "pager", "end_of_support_on": "2030-01-01"}, {"number": "B", "manufacturer": "m2", "class": "pager"}, {"number": "C", "manufacturer": "m", "class": "pager"}]}') r;
SELECT is((SELECT array_agg(m.number || m.revision ORDER BY m.number_key) FROM radioshop.model m WHERE m.class = 'pager'), '{A1,B2,C1}', 'what is left alone keeps its revision');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.resource = 'model' AND e.resource_id = 'A'), 1::bigint, 'and gets no event');
SELECT matches(pg_temp.first(pg_temp.import_models(models)), want, want) FROM (VALUES
  ('{"models": []}'::jsonb, '^INVALID_ARGUMENT\|models\|give at least one'),
  ('{"models": [{"number": "D", "manufacturer": "m", "class": "pager"}, {"number": "d", "manufacturer": "m", "class": "pager"}]}', '^INVALID_ARGUMENT\|models\[1\].number\|model d is twice'),
  ('{"models": [{"number": "D", "manufacturer": "m"}]}', '^INVALID_ARGUMENT\|models\[0\].class'),
  ('{"models": [{"number": "D", "manufacturer": "m", "class": "pager"}, {"number": " ", "manufacturer": "m", "class": "pager"}]}', '^INVALID_ARGUMENT\|models\[1\].number'),
  ('{"models": [{"number": "D", "class": "pager"}]}', '^INVALID_ARGUMENT\|models\[0\].manufacturer'),
  ('{"models": [{"number": "D", "manufacturer": "m", "class": "pager", "end_of_support_on": "soon"}]}', '^INVALID_ARGUMENT\|models\[0\].end_of_support_on'),
  ((SELECT jsonb_build_object('models', jsonb_agg(jsonb_build_object('number', n, 'manufacturer', 'm', 'class', 'pager'))) FROM generate_series(1, 1001) n), '^INVALID_ARGUMENT\|models\|at most 1000')) v (models, want);
SELECT is_empty($$SELECT m.number FROM radioshop.model m WHERE m.number_key = 'D'$$, 'of a refused load nothing is kept');
SELECT is((SELECT array_agg(r ->> 'number') FROM pg_temp.list_models('{"class": "pager", "page_limit": 2, "page_key": ["A"]}') r), '{B,C}', 'a page of one class in order of number');

SELECT radioshop.enter('mona', '{admin}', 'ModelService.CreateModel', 'c2', 60000, 5000, NULL, NULL);
SELECT is((SELECT count(*) FROM pg_temp.list_models('{}')), 4::bigint, 'every caller reads the catalogue');
SELECT matches(pg_temp.first(r), '^PERMISSION_DENIED', 'but only the shop changes it') FROM (SELECT pg_temp.create_model('{"model": {"number": "Z", "manufacturer": "m", "class": "pager"}}')
  UNION ALL SELECT pg_temp.update_model('{"model": {"number": "A", "band": "x", "revision": 1}, "update_mask": {"paths": ["band"]}}')
  UNION ALL SELECT pg_temp.import_models('{"models": [{"number": "Z", "manufacturer": "m", "class": "pager"}]}')) v (r);
SELECT throws_ok($$INSERT INTO radioshop.model (number, manufacturer, class) VALUES ('Z', 'm', 'pager')$$, '42501', NULL, 'whatever statement tries');

SELECT * FROM finish();
ROLLBACK;
