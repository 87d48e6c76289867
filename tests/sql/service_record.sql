-- Services: recording through the function, refusals, readings, append-only, tenancy.
\set calls `python3 tests/sql/statements.py create_service_record list_service_records`
BEGIN;
SELECT no_plan();
:calls

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES
  (901, 'IND', 'Independence', 'America/Chicago'), (902, 'LSM', 'Lee''s Summit', 'America/Chicago'), (903, 'KIR', 'Kiritimati', 'Pacific/Kiritimati');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tess', 'Tess'), ('lee', 'Lee');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'technician', g FROM radioshop.principal p, unnest('{901,902,903}'::int[]) g
    WHERE p.name = 'tess' AND g <> 902 OR p.name = 'lee' AND g = 902;
INSERT INTO radioshop.asset (agency_id, tag, class, status) VALUES (901, 'P1', 'portable', 'in_service'), (901, 'M1', 'mobile', 'in_service'),
  (901, 'OLD', 'portable', 'retired'), (901, 'LOST', 'portable', 'missing'), (901, 'B1', 'battery', 'spare'), (902, 'L1', 'portable', 'in_service'),
  (903, 'K1', 'portable', 'in_service');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tess', '{technician}', 'ServiceRecordService.CreateServiceRecord', 'c1', 60000, 5000, NULL, NULL);
SELECT s.refusal FROM radioshop.create_plan('IND', 'PM12', 'Yearly', '', 12, 'months', NULL, '2026-03-31', 7, 0, 'portable', '', false) s;
SELECT s.refusal FROM radioshop.create_plan('IND', 'BAT', 'Battery', '', 6, 'months', 'completed', '2026-03-31', 7, 0, 'battery', '', false) s;
SELECT s.refusal FROM radioshop.create_plan('IND', 'ANY', 'Everything', '', 30, 'days', NULL, '2026-03-31', 7, 0, 'portable', '', true) s;
SELECT s.refusal FROM radioshop.create_plan('KIR', 'PM12', 'Yearly', '', 12, 'months', 'completed', '2026-03-31', 7, 0, NULL, '', false) s;
CREATE FUNCTION pg_temp.record(asset text, plan text, result text, done_on date, names text[] DEFAULT '{}', amounts float8[] DEFAULT '{}', units text[] DEFAULT '{}',
    notes text DEFAULT '') RETURNS radioshop.service_shown LANGUAGE sql AS $$
  SELECT s.* FROM radioshop.record_service(asset, plan, result, done_on, names, amounts, units, notes) s
$$;

-- Recording
PREPARE recorded AS SELECT s.refusal, s.agency, s.tag, s.plan, s.done_on, s.result, s.readings, s.notes, s.recorded_by, s.next_due_on
  FROM pg_temp.record('p1', '', 'passed', '2026-03-20', '{TX frequency error, TX power }', '{-112.5,4.9}', '{Hz,W}', E' fine\n') s;
SELECT results_eq('recorded', $$VALUES (NULL::text, 'IND', 'P1', 'PM12', '2026-03-20'::date, 'passed',
    '[{"name": "TX frequency error", "unit": "Hz", "value": -112.5}, {"name": "TX power", "unit": "W", "value": 4.9}]'::jsonb, 'fine', 'tess', '2027-03-31'::date)$$,
  'a service is recorded under the only plan that applies, with its readings, and moves the date');
SELECT is((pg_temp.record('P1', 'pm12', 'failed', '2026-03-25')).next_due_on, '2027-03-31', 'a failed one moves nothing');
SELECT is((pg_temp.record('P1', 'pm12', 'adjusted', '2025-03-02')).next_due_on, '2027-03-31', 'a backdated one is folded in');
SELECT is((pg_temp.record('B1', '', 'passed', '2026-05-01')).next_due_on, '2026-11-01', 'a plan counted from completion');
SELECT is((pg_temp.record('P1', 'ANY', 'passed', '2026-05-01')).next_due_on, NULL, 'under a stopped plan it is kept, and nothing is due');
SELECT is((pg_temp.record('LOST', 'PM12', 'passed', '2026-05-01')).next_due_on, NULL, 'a missing asset can be serviced, and nothing is due');
SELECT is((pg_temp.record('K1', '', 'passed', NULL)).done_on, radioshop.today('Pacific/Kiritimati'), 'without a day it is today at the agency');
SELECT is((pg_temp.record('P1', 'PM12', 'passed', radioshop.today('America/Chicago'))).refusal, NULL, 'today is not the future');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.resource = 'service' AND e.principal = 'tess'), 8::bigint, 'each record is an event');

-- Refusals: asset, plan, result, done_on, and what is said
SELECT is((pg_temp.record(asset, plan, result, done_on)).refusal, radioshop.refuse(status, field, sentence), sentence) FROM (VALUES
  ('NONE', '', 'passed', NULL::date, 'NOT_FOUND', 'asset', 'no asset has the code NONE'),
  ('', '', 'passed', NULL, 'INVALID_ARGUMENT', 'asset', 'give the UUID of an asset, or any code on it'),
  ('L1', '', 'passed', NULL, 'NOT_FOUND', 'asset', 'no asset has the code L1'),
  ('OLD', 'PM12', 'passed', NULL, 'FAILED_PRECONDITION', 'asset', 'asset IND:OLD is retired; nothing is serviced on it'),
  ('P1', 'NONE', 'passed', NULL, 'NOT_FOUND', 'plan', 'the asset''s agency has no plan NONE'),
  ('P1', 'BAT', 'passed', NULL, 'FAILED_PRECONDITION', 'plan', 'plan BAT does not apply to this class or model'),
  ('M1', '', 'passed', NULL, 'FAILED_PRECONDITION', 'plan', 'no plan applies to the asset'),
  ('P1', 'PM12', NULL, NULL, 'INVALID_ARGUMENT', 'result', 'say how the service ended: passed, adjusted or failed')
) v (asset, plan, result, done_on, status, field, sentence);
SELECT alike((pg_temp.record('P1', 'PM12', 'passed', radioshop.today('America/Chicago') + 1)).refusal, '%done_on%is in the future%', 'the future is refused');
SELECT is((pg_temp.record('P1', 'PM12', 'passed', NULL, array_fill('x'::text, '{51}'), array_fill(1::float8, '{51}'), array_fill(''::text, '{51}'))).refusal,
  radioshop.refuse('INVALID_ARGUMENT', 'readings', 'a service has at most 50 readings, not 51'), '51 readings are refused');
