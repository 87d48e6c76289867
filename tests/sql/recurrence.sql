-- Plans in depth, skips, deferrals, meters and absences: what the tables make of the arithmetic, which due_date_oracle.py proves.
\set calls `python3 tests/sql/statements.py list_due list_due_changes list_meter_readings import_meter_readings`
BEGIN;
SELECT no_plan();
:calls

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES
  (901, 'IND', 'Independence', 'America/Chicago'), (902, 'LSM', 'Lee''s Summit', 'America/Chicago');
INSERT INTO radioshop.principal (name, display_name) VALUES ('mona', 'Mona'), ('lee', 'Lee');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'admin', CASE p.name WHEN 'mona' THEN 901 ELSE 902 END FROM radioshop.principal p WHERE p.name IN ('mona', 'lee');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('mona', '{admin}', 'PlanService.CreatePlan', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.today() RETURNS date LANGUAGE sql AS $$ SELECT radioshop.today('America/Chicago') $$;
CREATE FUNCTION pg_temp.due(tag text, plan text) RETURNS date LANGUAGE sql AS $$
  SELECT s.next_due FROM radioshop.schedule s JOIN radioshop.asset a USING (agency_id, asset_id) JOIN radioshop.plan p USING (agency_id, plan_id)
    WHERE a.tag = due.tag AND p.code = due.plan
$$;
-- A plan as the sentence of its refusal or violated constraint, or what it came to.
CREATE FUNCTION pg_temp.make(code text, n int, unit text, due date DEFAULT NULL, rule text DEFAULT '', b_from text DEFAULT '', b_until text DEFAULT '',
    meter text DEFAULT NULL, every bigint DEFAULT 0, basis text DEFAULT 'scheduled', class text DEFAULT NULL, early int DEFAULT 0, lim int DEFAULT 0)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  s radioshop.plan_shown;
  broken text;
BEGIN
  s := radioshop.create_plan('IND', make.code, make.code, '', n, unit, basis, due, 0, 0, make.class, '', false, rule, early, b_from, b_until, lim, meter, every);
  RETURN coalesce(split_part(s.refusal, chr(31), 2), format('%s %s %s', s.interval_count, coalesce(s.interval_unit, 'none'), s.rule));
EXCEPTION WHEN check_violation THEN
  GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
  RETURN split_part(obj_description((SELECT c.oid FROM pg_constraint c WHERE c.conname = broken), 'pg_constraint'), ':', 1);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Plans
SELECT is(pg_temp.make(code, n, unit, '2026-01-15', rule, f, u, meter, every), expected, why) FROM (VALUES
  ('A1', 2, 'weeks', '', '', '', NULL, 0, '2 weeks ', 'weeks'),
  ('A2', 1, 'years', '', '', '', NULL, 0, '1 years ', 'years'),
  ('A3', 101, 'years', '', '', '', NULL, 0, 'interval_count', 'not more than a hundred of them'),
  ('A4', 1, 'months', ' FIRST  monday', '', '', NULL, 0, '1 months first Monday', 'a rule however it is typed'),
  ('A5', 0, NULL, 'last Friday', '', '', NULL, 0, '1 months last Friday', 'a rule alone is of every month'),
  ('A6', 1, 'weeks', 'first Monday', '', '', NULL, 0, 'rule', 'a weekday of the month has no sense in weeks'),
  ('A7', 1, 'months', 'fifth Monday', '', '', NULL, 0, 'rule', 'not every month has a fifth'),
  ('A8', 1, 'months', 'Monday', '', '', NULL, 0, 'rule', 'which one?'),
  ('A9', 1, 'months', '', '11-15', '', NULL, 0, 'blackout_until', 'a blackout needs its end'),
  ('B1', 1, 'months', '', '', '01-05', NULL, 0, 'blackout_until', 'and its beginning'),
  ('B2', 1, 'months', '', '11-31', '01-05', NULL, 0, 'blackout_from', 'November has 30 days'),
  ('B3', 1, 'months', '', '02-29', '03-05', NULL, 0, '1 months ', '29 February is a day'),
  ('B4', 1, 'months', '', '3-1', '03-05', NULL, 0, 'blackout_from', 'two digits'),
  ('B5', 1, 'months', '', '03-01', '02-28', NULL, 0, 'blackout_until', 'a whole year leaves nothing'),
  ('B6', 1, 'months', '', '01-01', '12-31', NULL, 0, 'blackout_until', 'nor does this one'),
  ('B7', 1, 'months', '', '03-01', '02-27', NULL, 0, '1 months ', 'one day is enough'),
  ('B8', 0, NULL, '', '', '', 'hours', 500, '0 none ', 'a meter alone'),
  ('B9', 0, NULL, '', '', '', NULL, 0, 'interval_unit', 'or nothing'),
  ('C1', 1, 'months', '', '', '', 'hours', 0, 'meter_every', 'a meter needs its units'),
  ('C2', 1, 'months', '', '', '', NULL, 500, 'meter_every', 'and units their meter'),
  ('C3', 0, 'months', '', '', '', 'hours', 500, 'interval_count', 'half an interval'),
  ('C4', 3, NULL, '', '', '', 'hours', 500, 'interval_unit', 'the other half')
) v (code, n, unit, rule, f, u, meter, every, expected, why);
SELECT is((SELECT s.first_due_on FROM radioshop.plan s WHERE s.code = 'A5'), '2026-01-15', 'the first due date is kept as given');

INSERT INTO radioshop.asset (agency_id, tag, class, created_at) SELECT 901, 'P' || n, 'portable', now() - interval '10 years' FROM generate_series(1, 9) n;
SELECT is(pg_temp.due('P1', p), d::date, p) FROM (VALUES ('A1', '2026-01-15'), ('A4', '2026-02-02'), ('A5', '2026-01-30'), ('B3', '2026-01-15'),
  ('B8', NULL)) v (p, d);
SELECT is((radioshop.update_plan('IND', 'A4', 1, '{rule,blackout_from,blackout_until}', '', '', 0, NULL, NULL, NULL, 0, 0, NULL, '', false,
  'second tuesday', 0, '02-01', '02-14', 0, NULL, 0)).rule, 'second Tuesday', 'a rule changes');
SELECT is(pg_temp.due('P1', 'A4'), '2026-02-15', 'and moves the due dates, out of the blackout');
SELECT is((radioshop.update_plan('IND', 'A4', 2, '{early_days,defer_limit_days,meter,meter_every}', '', '', 0, NULL, NULL, NULL, 0, 0, NULL, '', false,
  '', 14, '', '', 30, 'ptt', 90)).meter_every, 90::bigint, 'and the rest can be changed too');
SELECT is((SELECT (p.early_days, p.defer_limit_days, p.meter, p.rule)::text FROM radioshop.plan p WHERE p.code = 'A4'), '(14,30,ptt,"second Tuesday")', 'all of it');

-- ---------------------------------------------------------------------------------------------------------------------
-- Skips and deferrals
SELECT is(pg_temp.make('M', 1, 'months', pg_temp.today() - 40, class => 'portable'), '1 months ', 'a plan');
CREATE FUNCTION pg_temp.said(refusal text) RETURNS text LANGUAGE sql AS $$ SELECT replace(refusal, chr(31), '|') $$;
SELECT is(pg_temp.said((radioshop.skip_due('P1', 'M', NULL, 'x')).refusal), format('INVALID_ARGUMENT|due_on|say which due date; asset IND:P1 is due on %s', pg_temp.today() - 40), 'which one?');
SELECT is(pg_temp.said((radioshop.skip_due('P1', 'M', pg_temp.today(), 'x')).refusal), format('FAILED_PRECONDITION|due_on|asset IND:P1 is not due on %s under this plan but on %s', pg_temp.today(), pg_temp.today() - 40), 'not that one');
SELECT throws_ok(format($$SELECT radioshop.skip_due('P1', 'M', %L, ' ')$$, pg_temp.today() - 40), '23514', NULL, 'a reason is needed');
SELECT is((SELECT (s.state, s.due_on, s.decided_by, s.next_due_on)::text FROM radioshop.skip_due('P1', 'M', pg_temp.today() - 40, ' no time ') s),
  format('(approved,%s,mona,%s)', pg_temp.today() - 40, (pg_temp.today() - 40 + interval '1 month')::date), 'skipped: the next one is due');
SELECT matches((radioshop.skip_due('P1', 'M', pg_temp.today() - 40, 'x')).refusal, 'mona skipped it$', 'the second is told who was first');
SELECT is((SELECT s.last_done_on FROM radioshop.schedule s JOIN radioshop.asset a USING (asset_id) JOIN radioshop.plan p USING (plan_id) WHERE a.tag = 'P1' AND p.code = 'M'), NULL, 'nothing was done');
SELECT is(pg_temp.due('P2', 'M'), pg_temp.today() - 40, 'others are due as before');

SELECT is(pg_temp.said((radioshop.defer_due('P2', 'M', pg_temp.today() - 40, pg_temp.today() - 5, 'x')).refusal),
  format('INVALID_ARGUMENT|deferred_to|%s is past', pg_temp.today() - 5), 'not to the past');
SELECT is(pg_temp.said((radioshop.defer_due('P2', 'M', pg_temp.today(), pg_temp.today() + 5, 'x')).refusal),
  format('FAILED_PRECONDITION|due_on|asset IND:P2 is not due on %s under this plan but on %s', pg_temp.today(), pg_temp.today() - 40), 'not another day''s');
SELECT is(pg_temp.said((radioshop.defer_due('P2', 'M', pg_temp.today() - 40, NULL, 'x')).refusal),
  format('INVALID_ARGUMENT|deferred_to|give a day after the due date %s', pg_temp.today() - 40), 'nor to nothing');
SELECT matches((radioshop.defer_due('P2', 'M', pg_temp.today() - 40, pg_temp.today() + 1, 'x')).refusal, 'it is due again the day after', 'not past the next occurrence');
SELECT is(pg_temp.make('Y', 12, 'months', pg_temp.today() - 40, class => 'portable', lim => 60), '12 months ', 'a yearly plan');
SELECT matches((radioshop.defer_due('P2', 'Y', pg_temp.today() - 40, pg_temp.today() + 21, 'x')).refusal, 'that is the limit of 60 days', 'not past the limit of the plan');
SELECT throws_ok(format($$SELECT radioshop.defer_due('P2', 'Y', %L, %L, ' ')$$, pg_temp.today() - 40, pg_temp.today() + 20), '23514', NULL, 'nor without a reason');
SELECT is((SELECT (s.state, s.decided_by, s.next_due_on)::text FROM radioshop.defer_due('P2', 'Y', pg_temp.today() - 40, pg_temp.today() + 20, 'x') s),
  format('(asked,"",%s)', pg_temp.today() - 40), 'asked for: nothing moves');
SELECT matches((radioshop.defer_due('P2', 'Y', pg_temp.today() - 40, pg_temp.today() + 10, 'x')).refusal, 'mona has asked already', 'asked once at a time');
CREATE FUNCTION pg_temp.asked(tag text) RETURNS text LANGUAGE sql AS $$
  SELECT c.change_id::text FROM radioshop.due_change c JOIN radioshop.asset a USING (agency_id, asset_id) WHERE a.tag = asked.tag AND c.state = 'asked'
$$;
CREATE TEMP TABLE ids AS SELECT pg_temp.asked('P2') AS p2;
SELECT is(pg_temp.said((radioshop.decide_deferral((SELECT p2 FROM ids), NULL, '')).refusal), 'INVALID_ARGUMENT|state|say whether it is approved or refused', 'yes or no');
SELECT is((SELECT (s.state, s.decided_by, s.next_due_on)::text FROM radioshop.decide_deferral((SELECT p2 FROM ids), 'approved', '') s),
  format('(approved,mona,%s)', pg_temp.today() + 20), 'approved: it moves');
SELECT matches((radioshop.decide_deferral((SELECT p2 FROM ids), 'refused', '')).refusal, 'mona has approved it already', 'decided once');
SELECT is(pg_temp.said((radioshop.decide_deferral('x', 'approved', '')).refusal), 'NOT_FOUND|change|there is no deferral x', 'a deferral nobody knows');
SELECT is((SELECT l ->> 'deferred_from' FROM pg_temp.list_due('{"asset": "P2", "plan": "Y"}') l), (pg_temp.today() - 40)::text, 'the list says from when');
-- Plans change: what was decided stays
SELECT is((radioshop.update_plan('IND', 'Y', 1, '{interval_count}', '', '', 6, NULL, NULL, NULL, 0, 0, NULL, '', false)).refusal, NULL, 'another interval');
SELECT is(pg_temp.due('P2', 'Y'), pg_temp.today() + 20, 'the deferral holds');
SELECT is((radioshop.update_plan('IND', 'Y', 2, '{first_due_on}', '', '', 0, NULL, NULL, pg_temp.today() - 35, 0, 0, NULL, '', false)).refusal, NULL, 'another first due date');
SELECT is(pg_temp.due('P2', 'Y'), pg_temp.today() + 20, 'and so for the due date that it was asked for');
SELECT is((radioshop.update_plan('IND', 'M', 1, '{grace_days,interval_count}', '', '', 2, NULL, NULL, NULL, 3, 0, NULL, '', false)).refusal, NULL, 'the other plan');
SELECT is(pg_temp.due('P1', 'M'), (pg_temp.today() - 40 + interval '2 months')::date, 'what was skipped is skipped');
-- Serviced meanwhile
SELECT is((SELECT s.state FROM radioshop.defer_due('P3', 'Y', pg_temp.today() - 35, pg_temp.today() + 5, 'x') s), 'asked', 'another is asked for');
SELECT is((radioshop.record_service('P3', 'Y', 'passed', NULL, NULL, NULL, NULL, '')).refusal, NULL, 'and serviced before anybody decides');
SELECT matches((radioshop.decide_deferral(pg_temp.asked('P3'), 'approved', '')).refusal, 'it can only be refused', 'then there is nothing to approve');
SELECT is((radioshop.decide_deferral(pg_temp.asked('P3'), 'refused', ' done ')).note, 'done', 'just to refuse');
SELECT is((SELECT count(*) FROM pg_temp.list_due_changes('{"open": true}')), 0::bigint, 'nothing waits');
SELECT is((SELECT count(*) FROM pg_temp.list_due_changes('{"agency": "ind"}')), 3::bigint, 'everything is listed');
SELECT is((SELECT count(*) FROM radioshop.event e WHERE e.resource = 'due_change'), 5::bigint, 'and every step is an event');
-- A deferral keeps out of the blackout, and what was agreed meanwhile counts when it is approved
SELECT is(pg_temp.make('B', 12, 'months', pg_temp.today() - 40, b_from => to_char(pg_temp.today() + 10, 'MM-DD'), b_until => to_char(pg_temp.today() + 12, 'MM-DD'),
  class => 'portable', lim => 60), '12 months ', 'a yearly plan with a blackout');
SELECT is(pg_temp.said((radioshop.defer_due('P7', 'B', pg_temp.today() - 40, pg_temp.today() + 12, 'x')).refusal), format(
  'FAILED_PRECONDITION|deferred_to|%s lies in the plan''s blackout from %s until %s', pg_temp.today() + 12, to_char(pg_temp.today() + 10, 'MM-DD'),
  to_char(pg_temp.today() + 12, 'MM-DD')), 'not into the blackout');
SELECT is((radioshop.defer_due(tag, 'B', pg_temp.today() - 40, pg_temp.today() + 13, 'x')).state, 'asked', 'but to the day after') FROM unnest('{P7,P8}'::text[]) tag;
SELECT is((radioshop.decide_deferral(pg_temp.asked('P7'), 'approved', '')).next_due_on, pg_temp.today() + 13, 'which is approved');
SELECT is((radioshop.skip_due('P7', 'B', pg_temp.today() + 13, 'x')).due_on, pg_temp.today() - 40, 'who skips it then skips what the calendar had');
SELECT is(pg_temp.due('P7', 'B'), (pg_temp.today() - 40 + interval '12 months')::date, 'and the next one is due');
SELECT is((radioshop.update_plan('IND', 'B', 1, '{defer_limit_days,early_days}', '', '', 0, NULL, NULL, NULL, 0, 0, NULL, '', false, '', 1, '', '', 30, NULL, 0)).refusal, NULL, 'less is agreed');
SELECT is(pg_temp.due('P8', 'B'), pg_temp.today() - 40, 'and all is reckoned anew: what is just asked for still moves nothing');
SELECT matches((radioshop.decide_deferral(pg_temp.asked('P8'), 'approved', '')).refusal, 'that is the limit of 30 days', 'which counts for what was asked before');
SELECT is((radioshop.decide_deferral(pg_temp.asked('P8'), 'refused', '')).next_due_on, pg_temp.today() - 40, 'what is refused moves nothing');

-- ---------------------------------------------------------------------------------------------------------------------
-- Meters
SELECT is(pg_temp.make('H', 0, NULL, meter => 'hours', every => 500, class => 'portable'), '0 none ', 'a plan by the meter');
RESET ROLE;
UPDATE radioshop.plan SET created_at = now() - interval '1 year' WHERE code = 'H';
SET LOCAL ROLE radioshop_app;
SELECT is((radioshop.record_meter('P1', 'hours', 3000, pg_temp.today() - 30, false, '')).total, 3000::bigint, 'a first reading');
SELECT is(pg_temp.due('P1', 'H'), NULL, 'is where it counts from');
SELECT is((radioshop.record_meter('P1', 'hours', 3499, pg_temp.today() - 20, false, '')).refusal, NULL, 'almost');
SELECT is(pg_temp.due('P1', 'H'), NULL, 'is not enough');
SELECT is((radioshop.record_meter('P1', 'hours', 3600, pg_temp.today() - 5, false, '')).refusal, NULL, 'far enough');
SELECT is(pg_temp.due('P1', 'H'), pg_temp.today() - 5, 'is due on the day it was read');
SELECT is((SELECT (l ->> 'by_meter', l ->> 'meter_left')::text FROM pg_temp.list_due('{"asset": "P1", "plan": "H"}') l), '(true,-100)', 'and the list says so');
SELECT matches((radioshop.record_meter('P1', 'hours', 3599, NULL, false, '')).refusal, 'does not go backwards', 'a meter does not go backwards');
SELECT matches((radioshop.record_meter('P1', 'hours', 3550, pg_temp.today() - 25, false, '')).refusal, 'showed only 3499', 'nor was it further before');
SELECT is((radioshop.record_meter('P1', 'hours', 3450, pg_temp.today() - 25, false, '')).total, 3450::bigint, 'what lies between may be typed later');
SELECT matches((radioshop.record_meter('P1', 'hours', 0, pg_temp.today() - 25, true, '')).refusal, 'recorded before its readings', 'but not a replaced meter');
SELECT matches((radioshop.record_meter('P1', 'hours', 1, pg_temp.today() + 1, false, '')).refusal, 'in the future', 'nor the future');
SELECT is((radioshop.record_meter('P1', 'hours', 10, NULL, true, 'new board')).total, 3600::bigint, 'a replaced one begins anew, and the total stays');
SELECT is((radioshop.record_meter('P1', 'hours', 60, NULL, false, '')).total, 3650::bigint, 'and goes on');
SELECT is((radioshop.record_service('P1', 'H', 'passed', NULL, NULL, NULL, NULL, '')).next_due_on, NULL, 'a service sets it back');
SELECT is((radioshop.record_meter('P1', 'hours', 560, NULL, false, '')).total, 4150::bigint, 'on the same day: the work was after it');
SELECT is(pg_temp.due('P1', 'H'), NULL, 'so it counts from there');
SELECT is((radioshop.record_meter('P1', 'cycles', 5, NULL, false, '')).total, 5::bigint, 'another meter counts by itself');
SELECT is((SELECT count(*) FROM pg_temp.list_meter_readings('{"asset": "P1", "meter": "hours"}')), 7::bigint, 'readings are listed');
SELECT is((SELECT array_agg(coalesce(l ->> 'outcome', '') || ':' || (l ->> 'column') || ':' || (l ->> 'reason') ORDER BY (l ->> 'line')::int)
  FROM pg_temp.import_meter_readings(jsonb_build_object('rows', jsonb_build_array(
    jsonb_build_object('line', 2, 'asset', 'P4', 'meter', 'hours', 'value', 900, 'read_on', pg_temp.today()),
    jsonb_build_object('line', 3, 'asset', 'P4', 'meter', 'hours', 'value', 400, 'read_on', pg_temp.today() - 9),
    jsonb_build_object('line', 4, 'asset', 'P4', 'meter', 'hours', 'value', 400, 'read_on', pg_temp.today() - 9),
    jsonb_build_object('line', 5, 'asset', 'nobody', 'meter', 'hours', 'value', 1),
    jsonb_build_object('line', 6, 'asset', 'P4', 'meter', 'hours', 'value', 1, 'read_on', '2026-02-30')))) l),
  '{created::,created::,unchanged::,"refused:asset:no asset has the code nobody","refused:read_on:2026-02-30 is no day from 1970-01-01 on; write YYYY-MM-DD"}',
  'an import takes its rows by day, and each by itself');
SELECT is(pg_temp.due('P4', 'H'), pg_temp.today(), 'and makes due');
SELECT is((SELECT s.refusal FROM radioshop.skip_due('P4', 'H', pg_temp.today(), 'x') s), NULL, 'what a meter makes due can be skipped');
SELECT is(pg_temp.due('P4', 'H'), NULL, 'and counts from there');
SELECT is(pg_temp.make('NEW', 0, NULL, meter => 'hours', every => 500, class => 'portable'), '0 none ', 'a plan made today');
SELECT is((SELECT s.meter_left FROM radioshop.schedule s JOIN radioshop.asset a USING (asset_id) JOIN radioshop.plan p USING (plan_id)
  WHERE a.tag = 'P4' AND p.code = 'NEW'), 500::bigint, 'counts from what the meter shows today');
SELECT is(pg_temp.said((radioshop.record_meter('P1', 'ptt', v, NULL, false, '')).refusal), 'INVALID_ARGUMENT|value|a reading is 0 to 1000000000000', v || ' is no reading') FROM unnest('{-1,1000000000001}'::bigint[]) v;
SELECT is(pg_temp.said((SELECT l ->> 'refusal' FROM pg_temp.import_meter_readings(jsonb_build_object('rows', (SELECT jsonb_agg(jsonb_build_object('line', n, 'asset', 'P1', 'meter', 'ptt', 'value', n))
  FROM generate_series(1, 501) n))) l)), 'INVALID_ARGUMENT|rows|send at most 500 readings at once', 'nor 501 at once');
SELECT throws_ok($$UPDATE radioshop.meter_reading SET value = 1$$, '42501', NULL, 'readings only grow');

-- ---------------------------------------------------------------------------------------------------------------------
-- Absences: the day it left and the day it is back are the trigger's; the rest is told by moving them.
CREATE FUNCTION pg_temp.away(tag text, status text) RETURNS void LANGUAGE sql AS $$ UPDATE radioshop.asset a SET status = away.status WHERE a.tag = away.tag $$;
SELECT is(pg_temp.due('P5', 'M'), pg_temp.today() - 40, 'overdue');
SELECT pg_temp.away('P5', 'missing');
SELECT is(pg_temp.due('P5', 'M'), NULL, 'gone: not due');
SELECT pg_temp.away('P5', 'at_depot');
SELECT is((SELECT count(*) FROM radioshop.asset_absence), 1::bigint, 'from one absence to another is one');
SELECT pg_temp.away('P5', 'spare');
SELECT is(pg_temp.due('P5', 'M'), pg_temp.today() - 40, 'back: what was overdue before is overdue, not lost');
SELECT is((SELECT (b.away_from, b.back_on)::text FROM radioshop.asset_absence b), format('(%s,%s)', pg_temp.today(), pg_temp.today()), 'the days are the agency''s');
SELECT pg_temp.away('P5', 'retired');
SELECT is((SELECT b.back_on FROM radioshop.asset_absence b), NULL, 'away again on the same day: it has not been back');
SELECT pg_temp.away('P5', 'in_service');
INSERT INTO radioshop.asset_absence (agency_id, asset_id, away_from) SELECT 901, a.asset_id, pg_temp.today() - 60 FROM radioshop.asset a WHERE a.tag = 'P6';
RESET ROLE;
ALTER TABLE radioshop.asset DISABLE TRIGGER reschedule_changed;
UPDATE radioshop.asset SET status = 'at_depot' WHERE tag = 'P6';
ALTER TABLE radioshop.asset ENABLE TRIGGER reschedule_changed;
SET LOCAL ROLE radioshop_app;
SELECT pg_temp.away('P6', 'in_shop');
SELECT is(pg_temp.due('P6', 'M'), pg_temp.today(), 'back after sixty days: what came due meanwhile is due today, not overdue');
SELECT is((SELECT s.occurs_on FROM radioshop.schedule s JOIN radioshop.asset a USING (asset_id) JOIN radioshop.plan p USING (plan_id) WHERE a.tag = 'P6' AND p.code = 'M'), pg_temp.today() - 40, 'and the calendar has not moved');
SELECT is((radioshop.record_service('P6', 'M', 'passed', NULL, NULL, NULL, NULL, '')).next_due_on, (pg_temp.today() - 40 + interval '2 months')::date, 'once served, the calendar goes on');
INSERT INTO radioshop.asset (agency_id, tag, class, status, created_at) VALUES (901, 'LOST', 'portable', 'missing', now() - interval '3 days');
SELECT is((SELECT b.away_from FROM radioshop.asset_absence b JOIN radioshop.asset a USING (asset_id) WHERE a.tag = 'LOST'),
  radioshop.day_at(now() - interval '3 days', 'America/Chicago'), 'what comes into the register while it is missing is away from then on');

INSERT INTO radioshop.asset (agency_id, tag, class, status) VALUES (901, 'OLD', 'portable', 'retired');
SELECT is(pg_temp.said((radioshop.record_meter('OLD', 'hours', 1, NULL, false, '')).refusal), 'FAILED_PRECONDITION|asset|asset IND:OLD is retired; nothing is read on it', 'not on what is retired');

-- The constraints are the last guard
SELECT throws_ok(format('UPDATE radioshop.%s SET %s', what, change), '23514', format('new row for relation "%s" violates check constraint "%s"', split_part(what, ' ', 1), rule), rule) FROM (VALUES
  ('plan', 'early_days = -1', 'plan_early_days_range'), ('plan', 'defer_limit_days = 3651', 'plan_defer_limit_days_range'), ('plan', 'meter = $q$ptt$q$, meter_every = 1000000001', 'plan_meter_every_range'),
  ('plan', 'interval_count = 0, interval_unit = NULL, rule = $q$$q$, meter = NULL, meter_every = 0', 'plan_comes_back'),
  ('due_change', 'state = $q$approved$q$, decided_by = $q$$q$, decided_at = NULL', 'due_change_decided_whole'), ('asset_absence', 'back_on = away_from - 1', 'asset_absence_days_in_order')) v (what, change, rule);

-- ---------------------------------------------------------------------------------------------------------------------
-- Tenancy
SELECT radioshop.enter('lee', '{admin}', 'ScheduleService.SkipDue', 'c2', 60000, 5000, NULL, NULL);
SELECT is((SELECT (SELECT count(*) FROM radioshop.due_change) + (SELECT count(*) FROM radioshop.meter_reading) + (SELECT count(*) FROM radioshop.asset_absence)), 0::bigint,
  'another agency sees nothing of it');
SELECT is(pg_temp.said((radioshop.decide_deferral((SELECT p2 FROM ids), 'approved', '')).refusal), format('NOT_FOUND|change|there is no deferral %s', (SELECT p2 FROM ids)), 'and decides nothing');
SELECT matches((radioshop.skip_due('P2', 'M', pg_temp.today(), 'x')).refusal, '^NOT_FOUND', 'nor skips');
SELECT matches((radioshop.record_meter('P2', 'hours', 1, NULL, false, '')).refusal, '^NOT_FOUND', 'nor reads meters');

SELECT * FROM finish();
ROLLBACK;
