-- Results of analysers: what is read, matched, recorded, left alone and refused, run by run. Each line of a table is a rule and the
-- input that breaks it.
\set calls `python3 tests/sql/statements.py create_procedure attach_procedure create_analyser create_service_record import_results list_service_records move_ticket`
BEGIN;
SELECT no_plan();
:calls

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('root', 'Root'), ('tech', 'Tech'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, CASE p.name WHEN 'root' THEN 'admin' ELSE 'technician' END,
  CASE p.name WHEN 'root' THEN 0 WHEN 'tech' THEN 901 ELSE 902 END FROM radioshop.principal p;
SELECT set_config('radioshop.agencies', '{0,901,902}', true);
INSERT INTO radioshop.model (number, manufacturer, family, band, class) VALUES ('H98', 'Motorola', 'APX 6000', '7/800', 'portable');
INSERT INTO radioshop.asset (agency_id, tag, serial, class, model_id, status) SELECT v.agency, v.tag, v.serial, v.class, CASE v.class WHEN 'portable' THEN m.model_id END, v.status
  FROM radioshop.model m, (VALUES (901, 'P1', '426CRP0001', 'portable', 'in_service'), (901, 'P2', '426CRP0002', 'portable', 'in_service'), (901, 'P3', '426CRP0003', 'portable', 'retired'),
    (901, 'M1', '426CRM0001', 'mobile', 'in_service'), (901, 'T1', 'TWIN', 'portable', 'in_service'), (902, 'T2', 'TWIN', 'portable', 'in_service'), (902, 'L1', 'LSONE', 'portable', 'in_service')) v (agency, tag, serial, class, status);
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('root', '{admin}', 'ProcedureService.CreateProcedure', 'c1', 60000, 5000, NULL, NULL);
SELECT coalesce(r ->> 'refusal', 'made') FROM pg_temp.create_procedure('{"procedure": {"code": "APX-PM", "name": "Yearly"}, "steps": [
  {"step": "housing", "kind": "check", "may_skip": true}, {"step": "tx_freq_error", "kind": "reading", "unit": "Hz", "title": "TX Frequency Error", "mode": "p25"}, {"step": "power", "kind": "reading", "unit": "W", "test": "tx_power", "may_skip": true},
  {"step": "knobs", "kind": "choice", "passing": "good|worn", "failing": "missing", "may_skip": true}, {"step": "drain", "kind": "reading", "unit": "mA", "may_skip": true},
  {"step": "a_high", "kind": "reading", "unit": "kHz", "test": "deviation", "may_skip": true}, {"step": "a_low", "kind": "reading", "unit": "kHz", "test": "deviation", "may_skip": true}]}') r;
SELECT coalesce(r ->> 'refusal', 'made') FROM pg_temp.create_procedure('{"procedure": {"code": "APX-POST", "name": "After a repair", "post_repair": true, "family": "APX 6000"}, "steps": [{"step": "tx_freq_error", "kind": "reading", "unit": "Hz", "mode": "p25"}]}') r;
SELECT coalesce(r ->> 'refusal', 'made') FROM pg_temp.create_analyser('{"analyser": {"serial": "R8-1", "manufacturer": "Freedom", "model": "R8000", "calibrated_on": "2020-01-01", "calibration_due_on": "2199-12-31"}}') r;
SELECT coalesce(r ->> 'refusal', 'made') FROM pg_temp.create_analyser('{"analyser": {"serial": "R8-OLD", "manufacturer": "Freedom", "model": "R8000", "retired": true}}') r;
SELECT s.refusal FROM radioshop.create_plan('IND', 'PM12', 'Yearly', '', 12, 'months', NULL, '2026-03-31', 7, 0, 'portable', '', false) s;
SELECT s.refusal FROM radioshop.create_plan('IND', 'MOB', 'Mobiles', '', 12, 'months', NULL, '2026-03-31', 7, 0, 'mobile', '', false) s;
SELECT s.refusal FROM radioshop.create_plan('LSM', 'PM12', 'Yearly', '', 12, 'months', NULL, '2026-03-31', 7, 0, 'portable', '', false) s;
SELECT coalesce(r ->> 'refusal', 'done') FROM pg_temp.attach_procedure('{"agency": "IND", "plan": "PM12", "revision": 1, "procedure": "APX-PM"}') r;
SELECT coalesce(r ->> 'refusal', 'done') FROM pg_temp.attach_procedure('{"agency": "LSM", "plan": "PM12", "revision": 1, "procedure": "APX-PM"}') r;