SELECT is((pg_temp.record('P1', 'PM12', 'passed', NULL, array_fill('x'::text, '{50}'), array_fill(1::float8, '{50}'), array_fill(''::text, '{50}'))).refusal, NULL,
  '50 are not');
SELECT throws_ok(format($$SELECT pg_temp.record('P1', 'PM12', 'passed', NULL, %L, %L, '{W}', '')$$, names, amounts), '23514', NULL, why) FROM (VALUES
  ('{""}'::text[], '{1}'::float8[], 'a reading needs a name'), ('{x}', '{NaN}', 'NaN is no reading'), ('{x}', '{Infinity}', 'nor is infinity')) v (names, amounts, why);
SELECT throws_ok($$SELECT pg_temp.record('P1', 'PM12', 'passed', '1969-12-31')$$, '23514', NULL, 'before 1970 nothing was done');
UPDATE radioshop.plan SET stopped = false WHERE code = 'ANY';
SELECT is((pg_temp.record('P1', '', 'passed', NULL)).refusal,
  radioshop.refuse('INVALID_ARGUMENT', 'plan', 'say which plan; these apply to the asset: ANY, PM12'), 'with two plans one must be named');
SELECT is((SELECT s.next_due FROM radioshop.schedule s JOIN radioshop.asset a USING (asset_id) JOIN radioshop.plan p ON p.plan_id = s.plan_id
    WHERE a.tag = 'P1' AND p.code = 'ANY'), '2026-05-30', 'what was recorded while the plan stood still counts');

-- Only growing
SELECT throws_ok($$UPDATE radioshop.service_record SET done_on = '2026-01-01'$$, '42501', NULL, 'a record cannot be changed');
SELECT throws_ok($$DELETE FROM radioshop.service_record$$, '42501', NULL, 'nor deleted');
SELECT throws_ok($$UPDATE radioshop.service_reading SET value = 1$$, '42501', NULL, 'nor a reading');

-- The statements
SELECT is((SELECT l -> 'readings' FROM pg_temp.create_service_record('{"asset": "B1", "plan": "BAT", "result": "adjusted", "done_on": "2026-05-20",
  "readings": [{"name": "capacity", "value": 81.5, "unit": "%"}]}') l), '[{"name": "capacity", "unit": "%", "value": 81.5}]', 'readings come as columns');
SELECT is((SELECT string_agg((l ->> 'done_on') || ' ' || (l ->> 'result') || ' ' || (l ->> 'next_due_on'), ', ') FROM pg_temp.list_service_records('{"asset": "B1"}') l),
  '2026-05-20 adjusted 2026-11-20, 2026-05-01 passed 2026-11-20', 'the services of an asset, newest first, with what is due now');
SELECT is((SELECT count(*) FROM pg_temp.list_service_records('{"agency": "IND"}')), (SELECT count(*) FROM radioshop.service_record r WHERE r.agency_id = 901), 'the services of an agency');
SELECT is((SELECT array_agg(l ->> 'done_on' ORDER BY n) FROM pg_temp.list_service_records('{}') WITH ORDINALITY x (l, n)),
  (SELECT array_agg(r.done_on::text ORDER BY r.done_on DESC, r.record_id DESC) FROM radioshop.service_record r), 'all of them, newest first');
SELECT is((SELECT l2 ->> 'id' FROM (SELECT l FROM pg_temp.list_service_records('{"page_limit": 1}') l) x CROSS JOIN LATERAL
    pg_temp.list_service_records(jsonb_build_object('page_limit', 1, 'page_key', l -> 'page_key')) l2),
  (SELECT r.record_id::text FROM radioshop.service_record r ORDER BY r.done_on DESC, r.record_id DESC OFFSET 1 LIMIT 1), 'page by page');
SELECT is((SELECT l ->> 'refusal' FROM pg_temp.list_service_records('{"asset": "L1"}') l), radioshop.refuse('NOT_FOUND', 'asset', 'no asset has the code L1'), 'not another agency''s');

-- Tenancy
SELECT radioshop.enter('lee', '{technician}', 'ServiceRecordService.ListServiceRecords', 'c2', 60000, 5000, NULL, NULL);
SELECT is_empty($$SELECT r.record_id FROM radioshop.service_record r$$, 'another agency sees no record');
SELECT is_empty($$SELECT r.record_id FROM radioshop.service_reading r$$, 'and no reading');
SELECT throws_ok($$INSERT INTO radioshop.service_record (agency_id, asset_id, plan_id, done_on, result)
  VALUES (901, radioshop.uuid_v7(), radioshop.uuid_v7(), '2026-01-01', 'passed')$$, '42501', NULL, 'and writes none');
SELECT throws_ok($$INSERT INTO radioshop.service_reading (agency_id, record_id, position, name, value, unit)
  VALUES (901, radioshop.uuid_v7(), 1, 'x', 1, '')$$, '42501', NULL, 'nor a reading of it');

SELECT * FROM finish();
ROLLBACK;
