-- Procedures, analysers and judged services. Each line of a table below is a rule and the input that breaks it.
\set calls `python3 tests/sql/statements.py get_procedure list_procedures create_procedure update_procedure revise_procedure attach_procedure get_analyser list_analysers create_analyser update_analyser create_service_record get_service_sheet set_limit move_ticket`
BEGIN;
SELECT no_plan();
:calls

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('root', 'Root'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, 'admin', CASE p.name WHEN 'root' THEN 0 ELSE 902 END FROM radioshop.principal p;
SELECT set_config('radioshop.agencies', '{0,901,902}', true);
INSERT INTO radioshop.model (number, manufacturer, family, band, class) VALUES ('H98', 'Motorola', 'APX 6000', '7/800', 'portable'), ('H99', 'Motorola', 'APX 7000', 'Multiple', 'portable');
INSERT INTO radioshop.asset (agency_id, tag, class, model_id) SELECT 901, v.tag, 'portable', m.model_id
  FROM (VALUES ('P1', 'H98'), ('P2', 'H98'), ('P3', 'H98'), ('M1', 'H99')) v (tag, number) JOIN radioshop.model m ON m.number = v.number;
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('root', '{admin}', 'ProcedureService.CreateProcedure', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.said(line jsonb, key text) RETURNS text LANGUAGE sql AS $$ SELECT coalesce(translate(line ->> 'refusal', chr(31), '|'), line ->> key) $$;

-- Procedures
CREATE FUNCTION pg_temp.make(code text, steps jsonb, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.said(r, 'version') FROM pg_temp.create_procedure(jsonb_build_object('procedure', jsonb_build_object('code', code, 'name', 'Name') || more, 'steps', steps)) r $$;
SELECT is(pg_temp.make('APX-PM', '[{"step": "housing", "kind": "check", "title": "Housing whole"}, {"step": "knobs", "kind": "choice", "passing": "good | worn", "failing": "missing"},
  {"step": "remarks", "kind": "text", "may_skip": true}, {"step": "tx_freq_error", "kind": "reading", "unit": "hz", "mode": "p25"},
  {"step": "vhf_power", "kind": "reading", "unit": "W", "test": "tx_power", "band": "VHF"}, {"step": "power", "kind": "reading", "unit": "W", "test": "tx_power", "band": "7/800"},
  {"step": "drain", "kind": "reading", "unit": "mA", "may_skip": true}]'), '1', 'a procedure begins with version 1');
SELECT is(pg_temp.make(code, steps::jsonb), wanted, why) FROM (VALUES
  ('P', '[]', 'INVALID_ARGUMENT|steps|a procedure has 1 to 50 steps, not 0', 'it needs a step'),
  ('P', '[{"step": "a"}]', 'INVALID_ARGUMENT|steps.kind|say what step a is: a check, a choice, a text or a reading', 'each step needs a kind')) v (code, steps, wanted, why);
SELECT throws_like(format('SELECT pg_temp.make(%L, %L)', code, steps), '%"' || rule || '"%', rule || ': ' || steps) FROM (VALUES
  ('apx-pm', '[{"step": "a", "kind": "check"}]', 'procedure_code_unique'), ('-', '[{"step": "a", "kind": "check"}]', 'procedure_code_form'),
  ('P', '[{"step": "A b", "kind": "check"}]', 'procedure_step_form'), ('P', '[{"step": "a", "kind": "check"}, {"step": "a", "kind": "text"}]', 'procedure_step_unique'),
  ('P', '[{"step": "a", "kind": "reading"}]', 'procedure_step_unit_form'), ('P', '[{"step": "a", "kind": "check", "unit": "W"}]', 'procedure_step_unit_form'),
  ('P', '[{"step": "a", "kind": "check", "test": "b"}]', 'procedure_step_test_form'), ('P', '[{"step": "a", "kind": "check", "mode": "p25"}]', 'procedure_step_mode_form'),
  ('P', '[{"step": "a", "kind": "choice"}]', 'procedure_step_options_fit'), ('P', '[{"step": "a", "kind": "choice", "passing": "x", "failing": "x"}]', 'procedure_step_options_fit'),
  ('P', '[{"step": "a", "kind": "check", "passing": "x"}]', 'procedure_step_options_fit')) v (code, steps, rule);
SELECT is((SELECT pg_temp.said(r, 'code') FROM pg_temp.create_procedure('{"procedure": {"code": "P", "name": "n", "model": "NONE"}, "steps": [{"step": "a", "kind": "check"}]}') r),
  'FAILED_PRECONDITION|model|no model of the catalogue has the number NONE', 'a model must be known');
SELECT is((SELECT pg_temp.said(r, 'version') FROM pg_temp.revise_procedure('{"procedure": "APX-PM", "revision": 9, "steps": [{"step": "a", "kind": "check"}]}') r),
  'ABORTED|revision|the procedure has moved on to revision 1; read it again', 'a stale revision is refused');
SELECT is((SELECT pg_temp.said(r, 'name') FROM pg_temp.update_procedure('{"procedure": {"code": "APX-PM", "revision": 1, "name": "Yearly"}, "update_mask": {"paths": ["name"]}}') r), 'Yearly', 'its name can be changed');
SELECT matches((SELECT pg_temp.said(r, 'name') FROM pg_temp.update_procedure('{"procedure": {"code": "APX-PM", "revision": 2}, "update_mask": {"paths": ["steps"]}}') r), '^INVALID_ARGUMENT.update_mask', 'its steps by a revision only');
SELECT is((SELECT pg_temp.said(r, 'code') FROM pg_temp.get_procedure('{"procedure": "apx-pm", "version": 2}') r), 'NOT_FOUND|version|procedure APX-PM has no version 2; the last one is 1', 'a version that is not there');

-- Analysers
SELECT is((SELECT pg_temp.said(r, 'out_of_date') FROM pg_temp.create_analyser(jsonb_build_object('analyser', '{"serial": "R1", "manufacturer": "Freedom", "model": "R8000"}'::jsonb || more)) r), wanted, why) FROM (VALUES
  ('{"calibrated_on": "2025-01-01", "calibration_due_on": "2025-12-31"}'::jsonb, 'true', 'a calibration runs out'), ('{"serial": "R2"}', 'true', 'one that is not known is none'),
  ('{"serial": "R3", "calibrated_on": "2020-01-01", "calibration_due_on": "2199-12-31"}', 'false', 'one that holds')) v (more, wanted, why);
SELECT throws_like(format('SELECT pg_temp.create_analyser(%L)', jsonb_build_object('analyser', '{"serial": "R9", "manufacturer": "Freedom", "model": "R8000"}'::jsonb || more)), '%"' || rule || '"%', rule) FROM (VALUES
  ('{"serial": ""}'::jsonb, 'analyser_serial_form'), ('{"serial": "r1"}', 'analyser_serial_unique'), ('{"calibrated_on": "2026-01-01"}', 'analyser_calibration_fits'),
  ('{"calibrated_on": "2026-01-02", "calibration_due_on": "2026-01-01"}', 'analyser_calibration_fits')) v (more, rule);
SELECT is((SELECT pg_temp.said(r, 'calibrated_on') FROM pg_temp.update_analyser('{"analyser": {"serial": "R1", "revision": 1, "calibrated_on": "2026-03-01", "calibration_due_on": "2027-02-28"},
  "update_mask": {"paths": ["calibrated_on", "calibration_due_on"]}}') r), '2026-03-01', 'a new calibration');
SELECT is(radioshop.is_calibrated(a.analyser_id, day), wanted, 'calibrated on ' || day) FROM radioshop.analyser a, (VALUES ('2024-12-31'::date, false), ('2025-01-01', true), ('2025-12-31', true),
  ('2026-01-01', false), ('2026-02-28', false), ('2026-03-01', true), ('2027-02-28', true), ('2027-03-01', false)) v (day, wanted) WHERE a.serial = 'R1';

-- Plans
SELECT s.refusal FROM radioshop.create_plan('IND', 'PM12', 'Yearly', '', 12, 'months', NULL, '2026-03-31', 7, 0, 'portable', '', false) s;
SELECT is((SELECT pg_temp.said(r, 'procedure') FROM pg_temp.attach_procedure(request::jsonb) r), wanted, why) FROM (VALUES
  ('{"agency": "IND", "plan": "NONE", "revision": 1, "procedure": "APX-PM"}', 'NOT_FOUND|plan|agency IND has no plan NONE', 'a plan must be known'),
  ('{"agency": "IND", "plan": "PM12", "procedure": "APX-PM"}', 'INVALID_ARGUMENT|revision|give the revision you have read', 'its revision'),
  ('{"agency": "IND", "plan": "PM12", "revision": 9, "procedure": "APX-PM"}', 'ABORTED|revision|the plan has moved on to revision 1; read it again', 'and be the one of now'),
  ('{"agency": "IND", "plan": "PM12", "revision": 1, "procedure": "X"}', 'FAILED_PRECONDITION|procedure|there is no procedure X, or it is stopped', 'a procedure must be known'),
  ('{"agency": "ind", "plan": "pm12", "revision": 1, "procedure": "apx-pm"}', 'APX-PM', 'then it is attached')) v (request, wanted, why);
SELECT is((SELECT r ->> 'plans' FROM pg_temp.get_procedure('{"procedure": "APX-PM"}') r), '["IND:PM12"]', 'the procedure knows its plans');
SELECT is((SELECT string_agg((r ->> 'step') || coalesce(' ' || nullif(r ->> 'limit_text', ''), ''), ', ' ORDER BY n) FROM pg_temp.get_service_sheet('{"asset": "P1"}') WITH ORDINALITY x (r, n)),
  'housing, knobs, remarks, tx_freq_error ±696 Hz, power 1 to 3 W, drain', 'the sheet of a radio: its steps with its limits, and none of another band');
SELECT is((SELECT string_agg(r ->> 'step', ', ' ORDER BY n) FROM pg_temp.get_service_sheet('{"asset": "M1"}') WITH ORDINALITY x (r, n)),
  'housing, knobs, remarks, tx_freq_error, vhf_power, power, drain', 'a radio of several bands has the steps of all');

-- Services. A good one, and each rule with what breaks it.
CREATE FUNCTION pg_temp.serve(more jsonb, key text DEFAULT 'result') RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.said(r, key) FROM pg_temp.create_service_record(
  '{"asset": "P1", "answers": [{"step": "housing", "answer": "Yes"}, {"step": "knobs", "answer": "WORN"}], "readings": [{"name": "TX_freq_error", "value": 0.696, "unit": "kHz"}, {"name": "power", "value": 3000, "unit": "mW"}]}'::jsonb || more) r $$;
SELECT is(pg_temp.serve(more, key), wanted, why) FROM (VALUES
  ('{}'::jsonb, 'result', 'passed', 'the result follows from the steps, at the very limits'),
  ('{}', 'answers', '[{"step": "housing", "answer": "yes", "verdict": "passed"}, {"step": "knobs", "answer": "worn", "verdict": "passed"}]', 'answers are kept as the procedure writes them'),
  ('{"result": "passed"}', 'result', 'passed', 'it may be said'), ('{"result": "adjusted"}', 'result', 'adjusted', 'adjusted is the caller''s to say'),
  ('{"result": "failed"}', 'result', 'INVALID_ARGUMENT|result|every step has passed; leave the result out, it follows from the steps', 'but not failed, when all has passed'),
  ('{"readings": [{"name": "tx_freq_error", "value": -696.5, "unit": "Hz"}, {"name": "power", "value": 2, "unit": "W"}], "result": "passed"}', 'result', 'INVALID_ARGUMENT|result|it was not passed: tx_freq_error is -696.5 Hz, the limit is ±696 Hz; leave the result out, it follows from the steps', 'nor passed, when something failed'),
  ('{"readings": [{"name": "tx_freq_error", "value": -696.5, "unit": "Hz"}, {"name": "power", "value": 2, "unit": "W"}], "result": "adjusted"}', 'result', 'INVALID_ARGUMENT|result|it was not adjusted: tx_freq_error is -696.5 Hz, the limit is ±696 Hz; leave the result out, it follows from the steps', 'nor adjusted'),
  ('{"readings": [{"name": "tx_freq_error", "value": -696.5, "unit": "Hz"}, {"name": "power", "value": 2, "unit": "W"}]}', 'result', 'failed', 'a reading out of its limit fails'),
  ('{"answers": [{"step": "housing", "answer": "no"}, {"step": "knobs", "answer": "good"}]}', 'result', 'failed', 'a no to a check fails'),
  ('{"answers": [{"step": "housing", "answer": "yes"}, {"step": "knobs", "answer": "Missing"}]}', 'result', 'failed', 'an answer of a choice that fails, fails'),
  ('{"answers": [{"step": "housing", "answer": "maybe"}]}', 'result', 'INVALID_ARGUMENT|answers.answer|step housing is a check: answer yes or no', 'a check is yes or no'),
  ('{"answers": [{"step": "knobs", "answer": "bent"}]}', 'result', 'INVALID_ARGUMENT|answers.answer|answer step knobs with one of: good, worn, missing', 'a choice is one of its answers'),
  ('{"answers": [{"step": "remarks", "answer": " "}]}', 'result', 'INVALID_ARGUMENT|answers.answer|step remarks needs a text', 'a text is not empty'),
  ('{"answers": []}', 'result', 'INVALID_ARGUMENT|answers|these steps of procedure APX-PM are needed and missing: housing, knobs', 'what is needed and missing is named'),
  ('{"readings": []}', 'result', 'INVALID_ARGUMENT|readings|these steps of procedure APX-PM are needed and missing: tx_freq_error (Hz), power (W)', 'readings with their unit'),
  ('{"answers": [{"step": "housing", "answer": "yes"}, {"step": "housing", "answer": "yes"}]}', 'result', 'INVALID_ARGUMENT|answers.step|step housing is answered twice', 'no step twice'),
  ('{"answers": [{"step": "colour", "answer": "yes"}]}', 'result', 'INVALID_ARGUMENT|answers.step|procedure APX-PM has no step colour for this radio; its steps are: housing, knobs, remarks, tx_freq_error, power, drain', 'no step that is not there'),
  ('{"readings": [{"name": "vhf_power", "value": 1, "unit": "W"}]}', 'result', 'INVALID_ARGUMENT|readings.name|procedure APX-PM has no step vhf_power for this radio; its steps are: housing, knobs, remarks, tx_freq_error, power, drain', 'nor one of another band'),
  ('{"readings": [{"name": "housing", "value": 1, "unit": "W"}]}', 'result', 'INVALID_ARGUMENT|readings.name|step housing is a check: give it as an answer', 'a check is no reading'),
  ('{"answers": [{"step": "power", "answer": "1 W"}]}', 'result', 'INVALID_ARGUMENT|answers.step|step power is a reading: give its value and unit as a reading', 'nor the other way round'),
  ('{"readings": [{"name": "power", "value": 1, "unit": "Hz"}]}', 'result', 'INVALID_ARGUMENT|readings.unit|power is measured in W; Hz does not convert into that', 'a wrong unit'),
  ('{"readings": [{"name": "power", "value": 1}]}', 'result', 'INVALID_ARGUMENT|readings.unit|say the unit of power, such as W', 'no unit'),
  ('{"readings": [{"name": "power", "value": "NaN", "unit": "W"}]}', 'result', 'INVALID_ARGUMENT|readings.value|the reading of power is no number between -1e15 and 1e15; it may not be infinite or NaN', 'NaN'),
  ('{"readings": [{"name": "power", "value": "Infinity", "unit": "W"}]}', 'result', 'INVALID_ARGUMENT|readings.value|the reading of power is no number between -1e15 and 1e15; it may not be infinite or NaN', 'infinity'),
  ('{"readings": [{"name": "power", "value": 1, "unit": "W", "frequency_mhz": -1}]}', 'result', 'INVALID_ARGUMENT|readings.frequency_mhz|a frequency is more than 0 and at most 100,000 MHz', 'no such frequency'),
  ('{"readings": [{"name": "tx_freq_error", "value": 1, "unit": "Hz"}, {"name": "power", "value": 2.8, "unit": "W", "frequency_mhz": 770}]}', 'result', 'failed', 'the frequency picks its own limit'),
  ('{"readings": [{"name": "tx_freq_error", "value": 1, "unit": "Hz"}, {"name": "power", "value": 34.8, "unit": "dBm"}]}', 'result', 'failed', 'dBm are power: 34.8 are 3.02 W'),
  ('{"readings": [{"name": "tx_freq_error", "value": 1, "unit": "Hz"}, {"name": "power", "value": 34.7, "unit": "dBm"}]}', 'result', 'passed', 'and 34.7 are 2.95'),
  ('{"analyser": "NONE"}', 'result', 'NOT_FOUND|analyser|the shop has no analyser with the serial number NONE', 'an analyser must be known'),
  ('{"analyser": "r1", "done_on": "2026-01-15"}', 'analyser_out_of_date', 'true', 'one outside its calibration on the day is kept as that'),
  ('{"analyser": "r1", "done_on": "2025-06-15"}', 'analyser_out_of_date', 'false', 'its calibration of then counts'),
  ('{"procedure_version": 2}', 'result', 'ABORTED|procedure_version|procedure APX-PM is at version 1 now; look at its steps again', 'another version than looked at'),
  ('{"procedure": "APX-PM", "plan": "PM12"}', 'result', 'INVALID_ARGUMENT|procedure|a service follows its plan''s procedure; name a procedure only where it is done outside a plan', 'a plan or a procedure'),
  ('{"procedure": "NONE"}', 'result', 'NOT_FOUND|procedure|there is no procedure NONE', 'no such procedure'),
  ('{"procedure": "APX-PM"}', 'plan', '', 'a procedure outside a plan')) v (more, key, wanted, why);
SELECT is((SELECT count(*) FROM radioshop.service_record r WHERE r.plan_id IS NULL), 1::bigint, 'is kept without a plan');
SELECT is(pg_temp.make(code, '[{"step": "a", "kind": "check"}]', more), '1', code) FROM (VALUES ('FOR-MOBILES', '{"class": "mobile"}'::jsonb), ('FOR-7000', '{"family": "APX 7000"}'), ('FOR-H99', '{"model": "H99"}')) v (code, more);
SELECT is(pg_temp.serve(jsonb_build_object('procedure', code)), format('FAILED_PRECONDITION|procedure|procedure %s does not apply to this class, family or model', code), 'not one of another class, family or model')
  FROM unnest('{FOR-MOBILES,FOR-7000,FOR-H99}'::text[]) code;
SELECT is((SELECT string_agg(DISTINCT concat_ws(' ', x.name, x.unit, x.test, x.band, x.mode, x.verdict, radioshop.limit_text(l.direction, l.low, l.high, l.unit)), ', ') FROM radioshop.service_reading x
  JOIN radioshop.reading_limit l USING (limit_id) WHERE x.name = 'tx_freq_error' AND x.value = 0.696), 'tx_freq_error kHz tx_freq_error 7/800 p25 passed ±696 Hz', 'what a reading was judged by is kept');

-- A limit that the caller has looked at
CREATE FUNCTION pg_temp.freq_limit() RETURNS text LANGUAGE sql AS $$ SELECT r ->> 'limit' FROM pg_temp.get_service_sheet('{"asset": "P1"}') r WHERE r ->> 'step' = 'tx_freq_error' $$;
CREATE TEMP TABLE looked AS SELECT pg_temp.freq_limit() AS at;
SELECT is(pg_temp.serve(jsonb_build_object('readings', jsonb_build_array('{"name": "power", "value": 2, "unit": "W"}'::jsonb, jsonb_build_object('name', 'tx_freq_error', 'value', 650, 'unit', 'Hz', 'limit', upper(at))))), 'passed', 'it holds') FROM looked;
SELECT is((SELECT pg_temp.said(r, 'version') FROM pg_temp.set_limit('{"limit": {"test": "tx_freq_error", "family": "APX 6000", "band": "7/800", "direction": "max_abs", "high": 600, "unit": "Hz", "source": "shop", "version": 1, "valid_from": "2026-01-01"}}') r), '2', 'it is set anew');
SELECT is(pg_temp.serve(jsonb_build_object('readings', jsonb_build_array('{"name": "power", "value": 2, "unit": "W"}'::jsonb, jsonb_build_object('name', 'tx_freq_error', 'value', 650, 'unit', 'Hz', 'limit', at)))),
  format('ABORTED|readings.limit|the limit of tx_freq_error is now ±600 Hz (version 2, %s); look at the reading again', pg_temp.freq_limit()), 'it holds no more') FROM looked;
SELECT is(pg_temp.serve('{"done_on": "2025-12-31"}'), 'passed', 'a service of an earlier day has the limit of that day');
SELECT is(pg_temp.serve('{}'), 'failed', 'one of today that of today');

-- ppm and the frequency
SELECT is(pg_temp.serve(jsonb_build_object('asset', 'M1', 'readings', '[{"name": "vhf_power", "value": 2, "unit": "W"}, {"name": "power", "value": 2, "unit": "W"}]'::jsonb || reading::jsonb)), wanted, why) FROM (VALUES
  ('{"name": "tx_freq_error", "value": 999, "unit": "Hz"}', 'passed', 'a radio of several bands has the general limit, as its band is not known')) v (reading, wanted, why);
SELECT is((radioshop.judge_reading('x', 'tx_freq_error', 'APX 7000', '7/800', 'p25', '2026-01-01', 1200, 'Hz', 'Hz', mhz, '')).refusal, wanted, why) FROM (VALUES
  (NULL::float8, radioshop.refuse('INVALID_ARGUMENT', 'readings.frequency_mhz', 'the limit of x is ±1.5 ppm: give the frequency in MHz at which it was measured'), 'a limit in ppm needs the frequency'), (850, NULL, 'which then does')) v (mhz, wanted, why);
SELECT is((radioshop.judge_reading('x', 'tx_freq_error', 'APX 7000', '7/800', 'p25', '2026-01-01', hz, 'Hz', 'Hz', mhz, '')).verdict, wanted, format('%s Hz at %s MHz: %s', hz, mhz, why)) FROM (VALUES
  (1275::float8, 850::float8, 'passed', 'just 1.5 ppm'), (1276, 850, 'failed', 'more'), (1278, 852, 'passed', 'the legal floor is 1.5 ppm, too'), (1279, 852, 'failed', 'or not')) v (hz, mhz, wanted, why);
SELECT is((radioshop.judge_reading('x', 'nothing', '', '', '', '2026-01-01', 1, 'Hz', 'Hz', NULL, '')).verdict, 'no_limit', 'where there is no limit a reading is kept without a verdict');
SELECT is((j).verdict || ' ' || (j).sentence, 'failed x is 1400 Hz, the legal limit is ±1.5 ppm', 'the legal floor holds where the maker is more generous')
  FROM (SELECT radioshop.judge_reading('x', 'tx_freq_error', '', '', 'analog', '2026-01-01', 1400, 'Hz', 'Hz', 807, '') j) y;

-- A failure opens a ticket
SELECT is(pg_temp.serve('{"asset": "P2", "open_ticket": true, "readings": [{"name": "tx_freq_error", "value": 900, "unit": "Hz"}, {"name": "power", "value": 2, "unit": "W"}]}', 'ticket'), 'IND-' || extract(year FROM now()) || '-00001', 'a failure opens a ticket');
SELECT is((SELECT t.state || ': ' || t.problem FROM radioshop.ticket t JOIN radioshop.asset a USING (asset_id) WHERE a.tag = 'P2'),
  format('received: service APX-PM of %s has failed: tx_freq_error is 900 Hz, the limit is ±600 Hz', radioshop.today('UTC')), 'that says what failed');
SELECT is(pg_temp.serve('{"asset": "P2", "open_ticket": true, "answers": [{"step": "housing", "answer": "no"}, {"step": "knobs", "answer": "good"}], "readings": [{"name": "tx_freq_error", "value": 9, "unit": "Hz"}, {"name": "power", "value": 2, "unit": "W"}]}', 'ticket'),
  'IND-' || extract(year FROM now()) || '-00001', 'the next failure is added to the one that is open');
SELECT is((SELECT array_agg(e.kind || ' ' || e.text ORDER BY e.entry_no) FROM radioshop.ticket_entry e), ARRAY['move ', format('note service APX-PM of %s has failed: Housing whole: no', radioshop.today('UTC'))], 'as a note');
SELECT is(pg_temp.serve('{"open_ticket": true, "done_on": "2025-12-31"}', 'ticket'), '', 'what passes opens none');
SELECT is((SELECT count(*) FROM radioshop.service_record r WHERE r.ticket_id IS NOT NULL), 2::bigint, 'the records know their ticket');

-- After a repair
SELECT is(pg_temp.make('POST', '[{"step": "sound", "kind": "check"}]', '{"post_repair": true, "family": "apx 6000"}'), '1', 'a procedure for after a repair');
CREATE FUNCTION pg_temp.move(state text, tag text DEFAULT 'P2') RETURNS text LANGUAGE sql AS $$ SELECT pg_temp.said(r, 'state') FROM radioshop.ticket t JOIN radioshop.asset a USING (agency_id, asset_id) CROSS JOIN LATERAL
  pg_temp.move_ticket(jsonb_build_object('ticket', t.number, 'revision', t.revision, 'state', move.state)) r WHERE a.tag = move.tag $$;
CREATE FUNCTION pg_temp.checks(tag text DEFAULT 'P2') RETURNS text LANGUAGE sql AS $$ SELECT string_agg(concat_ws(' ', c.procedure, c.version, c.step, c.state, c.answer), '; ' ORDER BY c.n)
  FROM radioshop.ticket t JOIN radioshop.asset a USING (agency_id, asset_id) CROSS JOIN LATERAL radioshop.ticket_checks(t.agency_id, t.ticket_id) WITH ORDINALITY c (procedure, name, version, "position", step, title, kind, may_skip, state, answer, checked_by, checked_at, n)
  WHERE a.tag = checks.tag $$;
SELECT is(pg_temp.move('diagnosing') || pg_temp.move('testing'), 'diagnosingtesting', 'a ticket in testing');
SELECT is(pg_temp.move('ready'), format('FAILED_PRECONDITION|state|ticket IND-%s-00001 is not ready before its radio has passed POST (Name: sound) since it came to testing; record that first, for asset P2', extract(year FROM now())), 'does not go to ready untested');
SELECT is(pg_temp.serve('{"asset": "P2", "procedure": "POST", "readings": [], "answers": [{"step": "sound", "answer": "no"}]}'), 'failed', 'when the test fails');
SELECT matches(pg_temp.move('ready'), 'has passed POST \(Name: sound failed\)', 'it stays');
SELECT is(pg_temp.serve('{"asset": "P2", "procedure": "POST", "readings": [], "answers": [{"step": "sound", "answer": "yes"}]}'), 'passed', 'when it passes');
SELECT is(pg_temp.make(code, '[{"step": "a", "kind": "check"}]', '{"post_repair": true}' || more), '1', code) FROM (VALUES ('POST-MOBILE', '{"class": "mobile"}'::jsonb), ('POST-7000', '{"family": "APX 7000"}'),
  ('POST-H99', '{"model": "H99"}'), ('POST-OLD', '{}')) v (code, more);
SELECT matches(pg_temp.move('ready'), 'has passed POST-OLD \(Name: a\) since', 'of those made since only the one for every radio holds it back');
SELECT is((SELECT pg_temp.said(r, 'stopped') FROM pg_temp.update_procedure('{"procedure": {"code": "POST-OLD", "revision": 1, "stopped": true}, "update_mask": {"paths": ["stopped"]}}') r), 'true', 'until it is stopped');
SELECT is(pg_temp.checks(), 'POST 1 sound passed yes', 'what is on the checklist');
SELECT is(pg_temp.make('POST-MORE', '[{"step": "antenna", "kind": "check", "title": "Antenna fitted"}, {"step": "uhf", "kind": "check", "band": "UHF"}, {"step": "drain", "kind": "reading", "unit": "mA", "may_skip": true},
  {"step": "power", "kind": "reading", "unit": "W", "test": "tx_power"}]', '{"post_repair": true, "class": "portable"}'), '1', 'a longer checklist');
SELECT is(pg_temp.checks(), 'POST 1 sound passed yes; POST-MORE 1 antenna open ; POST-MORE 1 drain open ; POST-MORE 1 power open ', 'has the steps of its band');
SELECT matches(pg_temp.move('ready'), 'has passed POST-MORE \(Name: antenna, power\) since', 'and those are named that may not be left out');
SELECT is(pg_temp.serve('{"asset": "P2", "procedure": "POST-MORE", "answers": [{"step": "antenna", "answer": "no"}], "readings": [{"name": "power", "value": 2.9, "unit": "W"}]}'), 'failed', 'done, and one is not as it should be');
SELECT throws_ok($$UPDATE radioshop.ticket SET state = 'ready' WHERE number LIKE 'IND-%-00001'$$, 'RS412', format('state: ticket IND-%s-00001 is not ready before its radio has passed POST-MORE (Name: antenna failed) since it came to testing; record that first, for asset P2',
  extract(year FROM now())), 'no statement goes round it');
SELECT is((SELECT pg_temp.said(r, 'version') FROM pg_temp.revise_procedure('{"procedure": "POST-MORE", "revision": 1, "steps": [{"step": "antenna", "kind": "check"}, {"step": "knobs", "kind": "check"}]}') r), '2', 'it gets another version');
SELECT is(pg_temp.checks(), 'POST 1 sound passed yes; POST-MORE 1 antenna failed no; POST-MORE 1 drain skipped ; POST-MORE 1 power passed 2.9 W', 'what was answered is shown in the version it followed');
SELECT is(pg_temp.serve('{"asset": "P2", "procedure": "POST-MORE", "readings": [], "answers": [{"step": "antenna", "answer": "yes"}, {"step": "knobs", "answer": "yes"}]}'), 'passed', 'passed at last');
SELECT is(pg_temp.serve('{"asset": "P2", "procedure": "POST", "readings": [], "answers": [{"step": "sound", "answer": "no"}]}'), 'failed', 'what has passed before and fails now');
SELECT matches(pg_temp.move('ready'), 'has passed POST \(Name: sound failed\) since', 'has failed');
SELECT is(pg_temp.serve('{"asset": "P2", "procedure": "POST", "readings": [], "answers": [{"step": "sound", "answer": "yes"}]}'), 'passed', 'until it passes');
SELECT is(pg_temp.move('ready'), 'ready', 'it goes');
SELECT is(pg_temp.checks(), 'POST 1 sound passed yes; POST-MORE 2 antenna passed yes; POST-MORE 2 knobs passed yes', 'and shows what it went back with');
SELECT is((SELECT t.state FROM radioshop.open_ticket('M1', 'x', NULL, true) t), 'received', 'a ticket of a radio');
SELECT is(pg_temp.checks('M1'), 'POST-7000 1 a open ; POST-H99 1 a open ; POST-MORE 2 antenna open ; POST-MORE 2 knobs open ', 'says from the first day what will be to do');
SELECT is(pg_temp.move('diagnosing', 'M1') || pg_temp.move('at_depot', 'M1'), 'diagnosingat_depot', 'sent in');
SELECT matches(pg_temp.move('ready', 'M1'), 'has passed POST-7000 \(Name: a\) and POST-H99 \(Name: a\) and POST-MORE \(Name: antenna, knobs\) since it went to the depot', 'and back it is not ready unchecked, either');
SELECT is(pg_temp.move('testing', 'M1'), 'testing', 'it is tested');
SELECT is(radioshop.untested(901, t.ticket_id, t.number, t.state, 'beyond_repair'), NULL, 'what is written off goes without') FROM radioshop.ticket t JOIN radioshop.asset a USING (asset_id) WHERE a.tag = 'M1';
SELECT is(pg_temp.serve('{"asset": "M1", "procedure": "POST-MORE", "readings": [], "answers": [{"step": "antenna", "answer": "yes"}, {"step": "knobs", "answer": "yes"}]}'), 'passed', 'one of three');
SELECT matches(pg_temp.move('ready', 'M1'), 'has passed POST-7000 \(Name: a\) and POST-H99 \(Name: a\) since it came', 'the other two are left');
SELECT is((SELECT t.state FROM radioshop.open_ticket('P3', 'x', NULL, true) t), 'received', 'another ticket');
SELECT is(pg_temp.move('diagnosing', 'P3'), 'diagnosing', 'of a radio that is looked at');
SELECT is(pg_temp.move('ready', 'P3'), 'ready', 'and in which nothing was repaired needs no test');
SELECT is(radioshop.refuse_untested('nothing', 'ready'), NULL, 'what is no ticket is not held back here');

-- Only the shop's administrators, and only growing
SELECT throws_ok($$UPDATE radioshop.procedure_step SET unit = 'W'$$, '42501', NULL, 'a step cannot be changed');
SELECT throws_ok($$UPDATE radioshop.service_answer SET answer = 'yes'$$, '42501', NULL, 'nor an answer');
SELECT throws_ok($$DELETE FROM radioshop.analyser_calibration$$, '42501', NULL, 'nor a calibration');
SELECT radioshop.enter('mona', '{admin}', 'x', 'c2', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.make('MINE', '[{"step": "a", "kind": "check"}]'), 'PERMISSION_DENIED||only an administrator of the shop makes procedures', 'a city''s administrator makes none');
SELECT is((SELECT pg_temp.said(r, 'name') FROM pg_temp.revise_procedure('{"procedure": "APX-PM", "revision": 2, "steps": [{"step": "a", "kind": "check"}]}') r), 'PERMISSION_DENIED||only an administrator of the shop changes procedures', 'nor changes one');
SELECT is((SELECT pg_temp.said(r, 'serial') FROM pg_temp.create_analyser('{"analyser": {"serial": "X", "manufacturer": "m", "model": "m"}}') r), 'PERMISSION_DENIED||only an administrator of the shop registers analysers', 'nor registers an analyser');
SELECT is((SELECT r ->> 'plans' FROM pg_temp.get_procedure('{"procedure": "APX-PM"}') r), '[]', 'nor sees the plans of another city');
SELECT is_empty($$SELECT w.step FROM radioshop.service_answer w$$, 'nor its answers');

SELECT * FROM finish();
ROLLBACK;