-- Cells
SELECT is(radioshop.read_clock(v), t::timestamp, coalesce(nullif(v, ''), 'nothing') || ' read as a time') FROM (VALUES ('2026-01-31 14:32:05', '2026-01-31 14:32'), ('2026-01-31T14:32', '2026-01-31 14:32'),
  ('2026-01-31T14:32:05.123', '2026-01-31 14:32'), ('1/31/2026 2:32 PM', '2026-01-31 14:32'), ('1/31/2026, 12:05:09 a.m.', '2026-01-31 00:05'), ('1/31/2026 12:05pm', '2026-01-31 12:05'), ('2026-01-31', NULL), ('2026-01-31 24:00', NULL),
  ('2026-01-31 14:60', NULL), ('2026-01-31 14:32Z', NULL), ('2026-01-31 14:32+02', NULL), ('1/31/2026 13:00 PM', NULL), ('1/31/2026 0:10 AM', NULL), ('31/1/2026 14:32', NULL), ('2026-02-30 10:00', NULL),
  ('2026-01-31 14:32:61', NULL), ('now', NULL), ('', NULL), (NULL, NULL)) x (v, t);
SELECT is(radioshop.read_figure(v), n, coalesce(nullif(v, ''), 'nothing') || ' read as a number') FROM (VALUES ('120', 120::numeric), ('-120.50', -120.5), ('+.5', 0.5), ('1.2e-3', 0.0012), ('1E15', 1e15), ('1e16', NULL), ('-1e15', -1e15), ('NaN', NULL),
  ('inf', NULL), ('-Infinity', NULL), ('1,5', NULL), ('1,234', NULL), ('4.1 W', NULL), ('0x10', NULL), ('1e999', NULL), ('.', NULL), ('', NULL), (repeat('1', 41), NULL), (NULL, NULL)) x (v, n);
SELECT is(radioshop.own_limit_text(low, high, 'Hz'), words, words) FROM (VALUES (-100, 100, '-100 to 100 Hz'), (NULL, 5, 'at most 5 Hz'), (1, NULL, 'at least 1 Hz'), (NULL, NULL, '')) x (low, high, words);

SELECT radioshop.enter('tech', '{technician}', 'ServiceRecordService.ImportResults', 'c1', 60000, 5000, NULL, NULL);
-- A row with what is usual, and one line a row of the answer: line outcome asset result column=value : reason
CREATE FUNCTION pg_temp.rows(VARIADIC more jsonb[]) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_agg('{"run": 1, "serial": "426CRP0001", "tested_at": "2026-03-02 14:32:05", "analyser": "R8-1", "step": "tx_freq_error", "value": "120", "unit": "Hz"}'::jsonb || jsonb_build_object('line', n + 1) || r ORDER BY n)
    FROM unnest(more) WITH ORDINALITY m (r, n) $$;
CREATE FUNCTION pg_temp.import(rows jsonb, more jsonb DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
  SELECT coalesce(translate(r ->> 'refusal', chr(31), '|'), concat_ws(' ', r ->> 'line', r ->> 'outcome', nullif(r ->> 'asset', ''), r ->> 'result', nullif(concat_ws('=', nullif(r ->> 'column', ''), nullif(r ->> 'value', '')), ''), nullif(': ' || (r ->> 'reason'), ': ')))
  FROM pg_temp.import_results(jsonb_build_object('rows', rows) || more) r $$;
CREATE FUNCTION pg_temp.counts() RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', (SELECT count(*) FROM radioshop.service_record), (SELECT count(*) FROM radioshop.service_reading),
  (SELECT count(*) FROM radioshop.analyser_run), (SELECT count(*) FROM radioshop.analyser_run_reading), (SELECT count(*) FROM radioshop.ticket)) $$;

