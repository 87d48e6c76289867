-- Reports: what is counted, in whose days, and that nobody counts another agency's.
\set calls `python3 tests/sql/statements.py summarize_compliance summarize_due_weeks summarize_turnaround summarize_ageing summarize_repeats summarize_costs summarize_failures`
BEGIN;
SELECT no_plan();
:calls

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES
  (901, 'IND', 'Independence', 'America/Chicago'), (902, 'LSM', 'Lee''s Summit', 'America/Chicago');
INSERT INTO radioshop.model (number, manufacturer, class) VALUES ('H98', 'Motorola', 'portable'), ('M22', 'Motorola', 'mobile');
INSERT INTO radioshop.principal (name, display_name) VALUES ('mona', 'Mona'), ('lee', 'Lee');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'admin', CASE p.name WHEN 'mona' THEN 901 ELSE 902 END FROM radioshop.principal p WHERE p.name IN ('mona', 'lee');
CREATE FUNCTION pg_temp.today() RETURNS date LANGUAGE sql AS $$ SELECT radioshop.today('America/Chicago') $$;
-- The values of some keys, a row after the other.
CREATE FUNCTION pg_temp.shown(keys text, VARIADIC rows jsonb[]) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg((SELECT string_agg(coalesce(r ->> k, '-'), ' ' ORDER BY kn) FROM unnest(string_to_array(keys, ' ')) WITH ORDINALITY x (k, kn)), '; ' ORDER BY n)
    FROM unnest(rows) WITH ORDINALITY u (r, n)
$$;
CREATE FUNCTION pg_temp.said(refusal text) RETURNS text LANGUAGE sql AS $$ SELECT translate(refusal, chr(31), '|') $$;

SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('mona', '{admin}', 'PlanService.CreatePlan', 'c1', 60000, 5000, NULL, NULL);

-- ---------------------------------------------------------------------------------------------------------------------
-- Compliance
INSERT INTO radioshop.asset (agency_id, tag, class, created_at) SELECT 901, t, 'portable', '2023-01-01' FROM unnest(ARRAY['A', 'B', 'C', 'D', 'E', 'F']) t;
SELECT is((SELECT s.refusal FROM radioshop.create_plan('IND', 'PM12', 'Yearly', '', 12, 'months', 'completed', '2025-03-01', 7, 0, 'portable', '', false) s), NULL, 'a plan');
SELECT is((SELECT s.refusal FROM radioshop.create_plan('IND', 'EMPTY', 'Of nothing', '', 12, 'months', 'completed', '2025-03-01', 7, 0, 'console', '', false) s), NULL, 'and one of nothing');
CREATE FUNCTION pg_temp.done(tag text, day date, result text DEFAULT 'passed') RETURNS void LANGUAGE sql AS $$
  INSERT INTO radioshop.service_record (agency_id, asset_id, plan_id, done_on, result)
    SELECT a.agency_id, a.asset_id, p.plan_id, done.day, done.result FROM radioshop.asset a JOIN radioshop.plan p USING (agency_id)
      WHERE a.tag = done.tag AND p.code = 'PM12'
