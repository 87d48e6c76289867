-- Limits: units, versions, which one applies, who may set them. Each rule has its line here, and breaks it.
\set calls `python3 tests/sql/statements.py list_limits set_limit`
BEGIN;
SELECT no_plan();
:calls

-- Units
SELECT is(radioshop.convert_reading(value, unit, into_unit, mhz), wanted, format('%s %s in %s', value, unit, into_unit)) FROM (VALUES
  (120::numeric, 'Hz', 'Hz', NULL::numeric, 120::numeric), (0.7, 'kHz', 'Hz', NULL, 700), (696, 'hz', 'kHz', NULL, 0.696), (4900, 'mW', 'W', NULL, 4.9),
  (0.00035, 'mV', 'uV', NULL, 0.35), (0.35, 'uV', 'μV', NULL, 0.35), (30, 'dBm', 'W', NULL, 1.0), (1, 'W', 'dBm', NULL, 30.0), (0, 'W', 'dBm', NULL, NULL),
  (-116, 'dBm', 'µV', NULL, NULL), (0.35, 'µV', 'dBm', NULL, NULL), (1, 'W', 'Hz', NULL, NULL), (3, 'dB', 'dBm', NULL, NULL), (1, 'MW', 'W', NULL, NULL), (1, 'furlong', 'furlong', NULL, 1),
  (1275, 'Hz', 'ppm', 850, 1.5), (1.5, 'ppm', 'Hz', 850, 1275), (1.275, 'kHz', 'ppm', 850, 1.5), (1275, 'Hz', 'ppm', NULL, NULL), (1, 'Hz', 'ppm', 0, NULL)
) v (value, unit, into_unit, mhz, wanted);
SELECT is(radioshop.exact(x), y, 'exact ' || x) FROM (VALUES (0.1::float8, 0.1), (4.9::float8, 4.9), (1e-7::float8, 0.0000001)) v (x, y);
SELECT is(radioshop.is_within(value, direction, low, high), wanted, format('%s %s', value, radioshop.limit_text(direction, low, high, 'Hz'))) FROM (VALUES
  (696::numeric, 'max_abs', NULL::numeric, 696::numeric, true), (-696, 'max_abs', NULL, 696, true), (696.0001, 'max_abs', NULL, 696, false), (-697, 'max_abs', NULL, 696, false),
  (1, 'range', 1, 3, true), (3, 'range', 1, 3, true), (0.999, 'range', 1, 3, false), (3.001, 'range', 1, 3, false), (60, 'minimum', 60, NULL, true), (59.9, 'minimum', 60, NULL, false),
  (5, 'maximum', NULL, 5, true), (5.1, 'maximum', NULL, 5, false), (-9, 'maximum', NULL, 5, true)) v (value, direction, low, high, wanted);