-- Refused, each with its row, column and reason, and nothing is kept of the run
SELECT is((SELECT array_agg(i) FROM pg_temp.import(pg_temp.rows(VARIADIC rows), more::jsonb) i), wanted, wanted[cardinality(wanted)]) FROM (VALUES
  (ARRAY['{"serial": "NONE"}'::jsonb], '{}', ARRAY['2 refused serial=NONE : no radio has this serial number']),
  (ARRAY['{"serial": "LSONE"}'::jsonb], '{}', ARRAY['2 refused serial=LSONE : no radio has this serial number']),
  (ARRAY['{"serial": " "}'::jsonb], '{}', ARRAY['2 refused serial : give the serial number of the radio']),
  (ARRAY['{"tag": "P2"}'::jsonb], '{}', ARRAY['2 refused tag=P2 : the radio with the serial number 426CRP0001 is IND:P1']),
  (ARRAY['{"serial": "426CRP0003"}'::jsonb], '{}', ARRAY['2 refused IND:P3 serial=426CRP0003 : asset IND:P3 is retired; nothing is serviced on it']),
  (ARRAY['{"tested_at": "yesterday"}'::jsonb], '{}', ARRAY['2 refused IND:P1 tested_at=yesterday : give day and time without a time zone, like 2026-01-31 14:32 or 1/31/2026 2:32 PM']),
  (ARRAY['{"tested_at": "2199-01-01 10:00"}'::jsonb], '{}', ARRAY[format('2 refused IND:P1 tested_at=2199-01-01 10:00 : 2199-01-01 is in the future; it is %s at agency IND', radioshop.today('UTC'))]),
  (ARRAY['{"tested_at": "1969-01-01 10:00"}'::jsonb], '{}', ARRAY['2 refused IND:P1 tested_at=1969-01-01 10:00 : give a day from 1970-01-01 to today']),
  (ARRAY['{"analyser": ""}'::jsonb], '{}', ARRAY['2 refused IND:P1 analyser : give the serial number of the analyser']),
  (ARRAY['{"analyser": "R8-9"}'::jsonb], '{}', ARRAY['2 refused IND:P1 analyser=R8-9 : the shop has no analyser with the serial number R8-9']),
  (ARRAY['{"analyser": "R8-old"}'::jsonb], '{}', ARRAY['2 refused IND:P1 analyser=R8-old : analyser R8-OLD is retired']),
  (ARRAY['{"plan": "NONE"}'::jsonb], '{}', ARRAY['2 refused IND:P1 plan=NONE : the asset''s agency has no plan NONE']),
  (ARRAY['{"plan": "MOB"}'::jsonb], '{}', ARRAY['2 refused IND:P1 plan=MOB : plan MOB does not apply to this class or model']),
  (ARRAY['{"serial": "426CRM0001"}'::jsonb], '{}', ARRAY['2 refused IND:M1 plan : the plan follows no procedure, so nothing says what these readings are worth; attach one to it']),
  (ARRAY['{"procedure": "NONE"}'::jsonb], '{}', ARRAY['2 refused IND:P1 procedure=NONE : there is no procedure NONE']),
  (ARRAY['{"procedure": "APX-PM", "plan": "PM12"}'::jsonb], '{}', ARRAY['2 refused IND:P1 procedure=APX-PM : a service follows its plan''s procedure; name a procedure only where it is done outside a plan']),
  (ARRAY['{}'::jsonb, '{"step": "colour", "value": "3"}'], '{}', ARRAY['2 refused IND:P1', '3 refused IND:P1 step=colour : procedure APX-PM has no such step for this radio, or more than one; its steps are: housing, tx_freq_error, power, knobs, drain, a_high, a_low']),
  (ARRAY['{"step": "deviation"}'::jsonb], '{}', ARRAY['2 refused IND:P1 step=deviation : procedure APX-PM has no such step for this radio, or more than one; its steps are: housing, tx_freq_error, power, knobs, drain, a_high, a_low']),
  (ARRAY['{"step": ""}'::jsonb], '{}', ARRAY['2 refused IND:P1 step : say which step of the procedure this is']),
  (ARRAY['{}'::jsonb, '{"step": "TX freq. error"}'], '{}', ARRAY['2 refused IND:P1', '3 refused IND:P1 step=TX freq. error : step tx_freq_error stands twice in the run']),
  (ARRAY['{}'::jsonb, '{"step": "power", "unit": "Hz"}', '{"step": "drain", "unit": "mA"}'], '{}', ARRAY['2 refused IND:P1', '3 refused IND:P1 unit=Hz : power is measured in W; Hz does not convert into that', '4 refused IND:P1']),
  (ARRAY['{"unit": ""}'::jsonb], '{}', ARRAY['2 refused IND:P1 unit : say the unit of tx_freq_error, such as Hz']),
  (ARRAY['{"value": "NaN"}'::jsonb], '{}', ARRAY['2 refused IND:P1 value=NaN : this is no number between -1e15 and 1e15; write it like -120.5, with a point and without a unit']),
  (ARRAY['{"value": "-inf"}'::jsonb], '{}', ARRAY['2 refused IND:P1 value=-inf : this is no number between -1e15 and 1e15; write it like -120.5, with a point and without a unit']),
  (ARRAY['{"value": "1,5"}'::jsonb], '{}', ARRAY['2 refused IND:P1 value=1,5 : this is no number between -1e15 and 1e15; write it like -120.5, with a point and without a unit']),
  (ARRAY['{"value": ""}'::jsonb], '{}', ARRAY['2 refused IND:P1 value : step tx_freq_error is a reading: give its value']),
  (ARRAY['{"low": "low"}'::jsonb], '{}', ARRAY['2 refused IND:P1 low=low : this is no number between -1e15 and 1e15; write it like -120.5, with a point and without a unit']),
  (ARRAY['{"frequency_mhz": "0"}'::jsonb], '{}', ARRAY['2 refused IND:P1 frequency_mhz=0 : a frequency is more than 0 and at most 100,000 MHz']),
  (ARRAY['{"verdict": "good"}'::jsonb], '{}', ARRAY['2 refused IND:P1 verdict=good : an analyser says pass or fail']),
  (ARRAY['{}'::jsonb, '{"step": "housing", "value": "perhaps", "unit": ""}'], '{}', ARRAY['2 refused IND:P1', '3 refused IND:P1 value=perhaps : step housing is a check: answer yes or no']),
  (ARRAY['{"step": "housing", "value": "yes"}'::jsonb], '{}', ARRAY['2 refused IND:P1 step=housing : step housing is a check and has neither unit nor limits']),
  (ARRAY['{"step": "power", "unit": "W", "value": "2"}'::jsonb], '{}', ARRAY['2 refused IND:P1 : these steps of procedure APX-PM are needed and missing: tx_freq_error (Hz)']),
  (ARRAY['{}'::jsonb, '{"step": "power", "unit": "W", "serial": "426CRP0002"}'], '{}', ARRAY['2 refused', '3 refused serial=426CRP0002 : line 2 of the same run says otherwise']),
  (ARRAY['{}'::jsonb], '{"plan": "PM12", "procedure": "APX-PM"}', ARRAY['INVALID_ARGUMENT|procedure|a service follows its plan''s procedure; name a procedure only where it is done outside a plan']),
  (ARRAY['{}'::jsonb, '{"run": 2}', '{"run": 1}'], '{}', ARRAY['INVALID_ARGUMENT|rows.run|the rows of a run stand together, and rows of another one are not between them']),
  (ARRAY['{}'::jsonb], '{"rows": []}', ARRAY['INVALID_ARGUMENT|rows|give 1 to 500 rows at once, not 0'])) v (rows, more, wanted);