$$;
CREATE FUNCTION pg_temp.kept(request jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.shown('agency plan due on_time late overdue percent_on_time', VARIADIC ARRAY(SELECT pg_temp.summarize_compliance(request)))
$$;
SELECT is(pg_temp.kept('{"from": "2025-01-01", "to": "2025-12-31"}'), 'IND PM12 6 0 0 6 0', 'nothing is done: all is overdue, and a plan of nothing is left out');
SELECT pg_temp.done('A', '2025-03-01'), pg_temp.done('B', '2025-03-08'), pg_temp.done('C', '2025-03-09'), pg_temp.done('F', '2025-01-15');
SELECT is(pg_temp.kept('{"from": "2025-01-01", "to": "2025-12-31"}'), 'IND PM12 6 3 1 2 50',
  'on the day, on the last day of grace and early is in time, the day after the grace is late');
SELECT pg_temp.done('E', '2024-02-20');
SELECT is(pg_temp.kept('{"from": "2025-01-01", "to": "2025-12-31"}'), 'IND PM12 6 3 1 2 50', 'history that is entered meets nothing, and makes overdue what it does');
SELECT is(pg_temp.kept('{"from": "2025-01-01", "to": "2025-02-28"}'), 'IND PM12 1 0 0 1 0', 'a period holds the due dates in it, its last day too');
SELECT is(pg_temp.kept('{"from": "2025-03-02", "to": "2025-12-31"}'), NULL, 'and none outside');
SELECT pg_temp.done('D', '2025-04-01', 'failed');
SELECT is(pg_temp.kept('{"from": "2025-03-01", "to": "2025-03-01"}'), 'IND PM12 5 3 1 1 60', 'a failed service meets nothing');
SELECT pg_temp.done('A', '2025-03-02'), pg_temp.done('A', '2025-03-01');
SELECT is(pg_temp.kept('{"from": "2025-03-01", "to": "2025-03-01"}'), 'IND PM12 5 3 1 1 60', 'a repeat meets nothing twice');
UPDATE radioshop.plan SET grace_days = 30 WHERE code = 'PM12';
SELECT is(pg_temp.kept('{"from": "2025-03-01", "to": "2025-03-01", "plan": "pm12"}'), 'IND PM12 5 3 1 1 60', 'a plan that is changed later forgives nothing');
SELECT is(pg_temp.kept('{"agency": "ind"}'), pg_temp.kept(jsonb_build_object('to', pg_temp.today(), 'from', (pg_temp.today() - interval '1 year')::date)), 'a year until today if nothing is said');
SELECT is((SELECT pg_temp.said(r ->> 'refusal') FROM pg_temp.summarize_compliance('{"plan": "NONE"}') r), 'NOT_FOUND|plan|no plan has the code NONE', 'an unknown plan');
SELECT is((SELECT pg_temp.said(r ->> 'refusal') FROM pg_temp.summarize_compliance('{"from": "2025-02-01", "to": "2025-01-31"}') r),
  'INVALID_ARGUMENT|from|2025-02-01 is after 2025-01-31, where the period ends', 'a period that ends before it begins');
SELECT throws_ok('UPDATE radioshop.due_met SET done_on = due_on', '42501', NULL, 'what was met cannot be made up');

-- ---------------------------------------------------------------------------------------------------------------------
-- Weeks
CREATE FUNCTION pg_temp.weeks(request jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(CASE WHEN (w ->> 'due')::int > 0 THEN ((w ->> 'week_on')::date - date_trunc('week', pg_temp.today())::date) / 7 || ':' || (w ->> 'due') END, ' ' ORDER BY n)
      || ' of ' || count(*)
    FROM pg_temp.summarize_due_weeks(request) WITH ORDINALITY x (w, n)
$$;
UPDATE radioshop.schedule s SET next_due = CASE a.tag
    WHEN 'A' THEN date_trunc('week', pg_temp.today())::date WHEN 'B' THEN date_trunc('week', pg_temp.today())::date + 6
    WHEN 'C' THEN date_trunc('week', pg_temp.today())::date + 7 WHEN 'D' THEN date_trunc('week', pg_temp.today())::date + 7 * 26 - 1
    WHEN 'E' THEN date_trunc('week', pg_temp.today())::date + 7 * 26 ELSE date_trunc('week', pg_temp.today())::date - 1 END
  FROM radioshop.asset a WHERE a.agency_id = s.agency_id AND a.asset_id = s.asset_id;
SELECT is(pg_temp.kept(jsonb_build_object('from', pg_temp.today() - 8, 'to', pg_temp.today() + 200)), NULL, 'what can still be met is left out');
SELECT is(pg_temp.weeks('{}'), '0:2 1:1 25:1 of 26', 'half a year, Monday to Sunday; not what was due before, nor after');
SELECT is(pg_temp.weeks('{"weeks": 1}'), '0:2 of 1', 'one week');
SELECT is(pg_temp.weeks('{"weeks": 104}'), '0:2 1:1 25:1 26:1 of 104', 'two years');
SELECT is((SELECT pg_temp.said(r ->> 'refusal') FROM pg_temp.summarize_due_weeks('{"weeks": 105}') r), 'INVALID_ARGUMENT|weeks|give 1 to 104 weeks, or 0 for 26', 'not more');

-- ---------------------------------------------------------------------------------------------------------------------
-- Tickets of the past, as no trigger would let them in
RESET ROLE;
SET LOCAL session_replication_role = replica;
UPDATE radioshop.asset SET model_id = (SELECT model_id FROM radioshop.model WHERE number = CASE tag WHEN 'C' THEN 'M22' ELSE 'H98' END) WHERE agency_id = 901;
CREATE FUNCTION pg_temp.ticket(number text, tag text, opened text, closed text, problem text DEFAULT 'x', cause text DEFAULT '', priority text DEFAULT 'normal',
    state text DEFAULT 'closed', agency int DEFAULT 901,
    cause_code text DEFAULT NULL, problem_code text DEFAULT NULL, outcome text DEFAULT 'repaired') RETURNS void LANGUAGE sql AS $$
  INSERT INTO radioshop.ticket (agency_id, ticket_id, number, asset_id, from_state, state, priority, problem, cause, cause_code, problem_code, outcome,
      opened_by, opened_at, closed_at)
    SELECT a.agency_id, md5(number)::uuid, number, a.asset_id, CASE WHEN closed IS NULL OR state = 'cancelled' THEN 'reported' END,
        CASE WHEN closed IS NULL THEN 'diagnosing' ELSE state END, priority, problem, cause, cause_code, problem_code,
        CASE WHEN closed IS NULL THEN NULL WHEN state = 'cancelled' THEN state ELSE outcome END, 'tina',
        opened::timestamptz, closed::timestamptz FROM radioshop.asset a WHERE a.agency_id = agency AND a.tag = ticket.tag
$$;
CREATE FUNCTION pg_temp.entry(number text, at text, kind text, what text DEFAULT NULL, minutes int DEFAULT 0, cents bigint DEFAULT 0, agency int DEFAULT 901) RETURNS void LANGUAGE sql AS $$
  INSERT INTO radioshop.ticket_entry (agency_id, ticket_id, entry_no, at, principal, kind, text, minutes, cost_cents, state)
    SELECT agency, md5(number)::uuid, 1 + count(e.entry_no), entry.at::timestamptz, 'tina', entry.kind, 'x', entry.minutes, cents, what
      FROM radioshop.ticket_entry e WHERE e.ticket_id = md5(number)::uuid
$$;
SELECT pg_temp.ticket('T1', 'A', '2025-06-01 10:00-05', '2025-06-05 10:00-05', 'No audio', 'Worn  speaker'),
  pg_temp.ticket('T2', 'B', '2025-06-01 10:00-05', '2025-07-20 10:00-05', 'no audio', 'worn speaker'),
  pg_temp.ticket('T3', 'C', '2025-06-01 10:00-05', '2025-06-02 10:00-05', 'dead', '', 'urgent'),
  pg_temp.ticket('T4', 'D', '2025-06-29 23:30-05', '2025-07-01 10:00-05', 'dead', 'water'),
  pg_temp.ticket('T5', 'D', '2025-06-10 10:00-05', '2025-06-10 10:00-05', 'knob', 'worn speaker');
SELECT pg_temp.entry('T1', '2025-06-01 10:00-05', 'move', 'received'), pg_temp.entry('T1', '2025-06-03 10:00-05', 'move', 'ready'), pg_temp.entry('T1', '2025-06-04 10:00-05', 'move', 'returned'),
  pg_temp.entry('T2', '2025-06-02 10:00-05', 'move', 'ready'), pg_temp.entry('T2', '2025-07-10 10:00-05', 'move', 'ready'),
  pg_temp.entry('T3', '2025-06-01 22:00-05', 'move', 'ready'), pg_temp.entry('T3', '2025-06-02 10:00-05', 'move', 'returned'),
  pg_temp.entry('T4', '2025-06-30 23:30-05', 'move', 'ready'),
  pg_temp.entry('T5', '2025-06-10 10:00-05', 'move', 'received'), pg_temp.entry('T5', '2025-06-10 10:00-05', 'move', 'closed');
SELECT pg_temp.entry('T1', '2025-06-03 09:00-05', 'labour', NULL, 30), pg_temp.entry('T1', '2025-06-03 09:00-05', 'part', NULL, 0, 1420),
  pg_temp.entry('T1', '2025-06-03 09:00-05', 'part', NULL, 0, 80), pg_temp.entry('T1', '2025-06-30 23:59-05', 'outside', NULL, 0, 5000),
  pg_temp.entry('T1', '2025-07-01 00:00-05', 'outside', NULL, 0, 700), pg_temp.entry('T3', '2025-06-01 12:00-05', 'labour', NULL, 45),
  pg_temp.entry('T4', '2025-06-30 12:00-05', 'labour', NULL, 15), pg_temp.entry('T5', '2025-06-10 12:00-05', 'part', NULL, 0, 100);
-- B's audio came back 18 days after the repair, then again after 200; C's ticket in between was cancelled, D's were two problems.
SELECT pg_temp.ticket('R1', 'A', '2025-06-23 12:00-05', '2025-06-24 12:00-05', 'no   AUDIO'), pg_temp.ticket('R2', 'A', '2026-01-10 12:00-06', '2026-01-11 12:00-06', 'no audio'),
  pg_temp.ticket('R3', 'C', '2025-06-20 12:00-05', '2025-06-21 12:00-05', 'dead', '', 'normal', 'cancelled');
-- Two with codes, in one case with other words; one where there was no fault.
SELECT pg_temp.ticket('K1', 'E', '2025-06-03 12:00-05', '2025-06-04 12:00-05', 'quiet', 'x', cause_code => 'WEAR', problem_code => 'AUDIO_RX'),
  pg_temp.ticket('K2', 'E', '2025-06-06 12:00-05', '2025-06-07 12:00-05', 'silent', 'y', cause_code => 'WEAR', problem_code => 'AUDIO_RX'),
  pg_temp.ticket('K3', 'F', '2025-06-06 12:00-05', '2025-06-07 12:00-05', 'odd', outcome => 'no_fault_found');
INSERT INTO radioshop.asset (agency_id, asset_id, tag, class) SELECT 901, md5('age' || n)::uuid, 'G' || n, 'other' FROM generate_series(1, 8) n;
SELECT pg_temp.ticket('G' || n, 'G' || n, (now() - age)::text, NULL)
  FROM unnest(ARRAY['1 minute', '167 hours', '7 days', '14 days', '718 hours', '30 days', '89 days', '90 days']::interval[]) WITH ORDINALITY x (age, n);
SET LOCAL session_replication_role = origin;
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('mona', '{admin}', 'PlanService.CreatePlan', 'c2', 60000, 5000, NULL, NULL);

CREATE FUNCTION pg_temp.turned(request jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.shown('agency model priority tickets ready_median_hours ready_p90_hours returned returned_median_hours returned_p90_hours',
    VARIADIC ARRAY(SELECT pg_temp.summarize_turnaround('{"from": "2025-06-01", "to": "2025-06-30"}' || request)))
$$;
SELECT is(pg_temp.turned('{}'), 'IND  - 4 24 40.8 2 48 67.2', 'by agency, June in the days of Chicago; a logged repair has no time');
SELECT is(pg_temp.turned('{"by": "priority"}'), '  urgent 1 12 12 1 24 24;   normal 3 24 43.2 1 72 72', 'by priority, the urgent first');
SELECT is(pg_temp.turned('{"by": "model"}'), ' H98 - 3 24 43.2 1 72 72;  M22 - 1 12 12 1 24 24', 'by model');
SELECT is(pg_temp.turned('{"from": "2025-07-01", "to": "2025-07-31"}'), NULL, 'the second time ready is not the first');
SELECT is((SELECT pg_temp.said(r ->> 'refusal') FROM pg_temp.summarize_turnaround('{"by": "asset"}') r), 'INVALID_ARGUMENT|by|give agency, model or priority', 'not by asset');

SELECT is((SELECT pg_temp.shown('agency open days_0_6 days_7_13 days_14_29 days_30_59 days_60_89 days_90 oldest_days oldest', r) FROM pg_temp.summarize_ageing('{}') r),
  'IND 8 2 1 2 1 1 1 90 G8', 'open tickets by age, bounds within');

CREATE FUNCTION pg_temp.repeated(request jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.shown('agency tag model problem repeats least_days last_ticket', VARIADIC ARRAY(SELECT pg_temp.summarize_repeats('{"from": "2025-01-01", "to": "2026-12-31"}' || request)))
$$;
SELECT is(pg_temp.repeated('{}'), 'IND A H98 no   AUDIO 1 18 R1; IND E H98 silent 1 2 K2', 'the same code, or the same words within 90 days of the repair; a cancelled ticket is none');
SELECT is(pg_temp.repeated('{"days": 18}'), 'IND A H98 no   AUDIO 1 18 R1; IND E H98 silent 1 2 K2', 'within just so many');
SELECT is(pg_temp.repeated('{"days": 17}'), 'IND E H98 silent 1 2 K2', 'not within fewer');
SELECT is(pg_temp.repeated('{"days": 365}'), 'IND A H98 no audio 2 18 R2; IND E H98 silent 1 2 K2', 'within more');
SELECT is(pg_temp.repeated('{"days": 365, "from": "2026-01-01"}'), 'IND A H98 no audio 1 200 R2', 'what came back in the period, whenever it was repaired');
SELECT is((SELECT pg_temp.said(r ->> 'refusal') FROM pg_temp.summarize_repeats('{"top": 1001}') r), 'INVALID_ARGUMENT|top|give 1 to 1000, or 0 for 100', 'not more than 1000');

CREATE FUNCTION pg_temp.spent(request jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.shown('agency tag model assets tickets labour_minutes parts_cents outside_cents cost_cents', VARIADIC ARRAY(SELECT pg_temp.summarize_costs('{"from": "2025-06-01", "to": "2025-06-30"}' || request)))
$$;
SELECT is(pg_temp.spent('{}'), 'IND   3 4 90 1600 5000 6600', 'by agency, the last minute of June in Chicago too');
SELECT is(pg_temp.spent('{"by": "model"}'), '  H98 2 3 45 1600 5000 6600;   M22 1 1 45 0 0 0', 'by model, the dearest first');
SELECT is(pg_temp.spent('{"by": "asset"}'), 'IND A H98 1 1 30 1500 5000 6500; IND D H98 1 2 15 100 0 100; IND C M22 1 1 45 0 0 0', 'by asset');
SELECT is(pg_temp.spent('{"by": "asset", "top": 1}'), 'IND A H98 1 1 30 1500 5000 6500', 'just the dearest');
SELECT is(pg_temp.spent('{"from": "2025-07-01", "to": "2025-07-31"}'), 'IND   1 1 0 0 700 700', 'the first minute of July is July''s');

CREATE FUNCTION pg_temp.failed(request jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.shown('model cause tickets assets fleet per_100', VARIADIC ARRAY(SELECT pg_temp.summarize_failures('{"from": "2025-06-01", "to": "2025-06-30"}' || request)))
$$;
SELECT is(pg_temp.failed('{}'), 'H98 Worn  speaker 3 3 5 60; H98 Wear 2 1 5 40; H98  1 1 5 20; H98 water 1 1 5 20; M22  1 1 1 100', 'by model and cause');
SELECT is(pg_temp.failed('{"model": "m22"}'), 'M22  1 1 1 100', 'of one model');
SELECT is((SELECT pg_temp.said(r ->> 'refusal') FROM pg_temp.summarize_failures('{"model": "NONE"}') r), 'NOT_FOUND|model|no model has the number NONE', 'of none');

-- ---------------------------------------------------------------------------------------------------------------------
-- Another agency
SELECT radioshop.enter('lee', '{admin}', 'PlanService.CreatePlan', 'c3', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.kept('{"from": "2025-01-01"}'), NULL, 'nothing was due there');
SELECT is(pg_temp.weeks('{}'), NULL, 'nor will be');
SELECT is(pg_temp.turned('{}'), NULL, 'nor repaired');
SELECT is((SELECT pg_temp.shown('agency open oldest', r) FROM pg_temp.summarize_ageing('{}') r), 'LSM 0 ', 'none is open');
SELECT is(pg_temp.repeated('{}'), NULL, 'none came back');
SELECT is(pg_temp.spent('{}'), NULL, 'nothing was spent');
SELECT is(pg_temp.failed('{}'), NULL, 'nothing failed');
SELECT is((SELECT count(*) FROM radioshop.due_met), 0::bigint, 'no due date is seen');
SELECT is((SELECT pg_temp.said(r ->> 'refusal') FROM pg_temp.summarize_ageing('{"agency": "IND"}') r), 'NOT_FOUND|agency|no agency has the code IND', 'another agency looks like none');

SELECT * FROM finish();
ROLLBACK;
