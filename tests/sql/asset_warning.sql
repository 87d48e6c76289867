-- What is odd about an asset: Motorola serial numbers read, and the warnings of CreateAsset and UpdateAsset.
\set calls `python3 tests/sql/statements.py create_asset update_asset`
BEGIN;
SELECT plan(31);
:calls

-- Serial numbers: 24 letters without I and O for the years, and for the half months
SELECT is(radioshop.read_motorola_serial(serial)::text, want, serial || ' is read') FROM (VALUES
  ('837CXK1234', '(837,"{1997,2021,2045}",5,2)'), ('426CXB0001', '(426,"{1997,2021,2045}",1,2)'), ('123AAA4567', '(123,"{1976,2000,2024}",1,1)'),
  ('123AZZ45678', '(123,"{1999,2023,2047}",12,2)'), ('123AHJ4567', '(123,"{1983,2007,2031}",5,1)'), ('123AJK4567', '(123,"{1984,2008,2032}",5,2)'),
  ('123APN4567', '(123,"{1989,2013,2037}",7,1)'), (' 999zmy0000 ', '(999,"{1987,2011,2035}",12,1)'),
  ('', '(,,,)'), ('837CXK123', '(,,,)'), ('837CXK123456', '(,,,)'), ('83CXK12345', '(,,,)'), ('837CIK1234', '(,,,)'), ('837CXO1234', '(,,,)'), ('837OXK1234', '(,,,)'),
  ('837CXK12E4', '(,,,)'), ('R8K10042', '(,,,)')) v (serial, want);
SELECT is(radioshop.motorola_serial_warning(serial), NULL, format('nothing is odd about "%s"', serial)) FROM (VALUES ('837CXK1234'), ('837cxk12345'), (''), (' ')) v (serial);
SELECT matches(radioshop.motorola_serial_warning(serial), want, serial || ' is odd') FROM (VALUES ('837CXO1234', '^serial 837CXO1234: .* no letters I and O '),
  ('837CXKI234', 'no letters I and O'), ('A-1', '^serial A-1: this is not the form')) v (serial, want);

INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence');
INSERT INTO radioshop.model (number, manufacturer, class) VALUES ('H98', 'Motorola Solutions', 'portable'), ('NX5', 'Kenwood', 'portable');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tech', 'Tech');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, 'technician', 901 FROM radioshop.principal p;
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tech', '{technician}', 'AssetService.CreateAsset', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.odd(r jsonb) RETURNS text LANGUAGE sql AS $$ SELECT concat_ws('|', r ->> 'serial', (SELECT string_agg(left(w, 16), ',') FROM jsonb_array_elements_text(r -> 'warnings') w)) $$;

SELECT is(pg_temp.odd(pg_temp.create_asset('{"asset": {"agency": "IND", "tag": "1", "model": "H98", "serial": "X1"}}')), 'X1|serial X1: this ', 'it is added, and said to be odd');
SELECT is(pg_temp.odd(pg_temp.create_asset('{"asset": {"agency": "IND", "tag": "2", "model": "NX5", "serial": "X2"}}')), 'X2', 'other makers have other serial numbers');
SELECT is(pg_temp.odd(pg_temp.create_asset('{"asset": {"agency": "IND", "tag": "3", "model": "H98"}}')), '', 'none is not odd');
CREATE FUNCTION pg_temp.change(tag text, given text, mask text) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.odd(pg_temp.update_asset(jsonb_build_object('asset', given::jsonb || jsonb_build_object('id', a.asset_id, 'revision', a.revision), 'update_mask', jsonb_build_object('paths', string_to_array(mask, ',')))))
    FROM radioshop.asset a WHERE a.tag = change.tag $$;
SELECT is(pg_temp.change('1', '{"location": "Station 2"}', 'location'), 'X1', 'what was odd before is not said again');
SELECT is(pg_temp.change('2', '{"model": "H98"}', 'model'), 'X2|serial X2: this ', 'a new model asks again');
SELECT is(pg_temp.change('1', '{"serial": "837CXK1234"}', 'serial'), '837CXK1234', 'a good one is not odd');
SELECT is(pg_temp.change('1', '{"serial": "x", "revision": 1}', 'id'), '', 'a refusal has no warnings');

SELECT * FROM finish();
ROLLBACK;