SELECT is((SELECT (array_agg(i))[1] FROM pg_temp.import((SELECT jsonb_agg(r || '{"notes": "x"}'::jsonb) FROM generate_series(1, 101), jsonb_array_elements(pg_temp.rows('{}')) r)) i), '2 refused : a run has at most 100 rows, not 101', 'a run has an end');
SELECT is(pg_temp.counts(), '0 0 0 0 0', 'nothing is kept of what was refused');

-- Recorded: names as people and instruments write them, one bad run between two good ones
SELECT results_eq($$ SELECT pg_temp.import(pg_temp.rows(
  '{"step": "TX Frequency Error", "value": "-120.50", "low": "-696", "high": "696", "verdict": "PASS"}', '{"step": "tx_power", "value": "0.5", "unit": "W", "verdict": "pass", "low": "0.1"}', '{"step": "HOUSING", "value": "", "unit": "", "verdict": "Pass", "notes": "dusty"}',
  '{"run": 2, "serial": "426crp0002", "value": "900", "unit": "Hz", "verdict": "fail", "high": "100"}', '{"run": 2, "serial": "426crp0002", "step": "knobs", "value": "missing", "unit": ""}',
  '{"run": 3, "serial": "NONE"}', '{"run": 4, "serial": "426CRP0002", "tested_at": "3/3/2026 2:32 PM", "value": "1", "verdict": "FAIL", "low": "5", "high": "9"}', '{"run": 4, "serial": "426CRP0002", "tested_at": "3/3/2026 2:32 PM", "step": "drain", "unit": "mA", "value": "1", "verdict": "F"}')) $$,
  ARRAY['2 created IND:P1 failed', '3 created IND:P1 failed : power has failed: the limit is 1 to 3 W; the analyser said passed by at least 0.1 W', '4 created IND:P1 failed',
    '5 created IND:P2 failed : tx_freq_error has failed: the limit is ±696 Hz', '6 created IND:P2 failed : knobs has failed: missing', '7 refused serial=NONE : no radio has this serial number',
    '8 created IND:P2 passed : tx_freq_error has passed: the limit is ±696 Hz; the analyser said failed by 5 to 9 Hz', '9 created IND:P2 passed : drain is not judged: there is no limit; the analyser said failed'],
  'runs are judged by the shop, each kept or refused by itself, and the row says where the analyser differs');