-- Which one applies, of the figures to begin with
CREATE FUNCTION pg_temp.applies(test text, family text, band text, mode text, mhz numeric DEFAULT NULL, kind text DEFAULT 'maker', quantity text DEFAULT 'frequency') RETURNS text
LANGUAGE sql AS $$ SELECT radioshop.limit_text(l.direction, l.low, l.high, l.unit) FROM radioshop.limit_for(test, kind, family, band, mode, '2026-11-01', quantity, mhz) l $$;
SELECT is(pg_temp.applies(test, family, band, mode, mhz, kind, quantity), wanted, why) FROM (VALUES
  ('tx_freq_error', 'APX 6000', '7/800', 'p25', NULL::numeric, 'maker', 'frequency', '±696 Hz', 'the family goes before the mode'),
  ('tx_freq_error', 'apx 6000', 'vhf', 'p25', NULL, 'maker', 'frequency', '±140 Hz', 'whatever the capitals'),
  ('tx_freq_error', 'APX 6000', '', 'p25', NULL, 'maker', 'frequency', '±1 kHz', 'without a band the general one'),
  ('tx_freq_error', 'APX 9', '7/800', 'p25', NULL, 'maker', 'frequency', '±1 kHz', 'an unknown family has the general one'),
  ('tx_freq_error', 'APX 9', '7/800', 'analog', NULL, 'maker', 'frequency', NULL, 'and that only in its mode'),
  ('tx_freq_error', 'APX 7000', 'UHF 2', '', NULL, 'maker', 'frequency', '±2 ppm', 'UHF is UHF 1 and 2; ppm limits readings in Hz'),
  ('tx_freq_error', 'APX 7000', 'UHFX', '', NULL, 'maker', 'frequency', NULL, 'but not another word'),
  ('tx_power', 'APX 6000', '7/800', '', NULL, 'maker', 'power', '1 to 3 W', 'without a frequency the figure for the band'),
  ('tx_power', 'APX 6000', '7/800', '', 770, 'maker', 'power', '1 to 2.7 W', 'with one the figure for it'),
  ('tx_power', 'APX 6000', '7/800', '', 806, 'maker', 'power', '1 to 3 W', 'the upper end is not within'),
  ('tx_power', 'APX 6000', '7/800', '', NULL, 'maker', 'voltage', NULL, 'another quantity has no limit'),
  ('tx_freq_error', 'APX 6000', '7/800', '', 851.5, 'legal', 'frequency', '±1.5 ppm', 'the legal floor goes by the frequency'),
  ('tx_freq_error', 'APX 6000', '7/800', '', 856, 'legal', 'frequency', '±2.5 ppm', 'and there is more than one'),
  ('tx_freq_error', 'APX 6000', '7/800', '', 769, 'legal', 'frequency', NULL, 'where none is known there is none'),
  ('rx_sensitivity', 'APX 6000', '7/800', 'p25', NULL, 'maker', 'power', 'at most -116 dBm', 'a reading in dBm has its own figure'),
  ('rx_sensitivity', 'APX 6000', '7/800', 'p25', NULL, 'maker', 'voltage', 'at most 0.35 µV', 'and one in microvolts')
) v (test, family, band, mode, mhz, kind, quantity, wanted, why);

