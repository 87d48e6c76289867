-- Trends: what begins a series, which limit counts, and what must never hinder the record of a service.
BEGIN;
SELECT no_plan();

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('root', 'Root'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, 'admin', CASE p.name WHEN 'root' THEN 0 ELSE 902 END FROM radioshop.principal p;
SELECT set_config('radioshop.agencies', '{0,901,902}', true);
INSERT INTO radioshop.asset (agency_id, tag, class) SELECT v.agency, 'P' || i, 'portable' FROM (VALUES (901), (902)) v (agency), generate_series(1, 9) i;
INSERT INTO radioshop.procedure (code, name, post_repair) VALUES ('CHECK', 'Check', false), ('REPAIR', 'After a repair', true);
INSERT INTO radioshop.procedure_step (procedure_id, version, position, step, kind, may_skip, test, unit)
  SELECT p.procedure_id, 1, i, s.step, 'reading', true, s.test, s.unit FROM radioshop.procedure p,
    (VALUES (1, 'freq', 'freq', 'Hz'), (2, 'freq_left', 'freq', 'Hz'), (3, 'power', 'power', 'W'), (4, 'level', 'level', 'dBm'), (5, 'weak', 'weak', 'dBm')) s (i, step, test, unit);
INSERT INTO radioshop.reading_limit (test, kind, version, direction, low, high, unit, source, valid_from) VALUES
  ('freq', 'maker', 1, 'max_abs', NULL, 100, 'Hz', 'x', '1970-01-01'), ('freq', 'legal', 1, 'max_abs', NULL, 0.1, 'ppm', 'x', '1970-01-01'),
  ('weak', 'maker', 1, 'minimum', -100, NULL, 'dBm', 'x', '1970-01-01');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('root', '{admin}', 'ServiceRecordService.CreateServiceRecord', 'c1', 60000, 5000, NULL, NULL);

-- A service of one radio with the readings 'step value unit mhz', or why there is none.
CREATE FUNCTION pg_temp.served(tag text, done_on date, readings text, result text DEFAULT NULL, procedure text DEFAULT 'CHECK') RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(s.refusal, s.result) FROM (SELECT array_agg(split_part(r, ' ', 1)) AS names, array_agg(split_part(r, ' ', 2)::float8) AS "values",
      array_agg(split_part(r, ' ', 3)) AS units, array_agg(nullif(split_part(r, ' ', 4), '')::float8) AS mhz FROM unnest(string_to_array(readings, ',')) r) x,
    radioshop.record_service('IND:' || tag, '', result, done_on, x.names, x."values", x.units, '', x.mhz, '{}', '{}', '{}', '', false, procedure, 0) s $$;
CREATE FUNCTION pg_temp.heads(tag text, test text DEFAULT 'freq') RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', t.readings, t.first_on, t.last_value, t.unit, round(t.slope::numeric, 6), coalesce(t.leaves_on::text, 'never')) FROM radioshop.trend t
    JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id WHERE a.agency_id = 901 AND a.tag = heads.tag AND t.test = heads.test $$;

-- The day: inside the limit on it is inside, and the day after is the first outside.
SELECT is(pg_temp.served('P1', '2026-01-01', 'freq 10 Hz'), 'passed', 'a service');
SELECT is(pg_temp.heads('P1'), '1 2026-01-01 10 Hz never', 'one reading is no line');
SELECT is(pg_temp.served('P1', '2026-01-01', 'freq 10 Hz'), 'passed', 'another one on that day');
SELECT is(pg_temp.served('P1', '2026-01-11', 'freq 0.02 kHz'), 'passed', 'in another unit');
SELECT is(pg_temp.heads('P1'), '3 2026-01-01 20 Hz never', 'three readings of two days are none either');
SELECT is(pg_temp.served('P1', '2026-01-21', 'freq 30 Hz'), 'passed', 'the third day');
SELECT is(pg_temp.heads('P1'), '4 2026-01-01 30 Hz 1.000000 2026-04-02', '100 Hz are reached on 1 April, and left on the day after');
SELECT is((SELECT f.leaves_on FROM radioshop.fit_line('{2026-01-01,2026-01-11,2026-01-21}', '{10,20,30}', d, -100, 99.5) f), day::date, d) FROM (VALUES
  ('maximum', '2026-04-01'), ('range', '2026-04-01'), ('max_abs', '2026-04-01'), ('minimum', NULL), (NULL, NULL)) v (d, day);
SELECT is((SELECT f.leaves_on FROM radioshop.fit_line('{2026-01-01,2026-01-11,2026-01-21}', '{-10,-20,-30}', d, -100, 99.5) f), day::date, 'falling: ' || d) FROM (VALUES
  ('maximum', NULL), ('range', '2026-04-02'), ('max_abs', '2026-04-01'), ('minimum', '2026-04-02')) v (d, day);
SELECT is((SELECT f.leaves_on FROM radioshop.fit_line('{2026-01-01,2026-01-11,2026-01-21}', "values"::numeric[], 'maximum', NULL, high) f), day::date, why) FROM (VALUES
  ('{10,20,30}', 5, '2026-01-21'::date, 'a line that is outside already leaves on the day of its last reading'), ('{0.1,0.1,0.1}', 0.1, NULL, 'a level line at its limit stays there'),
  ('{1e14,1.1e14,1.2e14}', -1e15, '2026-01-21', 'and one that was never inside'), ('{1000000000010,1000000000020,1000000000030}', 100, '2026-01-21', 'however long it has been'),
  ('{10,20,30}', 36509.9, '2125-12-08', 'a hundred years are the most'), ('{10,20,30}', 36510, NULL, 'and no day more'),
  ('{10,22.9,30}', 100, NULL, 'an R squared of 0.973 from three readings may be chance'), ('{10,22.6,30}', 100, '2026-04-01', 'one of 0.978 is none')) v ("values", high, day, why);

-- What begins a series
SELECT is(pg_temp.served('P2', '2026-01-01', 'freq 90 Hz'), 'passed', 'before');
SELECT is(pg_temp.served('P2', '2026-02-01', 'freq 95 Hz'), 'passed', 'as it was found');
SELECT is(pg_temp.served('P2', '2026-02-01', 'freq 97 Hz,freq_left 1 Hz', 'adjusted'), 'adjusted', 'and left, on the same day');
SELECT is(pg_temp.heads('P2'), '1 2026-02-01 1 Hz never', 'the last reading of the service that adjusted it is the first');
SELECT is(pg_temp.served('P2', '2026-01-15', 'freq 92 Hz'), 'passed', 'paper that comes late');
SELECT is(pg_temp.heads('P2'), '1 2026-02-01 1 Hz never', 'is before');
SELECT is(pg_temp.served('P2', '2026-03-01', 'power 5 W', 'adjusted'), 'adjusted', 'another test');
SELECT is(pg_temp.served('P2', '2026-03-01', 'freq 2 Hz'), 'passed', 'says nothing of this one');
SELECT is(pg_temp.heads('P2'), '2 2026-02-01 2 Hz never', 'which goes on');
SELECT is(pg_temp.served('P2', '2026-04-01', 'freq 50 Hz', NULL, 'REPAIR'), 'passed', 'after a repair');
SELECT is(pg_temp.heads('P2'), '1 2026-04-01 50 Hz never', 'it is another radio');

-- Which limit counts: that of the last reading, and the legal one where it is left before (0.1 ppm are 80 Hz at 800 MHz).
SELECT is(pg_temp.served('P3', '2026-01-01'::date + 10 * i, format('freq %s Hz 800', 10 + 10 * i)), 'passed', 'near the floor') FROM generate_series(0, 2) i;
SELECT is(pg_temp.heads('P3'), '3 2026-01-01 0.0375 ppm 0.001250 2026-03-13', 'the legal floor is left before the maker''s limit');
SELECT is(pg_temp.served('P3', '2026-01-31', 'freq 40 Hz'), 'passed', 'a reading without its frequency has no floor');
SELECT is(pg_temp.heads('P3'), '4 2026-01-01 40 Hz 1.000000 2026-04-02', 'and the maker''s limit counts');

-- What must never hinder a record: powers that no number holds, numbers near nothing, and nothing at all in dBm.
SELECT is(pg_temp.served('P4', '2026-01-01'::date + i, format('level %s', v)), 'passed', 'a power of ' || v) FROM (VALUES (0, '1e6 dBm'), (1, '-1e15 dBm'), (2, '400 dBm'), (3, '30 dBm'),
  (4, '2 W'), (5, '0 W'), (6, '5e-324 W'), (7, '1e15 W'), (8, '1e-320 mW'), (9, '1e-320 kW')) v (i, v);
SELECT is(pg_temp.heads('P4', 'level'), '7 2026-01-04 0 kW ' || round(t.slope::numeric, 6) || ' never', 'what does not convert is left out') FROM radioshop.trend t WHERE t.test = 'level';
SELECT is(pg_temp.served('P4', '2026-02-01', 'level 0 W', 'adjusted'), 'adjusted', 'no power');
SELECT is(pg_temp.served('P4', '2026-02-02', 'level 30 dBm'), 'passed', 'and now in dBm');
SELECT is(pg_temp.heads('P4', 'level'), '1 2026-02-02 30 dBm never', 'begins the series with the first that converts');
SELECT is(pg_temp.served('P4', '2026-02-03', 'level 1e6 dBm', 'adjusted'), 'adjusted', 'too much power');
SELECT is(pg_temp.served('P4', '2026-02-04', 'level 1 W'), 'passed', 'and now in W');
SELECT is(pg_temp.heads('P4', 'level'), '1 2026-02-04 1 W never', 'and none is left of what was before');

SELECT is(pg_temp.served('P5', '2026-01-01'::date + i, 'weak -90 dBm'), 'passed', 'a signal') FROM generate_series(0, 2) i;
SELECT is(pg_temp.heads('P5', 'weak'), '3 2026-01-01 -90 dBm 0.000000 never', 'that stays');
SELECT is(pg_temp.served('P5', '2026-02-01', 'weak 0 W', NULL, 'REPAIR'), 'failed', 'none after the repair');
SELECT is(pg_temp.heads('P5', 'weak'), NULL, 'has no trend, not the old one');
SELECT is((SELECT s.refusal FROM radioshop.create_plan('IND', 'PM12', 'Yearly', '', 12, 'months', NULL, '2026-03-31', 7, 0, 'portable', '', false) s), NULL, 'a plan without a procedure');
SELECT is((SELECT coalesce(s.refusal, s.result) FROM radioshop.record_service('IND:P1', 'PM12', 'adjusted', '2026-02-01', '{freq}', '{99}', '{Hz}', '') s), 'adjusted', 'readings that nobody judges');
SELECT is(pg_temp.served('P1', '2026-02-10', 'freq 50 Hz'), 'passed', 'and one that is judged');
SELECT is(pg_temp.heads('P1'), '5 2026-01-01 50 Hz 1.000000 2026-04-02', 'are apart');

-- Whose they are
SELECT is((SELECT count(*)::int FROM radioshop.trend), (SELECT count(*)::int FROM radioshop.asset a CROSS JOIN LATERAL radioshop.trends_of(a.agency_id, a.asset_id)), 'the table is what trends_of() says');
SELECT cmp_ok((SELECT count(*) FROM radioshop.trend), '>', 4::bigint, 'and not nothing');
SELECT radioshop.enter('mona', '{admin}', 'TrendService.ListEarlyCalls', 'c2', 60000, 5000, NULL, NULL);
SELECT is_empty($$SELECT test FROM radioshop.trend$$, 'another agency sees none');
SELECT is_empty($$SELECT t.test FROM (SELECT a.asset_id FROM radioshop.asset a) a CROSS JOIN LATERAL radioshop.trends_of(901, a.asset_id) t$$, 'nor can it reckon them');
SELECT throws_ok($$INSERT INTO radioshop.trend (agency_id, asset_id, test, band, mode, readings, first_on, last_on, last_value, unit)
  VALUES (901, radioshop.uuid_v7(), 'x', '', '', 1, '2026-01-01', '2026-01-01', 1, 'W')$$, '42501', NULL, 'nor add one');

SELECT * FROM finish();
ROLLBACK;