SELECT is(pg_temp.counts(), '3 5 3 5 0', 'what is kept of them');
SELECT is((SELECT jsonb_agg(x - 'limit' ORDER BY n) FROM radioshop.service_record r, jsonb_array_elements(radioshop.readings_of(r.agency_id, r.record_id)) WITH ORDINALITY e (x, n) WHERE r.notes = 'dusty'),
  '[{"name": "tx_freq_error", "unit": "Hz", "value": -120.5, "verdict": "passed", "limit_text": "±696 Hz", "analyser_verdict": "passed", "analyser_limit_text": "-696 to 696 Hz"},
    {"name": "power", "unit": "W", "value": 0.5, "verdict": "failed", "limit_text": "1 to 3 W", "analyser_verdict": "passed", "analyser_limit_text": "at least 0.1 W"}]', 'the analyser''s word stands beside the reading');
SELECT is((SELECT (r.done_on, r.analyser, r.analyser_calibrated)::text FROM radioshop.service_record r WHERE r.notes = 'dusty'), '(2026-03-02,R8-1,t)', 'with day and analyser');

-- The same again: nothing, whoever has saved the file in between, and whatever has become of plan, procedure and analyser
CREATE FUNCTION pg_temp.again(VARIADIC rows jsonb[]) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(i, E'\n') FROM pg_temp.import(pg_temp.rows(VARIADIC rows)) i $$;
SELECT is(pg_temp.again('{"step": "drain", "unit": "ma", "value": "1.0", "serial": "426CRP0002", "tested_at": "2026-03-03T14:32:40", "verdict": "failed"}', '{"value": "1e0", "serial": "426CRP0002", "tested_at": "2026-03-03T14:32:40", "verdict": "F", "low": "5.0", "high": "9"}'),
  E'2 unchanged IND:P2 passed\n3 unchanged IND:P2 passed', 'the same run in other words');
SELECT matches(pg_temp.again('{"value": "2", "serial": "426CRP0002", "tested_at": "2026-03-03 14:32"}'), '^2 refused IND:P2 tested_at=2026-03-03 14:32 : this run of IND:P2 is on record with other values, as service [0-9a-f-]{36}, which is not changed$', 'another run of the same minute');
SELECT matches((SELECT i FROM pg_temp.import(pg_temp.rows('{"procedure": "APX-PM", "serial": "426CRP0002"}', '{"procedure": "APX-PM", "serial": "426CRP0002", "step": "power"}')) i LIMIT 1), 'with other values', 'a row more is another run');
SELECT matches((SELECT i FROM pg_temp.import(pg_temp.rows('{"value": "900", "serial": "426crp0002", "verdict": "fail", "high": "100"}', '{"serial": "426crp0002", "step": "knobs", "value": "missing", "unit": ""}'), '{"plan": "MOB"}') i LIMIT 1),
  '^2 refused IND:P2 plan : this run of IND:P2 is on record under plan PM12, as service ', 'and under another plan');
SELECT is(pg_temp.counts(), '3 5 3 5 0', 'nothing more is kept');

-- A ticket for what failed, outside a plan, and a dry run
SELECT results_eq($$ SELECT pg_temp.import(pg_temp.rows('{"value": "5000", "tested_at": "2026-04-01 08:00"}'), '{"open_ticket": true, "procedure": "apx-post", "dry_run": true}') $$, ARRAY['2 created IND:P1 failed : tx_freq_error has failed: the limit is ±696 Hz'], 'a dry run says the same');
SELECT is(pg_temp.counts(), '3 5 3 5 0', 'and keeps nothing');
SELECT is((SELECT r - '{line,reason,result,outcome,asset,id}'::text[] FROM pg_temp.import_results(jsonb_build_object('rows', pg_temp.rows('{"value": "5000", "tested_at": "2026-04-01 08:00"}'), 'open_ticket', true, 'procedure', 'apx-post')) r),
  jsonb_build_object('refusal', NULL, 'ticket', format('IND-%s-00001', extract(year FROM now())), 'column', '', 'value', ''), 'a failure opens a ticket');