-- Setting
INSERT INTO radioshop.agency (agency_id, code, name) VALUES (901, 'IND', 'Independence');
INSERT INTO radioshop.principal (name, display_name) VALUES ('root', 'Root'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, 'admin', CASE p.name WHEN 'root' THEN 0 ELSE 901 END FROM radioshop.principal p;
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('root', '{admin}', 'LimitService.SetLimit', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.said(rows jsonb) RETURNS text LANGUAGE sql AS $$ SELECT coalesce(translate(rows ->> 'refusal', chr(31), '|'), rows ->> 'text' || ' v' || (rows ->> 'version')) $$;
CREATE FUNCTION pg_temp.set(more jsonb) RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.said(r) FROM pg_temp.set_limit(jsonb_build_object('limit',
  '{"test": "tx_freq_error", "family": "APX 6000", "band": "7/800", "direction": "max_abs", "unit": "Hz", "source": "the shop"}'::jsonb || more)) r $$;
SELECT is(pg_temp.set(more), wanted, why) FROM (VALUES
  ('{"high": 600, "version": 1, "valid_from": "2026-06-01"}'::jsonb, '±600 Hz v2', 'a new version is made'),
  ('{"high": 500, "version": 1}', 'ABORTED|version|this limit is at version 2 now; look at it, and give 2 as the version you have read', 'only by who knows the one before'),
  ('{"high": 500}', 'ABORTED|version|this limit is at version 2 now; look at it, and give 2 as the version you have read', 'nor by who knows none'),
  ('{"high": 0.4, "unit": "khz", "version": 2, "valid_from": "2026-12-01"}', '±0.4 kHz v3', 'in another unit of the same quantity it is the same limit'),
  ('{"high": 1, "unit": "ppm", "version": 3}', 'ABORTED|version|there is no such limit yet; leave the version out', 'of another quantity it is another limit'),
  ('{"high": 1, "test": ""}', 'INVALID_ARGUMENT|test|name the test that is limited, such as tx_freq_error', 'a test is needed'),
  ('{"high": 1, "direction": null}', 'INVALID_ARGUMENT|direction|say what kind of limit it is: minimum, maximum, range or max_abs (the greatest absolute value)', 'so is a direction'),
  ('{"high": "NaN"}', 'INVALID_ARGUMENT|high|a limit is a number', 'NaN is no limit')) v (more, wanted, why);
SELECT throws_ok(format('SELECT pg_temp.set(%L)', more), '23514', format('new row for relation "reading_limit" violates check constraint "reading_limit_%s"', rule), rule || ': ' || why) FROM (VALUES
  ('{"test": "New", "high": 1}', 'test_form', 'capitals'), ('{"mode": "P 25", "high": 1}', 'mode_form', 'a blank'), ('{"test": "n", "low": 1, "high": 1}', 'low_fits', 'a lower end too many'),
  ('{"test": "n"}', 'high_fits', 'an upper end missing'), ('{"test": "n", "direction": "minimum", "low": 1, "high": 2}', 'high_fits', 'an upper end too many'), ('{"test": "n", "direction": "range", "low": 3, "high": 2}', 'range_fits', 'upside down'),
  ('{"test": "n", "high": -1}', 'max_abs_fits', 'below zero'), ('{"test": "n", "high": "Infinity"}', 'high_fits', 'infinity'), ('{"test": "n", "high": 1, "unit": ""}', 'unit_form', 'no unit'),
  ('{"test": "n", "high": 1, "source": " "}', 'source_form', 'no source'), ('{"test": "n", "high": 1, "from_mhz": 3}', 'mhz_range', 'one end of the frequencies'), ('{"test": "n", "high": 1, "valid_from": "1969-12-31"}', 'valid_from_range', 'before 1970')) v (more, rule, why);

-- The version of the day
SELECT is((SELECT radioshop.limit_text(l.direction, l.low, l.high, l.unit) FROM radioshop.limit_for('tx_freq_error', 'maker', 'APX 6000', '7/800', '', day, 'frequency', NULL) l), wanted, day || ': ' || wanted)
  FROM (VALUES ('2026-05-31'::date, '±696 Hz'), ('2026-06-01', '±600 Hz'), ('2026-11-30', '±600 Hz'), ('2026-12-01', '±0.4 kHz')) v (day, wanted);
SELECT is(pg_temp.set('{"high": 0.4, "unit": "kHz", "version": 3, "valid_from": "2027-01-01", "withdrawn": true}'), '±0.4 kHz v4', 'a limit is taken away by a version');
SELECT is_empty($$SELECT l.limit_id FROM radioshop.limit_for('tx_freq_error', 'maker', 'APX 6000', '7/800', '', '2027-01-01', 'frequency', NULL) l$$, 'from then on there is none');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.resource = 'limit' AND e.principal = 'root'), 3::bigint, 'each version is an event');

-- Listing
SELECT is((SELECT array_agg(l ->> 'version' ORDER BY n) FROM pg_temp.list_limits('{"test": "tx_freq_error", "family": "apx 6000", "history": true}') WITH ORDINALITY x (l, n)
  WHERE l ->> 'band' = '7/800'), '{4,3,2,1}', 'all versions, the newest first');
SELECT is((SELECT array_agg(l ->> 'version') FROM pg_temp.list_limits('{"test": "tx_freq_error", "family": "apx 6000"}') l WHERE l ->> 'band' = '7/800'), '{4}', 'or just the newest');
SELECT is((SELECT count(*) FROM pg_temp.list_limits('{"family": "APX 7000"}') l WHERE l ->> 'family' = 'APX 5000'), 0::bigint, 'of a family not those of another');

-- Never changed, and set by the shop alone
SELECT throws_ok($$UPDATE radioshop.reading_limit SET high = 1$$, '42501', NULL, 'a version cannot be changed');
SELECT throws_ok($$DELETE FROM radioshop.reading_limit$$, '42501', NULL, 'nor deleted');
SELECT radioshop.enter('mona', '{admin}', 'LimitService.SetLimit', 'c2', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.set('{"high": 1, "test": "mine"}'), 'PERMISSION_DENIED||only an administrator of the shop sets limits', 'a city''s administrator sets none');
SELECT throws_ok($$INSERT INTO radioshop.reading_limit (test, version, direction, high, unit, source, valid_from) VALUES ('mine', 1, 'max_abs', 1, 'Hz', 'x', '2026-01-01')$$, '42501', NULL, 'nor by hand');

SELECT * FROM finish();
ROLLBACK;