SELECT is((SELECT (r.plan_id, p.code, r.result)::text FROM radioshop.service_record r JOIN radioshop.procedure p USING (procedure_id) ORDER BY r.record_id DESC LIMIT 1), '(,APX-POST,failed)', 'it followed the procedure outside any plan');
SELECT results_eq($$ SELECT pg_temp.import(pg_temp.rows('{"run": 7, "value": "6000", "tested_at": "2026-04-02 08:00", "analyser": ""}', '{"run": 8, "value": "7", "tested_at": "2026-04-03 08:00", "analyser": "r8-1", "plan": "pm12"}'), '{"open_ticket": true, "procedure": "apx-post", "analyser": "r8-1"}') $$,
  ARRAY['2 created IND:P1 failed : tx_freq_error has failed: the limit is ±696 Hz', '3 created IND:P1 passed'], 'what the file says of plan, procedure and analyser holds where the run names none');
SELECT is((SELECT count(*) || ' ' || max(x.n) FROM (SELECT count(e.*) AS n FROM radioshop.ticket t JOIN radioshop.ticket_entry e USING (agency_id, ticket_id) WHERE e.kind = 'note' GROUP BY t.ticket_id) x), '1 1', 'the second failure is added to the open ticket');

-- Who may see what
SELECT radioshop.enter('mona', '{technician}', 'ServiceRecordService.ImportResults', 'c1', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.again('{}'), '2 refused serial=426CRP0001 : no radio has this serial number', 'another city''s radio is none');
SELECT is(pg_temp.again('{"serial": "twin"}'), '2 created LSM:T2 passed', 'and one with its serial number is her own');
SELECT is(pg_temp.counts(), '1 1 1 0 0', 'she sees her own run');
SELECT radioshop.enter('root', '{admin}', 'ServiceRecordService.ImportResults', 'c1', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.again('{"serial": "twin"}'), '2 refused serial=twin : 2 radios have this serial number: IND:T1 and LSM:T2; give the tag, too, as AGENCY:TAG', 'two radios with one number');
SELECT is(pg_temp.again('{"serial": "twin", "tag": "lsm:t2"}'), '2 unchanged LSM:T2 passed', 'the tag says which');
UPDATE radioshop.analyser SET retired = true WHERE serial = 'R8-1';
UPDATE radioshop.asset SET status = 'retired' WHERE tag = 'P2';
SELECT is(pg_temp.again('{"step": "drain", "unit": "ma", "value": "1.0", "serial": "426CRP0002", "tested_at": "2026-03-03T14:32:40", "verdict": "failed"}', '{"value": "1e0", "serial": "426CRP0002", "tested_at": "2026-03-03T14:32:40", "verdict": "F", "low": "5.0", "high": "9"}'),
  E'2 unchanged IND:P2 passed\n3 unchanged IND:P2 passed', 'what is on record is unchanged though radio and analyser are retired since');
SELECT throws_ok('DELETE FROM radioshop.analyser_run', '42501', NULL, 'a run stays on record');

-- Back from the depot by hand
UPDATE radioshop.analyser SET retired = false WHERE serial = 'R8-1';
SELECT radioshop.enter('tech', '{technician}', 'TicketService.MoveTicket', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.move(wanted text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(translate(r ->> 'refusal', chr(31), '|'), r ->> 'state') FROM radioshop.ticket t, pg_temp.move_ticket(jsonb_build_object('ticket', t.number, 'revision', t.revision, 'state', wanted)) r $$;
SELECT is(pg_temp.move(state), state, state) FROM unnest('{diagnosing,at_depot}'::text[]) state;
SELECT matches(pg_temp.move('ready'), 'is not ready before its radio has passed APX-POST', 'from the depot to ready untested');
SELECT is((SELECT i FROM pg_temp.import(pg_temp.rows('{"tested_at": "2026-05-01 08:00"}'), '{"procedure": "APX-POST"}') i), '2 created IND:P1 passed', 'an imported run is the test after the repair');
SELECT is(pg_temp.move('ready'), 'ready', 'then it is ready');

SELECT * FROM finish();
ROLLBACK;
