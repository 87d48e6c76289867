-- Schedules: the arithmetic of due dates, and that each (asset, plan) is kept right whatever happens to asset or plan.
\set calls `python3 tests/sql/statements.py list_due`
BEGIN;
SELECT no_plan();
:calls

-- ---------------------------------------------------------------------------------------------------------------------
-- Arithmetic: first_due, every, unit, basis, services done, next due, why
SELECT is(radioshop.next_due(first_due::date, n, unit, basis, done::date[]), expected::date, why) FROM (VALUES
  ('2026-01-31', 1, 'months', 'scheduled', '{}', '2026-01-31', 'nothing done: the first due date'),
  ('2026-01-31', 1, 'months', 'scheduled', NULL, '2026-01-31', 'no list at all: the first due date'),
  ('2026-01-31', 1, 'months', 'scheduled', '{2026-01-31}', '2026-02-28', 'one month after 31 January is the last day of February'),
  ('2028-01-31', 1, 'months', 'scheduled', '{2028-01-31}', '2028-02-29', 'also in a leap year'),
  ('2026-01-31', 1, 'months', 'scheduled', '{2026-01-31,2026-02-28}', '2026-03-31', 'and then 31 March: months are not chained'),
  ('2026-01-31', 1, 'months', 'scheduled', '{2026-02-28,2026-01-31}', '2026-03-31', 'the order of the list does not matter'),
  ('2026-01-31', 1, 'months', 'scheduled', '{2026-01-31,NULL}', '2026-02-28', 'NULLs in the list do not matter'),
  ('2024-02-29', 12, 'months', 'scheduled', '{2024-02-29,2025-02-28,2026-02-28,2027-02-28}', '2028-02-29', '29 February comes back'),
  ('2026-06-01', 12, 'months', 'scheduled', '{2026-06-20}', '2027-06-01', 'late work does not move the calendar'),
  ('2026-06-01', 12, 'months', 'scheduled', '{2026-05-10}', '2027-06-01', 'nor does early work'),
  ('2026-06-01', 12, 'months', 'scheduled', '{2025-11-01}', '2026-06-01', 'a service nearer to the occurrence before moves nothing'),
  ('2026-01-11', 10, 'days', 'scheduled', '{2026-01-06}', '2026-01-11', 'half way it does not count'),
  ('2026-01-11', 10, 'days', 'scheduled', '{2026-01-07}', '2026-01-21', 'one day later it does'),
  ('2026-01-11', 10, 'days', 'scheduled', '{2026-01-11,2026-01-12}', '2026-01-21', 'a repeat after the due date moves nothing more'),
  ('2026-01-11', 10, 'days', 'scheduled', '{2026-02-01}', '2026-02-10', 'missed occurrences are skipped'),
  ('2026-01-11', 10, 'days', 'scheduled', '{2026-01-31}', '2026-02-10', 'the one on the day of the service too'),
  ('2026-01-11', 10, 'days', 'scheduled', '{2026-01-30}', '2026-01-31', 'the one a day after it is still to come'),
  ('2026-01-11', 10, 'days', 'completed', '{}', '2026-01-11', 'completed: the first due date at first'),
  ('2026-01-11', 10, 'days', 'completed', '{2026-01-02}', '2026-01-12', 'completed: counted from the work, early'),
  ('2026-01-11', 10, 'days', 'completed', '{2026-03-01,2026-01-02}', '2026-03-11', 'completed: counted from the latest work'),
  ('2026-01-11', 1, 'months', 'completed', '{2026-01-31}', '2026-02-28', 'completed: the last day of a short month')
) v (first_due, n, unit, basis, done, expected, why);
SELECT is((radioshop.fold_services('2026-06-01', 12, 'months', 'scheduled', '{2026-06-02,2026-08-01}')).last_counted, '2026-06-02',
  'the last service that counted is not simply the last');

-- ---------------------------------------------------------------------------------------------------------------------
-- Keeping it right
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES
  (901, 'IND', 'Independence', 'America/Chicago'), (902, 'LSM', 'Lee''s Summit', 'America/Chicago');
INSERT INTO radioshop.model (number, manufacturer, class) VALUES ('H98UCF9PW6BN', 'Motorola', 'portable');
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
CREATE FUNCTION pg_temp.change(code text, mask text[], n int DEFAULT 0, due date DEFAULT NULL, grace int DEFAULT 0, class text DEFAULT NULL,
    model text DEFAULT '', stopped boolean DEFAULT false, basis text DEFAULT 'scheduled') RETURNS text LANGUAGE sql AS $$
  SELECT s.refusal FROM radioshop.plan p CROSS JOIN LATERAL radioshop.update_plan('IND', change.code, p.revision, change.mask, '', '', change.n, 'months', change.basis, change.due,
    change.grace, 0, change.class, change.model, change.stopped) s WHERE p.code = change.code
$$;

INSERT INTO radioshop.asset (agency_id, tag, class, created_at) SELECT 901, 'P' || n, 'portable', now() - interval '10 days' FROM generate_series(1, 3) n;
INSERT INTO radioshop.asset (agency_id, tag, class, status, created_at) VALUES (901, 'M1', 'mobile', 'in_service', now() - interval '10 days'),
  (901, 'OLD', 'portable', 'retired', now() - interval '10 days'), (901, 'GONE', 'portable', 'missing', now() - interval '10 days');

SELECT is((SELECT s.assets FROM radioshop.create_plan('IND', 'PM12', 'Yearly', '', 12, 'months', NULL, '2026-03-31', 7, 0, 'portable', '', false) s), 3,
  'a new plan gives a due date to each asset in use that it applies to');
SELECT is(pg_temp.due('P1', 'PM12'), '2026-03-31', 'the plan''s first due date, for assets that were there before');
SELECT is(pg_temp.due('M1', 'PM12'), NULL, 'not to another class');
SELECT is(pg_temp.due('OLD', 'PM12'), NULL, 'not to a retired asset');
SELECT is(pg_temp.due('GONE', 'PM12'), NULL, 'not to a missing one');
SELECT is((SELECT s.overdue_from FROM radioshop.schedule s JOIN radioshop.asset a USING (asset_id) WHERE a.tag = 'P1'), '2026-04-08',
  'overdue from the day after the grace days');

-- Assets that come later
SELECT set_config('test.later', (now() + interval '40 days')::text, true);
INSERT INTO radioshop.asset (agency_id, tag, class, created_at) VALUES (901, 'P4', 'portable', current_setting('test.later')::timestamptz);
SELECT is(pg_temp.due('P4', 'PM12'), ((current_setting('test.later')::timestamptz AT TIME ZONE 'America/Chicago')::date + interval '12 months')::date,
  'an asset added after the plan is first due one interval after it was added');
SELECT is(pg_temp.change('PM12', '{interval_count}', n => 6), NULL, 'the interval changes');
SELECT is(pg_temp.due('P4', 'PM12'), ((current_setting('test.later')::timestamptz AT TIME ZONE 'America/Chicago')::date + interval '12 months')::date,
  'but the first due date of an asset stays as it was made');
SELECT is(pg_temp.change('PM12', '{first_due_on}', due => '2026-01-31'), NULL, 'the first due date of the plan changes');
SELECT is(pg_temp.due('P1', 'PM12'), '2026-01-31', 'and with it that of the assets');
SELECT is(pg_temp.due('P4', 'PM12'), ((current_setting('test.later')::timestamptz AT TIME ZONE 'America/Chicago')::date + interval '6 months')::date,
  'that of a later asset is made anew');

-- Services
INSERT INTO radioshop.service_record (agency_id, asset_id, plan_id, done_on, result)
  SELECT p.agency_id, a.asset_id, p.plan_id, '2026-09-01', 'failed' FROM radioshop.asset a JOIN radioshop.plan p USING (agency_id) WHERE a.tag = 'P1' AND p.code = 'PM12';
SELECT is(pg_temp.due('P1', 'PM12'), '2026-01-31', 'a failed service moves nothing');
INSERT INTO radioshop.service_record (agency_id, asset_id, plan_id, done_on, result)
  SELECT p.agency_id, a.asset_id, p.plan_id, '2026-02-05', 'adjusted' FROM radioshop.asset a JOIN radioshop.plan p USING (agency_id) WHERE a.tag = 'P1' AND p.code = 'PM12';
SELECT is(pg_temp.due('P1', 'PM12'), '2026-07-31', 'a service moves the date to the next occurrence, at the end of its month');
SELECT is(pg_temp.due('P2', 'PM12'), '2026-01-31', 'of its asset only');
SELECT is((SELECT s.last_done_on FROM radioshop.schedule s JOIN radioshop.asset a USING (asset_id) WHERE a.tag = 'P1'), '2026-02-05', 'and is kept as the last one');
SELECT is(pg_temp.change('PM12', '{basis}', basis => 'completed'), NULL, 'the basis changes');
SELECT is(pg_temp.due('P1', 'PM12'), '2026-08-05', 'then the date is counted from the work');
SELECT is(pg_temp.change('PM12', '{basis}', basis => 'scheduled'), NULL, 'the basis changes back');
SELECT is(pg_temp.due('P1', 'PM12'), '2026-07-31', 'and the date with it');

-- Life of an asset
UPDATE radioshop.asset SET status = 'retired' WHERE tag = 'P1';
SELECT is(pg_temp.due('P1', 'PM12'), NULL, 'retirement takes the due date away');
UPDATE radioshop.asset SET status = 'spare' WHERE tag = 'P1';
SELECT is(pg_temp.due('P1', 'PM12'), '2026-07-31', 'coming back brings it back, with what was done');
UPDATE radioshop.asset SET status = 'in_shop' WHERE tag = 'P1';
SELECT is(pg_temp.due('P1', 'PM12'), '2026-07-31', 'in the shop it is due as before');
UPDATE radioshop.asset SET class = 'mobile' WHERE tag = 'P1';
SELECT is(pg_temp.due('P1', 'PM12'), NULL, 'another class, and the plan does not apply any more');
UPDATE radioshop.asset SET class = 'portable' WHERE tag = 'P1';
SELECT is(pg_temp.due('P1', 'PM12'), '2026-07-31', 'and back');

-- Life of a plan
SELECT is(pg_temp.change('PM12', '{class}'), NULL, 'the plan is for every class now');
SELECT is(pg_temp.due('M1', 'PM12'), '2026-01-31', 'and so for the mobile');
SELECT is(pg_temp.change('PM12', '{class}', class => 'mobile'), NULL, 'the plan is for mobiles only');
SELECT is((SELECT array_agg(a.tag ORDER BY a.tag) FROM radioshop.schedule s JOIN radioshop.asset a USING (asset_id) WHERE s.next_due IS NOT NULL), '{M1}', 'and so just the mobile is due');
SELECT is(pg_temp.change('PM12', '{class,grace_days}', grace => 20), NULL, 'every class again, more grace');
SELECT is((SELECT array_agg(DISTINCT s.overdue_from - s.next_due) FROM radioshop.schedule s WHERE s.next_due IS NOT NULL), '{21}', 'the grace days of all follow');
SELECT is(pg_temp.change('PM12', '{stopped}', stopped => true), NULL, 'the plan stops');
SELECT is((SELECT count(*) FROM radioshop.schedule s WHERE s.next_due IS NOT NULL), 0::bigint, 'a stopped plan makes nothing due');
INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (901, 'P5', 'portable');
SELECT is(pg_temp.change('PM12', '{stopped}', stopped => false), NULL, 'and goes on');
SELECT is(pg_temp.due('P1', 'PM12'), '2026-07-31', 'with what was done before');
SELECT isnt(pg_temp.due('P5', 'PM12'), NULL, 'and with the asset that came meanwhile');
SELECT is(pg_temp.change('PM12', '{model}', model => 'H98UCF9PW6BN'), NULL, 'the plan is for one model');
SELECT is((SELECT count(*) FROM radioshop.schedule s WHERE s.next_due IS NOT NULL), 0::bigint, 'an asset without a model is not of that model');
UPDATE radioshop.asset SET model_id = (SELECT m.model_id FROM radioshop.model m WHERE m.number = 'H98UCF9PW6BN') WHERE tag = 'P2';
SELECT is(pg_temp.due('P2', 'PM12'), '2026-01-31', 'one that gets the model is due');

-- Tenancy
SELECT radioshop.enter('lee', '{admin}', 'ScheduleService.ListDue', 'c2', 60000, 5000, NULL, NULL);
SELECT is_empty($$SELECT s.next_due FROM radioshop.schedule s$$, 'another agency sees no schedule');
SELECT is((SELECT count(*) FROM radioshop.one_asset('IND:P1') o WHERE split_part(o.refusal, chr(31), 1) = 'NOT_FOUND'), 1::bigint, 'nor finds the asset');
SELECT throws_ok($$INSERT INTO radioshop.schedule (agency_id, asset_id, plan_id, first_due_on, grace_days, escalate_days)
  VALUES (901, radioshop.uuid_v7(), radioshop.uuid_v7(), '2026-01-01', 0, 0)$$, '42501', NULL, 'nor writes one');
RESET ROLE;
SET LOCAL radioshop.agencies = '{901,902}';
INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (902, 'P1', 'portable');
SET LOCAL ROLE radioshop_app;
SELECT is((radioshop.one_asset('p1')).refusal,
  radioshop.refuse('INVALID_ARGUMENT', 'asset', 'the code p1 fits 2 assets: IND:P1, LSM:P1; write AGENCY:TAG'), 'a code that fits two assets is refused with both');

-- ---------------------------------------------------------------------------------------------------------------------
-- ListDue. Days are counted from today; PA has grace 0, PB grace 40.
RESET ROLE;
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (903, 'BLU', 'Blue Springs', 'America/Chicago'), (904, 'EMP', 'Empty', 'America/Chicago');
INSERT INTO radioshop.asset (agency_id, asset_id, tag, class, created_at)
  SELECT 903, ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'D' || n, 'portable', now() - interval '3 years' FROM generate_series(1, 5) n;
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'viewer', g FROM radioshop.principal p, unnest('{903,904}'::int[]) g WHERE p.name = 'mona';
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('mona', '{viewer}', 'ScheduleService.ListDue', 'c3', 60000, 5000, NULL, NULL);
SELECT s.refusal FROM radioshop.create_plan('BLU', 'PA', 'a', '', 12, 'months', NULL, pg_temp.today() - 10, 0, 0, NULL, '', false) s;
SELECT s.refusal FROM radioshop.create_plan('BLU', 'PB', 'b', '', 12, 'months', NULL, pg_temp.today() - 30, 40, 0, NULL, '', false) s;
SELECT s.refusal FROM radioshop.create_plan('BLU', 'PC', 'c', '', 12, 'months', NULL, pg_temp.today() + 31, 0, 0, NULL, '', false) s;
SELECT s.refusal FROM radioshop.create_plan('BLU', 'PD', 'd', '', 12, 'months', NULL, pg_temp.today() + 30, 0, 0, NULL, '', false) s;
-- What ListDue returns as PLAN:TAG, in its order.
CREATE FUNCTION pg_temp.listed(request jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(coalesce((d.l ->> 'plan') || ':' || (d.l ->> 'tag'), d.l ->> 'refusal'), ' ' ORDER BY d.n) FROM pg_temp.list_due(request) WITH ORDINALITY d (l, n)
$$;
SELECT is(pg_temp.listed('{}'), 'PB:D1 PB:D2 PB:D3 PB:D4 PB:D5 PA:D1 PA:D2 PA:D3 PA:D4 PA:D5 PD:D1 PD:D2 PD:D3 PD:D4 PD:D5', 'what is due within 30 days, soonest first');
SELECT is(pg_temp.listed('{"plan": "pa"}'), 'PA:D1 PA:D2 PA:D3 PA:D4 PA:D5', 'of one plan');
SELECT is(pg_temp.listed('{"overdue": true}'), 'PA:D1 PA:D2 PA:D3 PA:D4 PA:D5', 'what is overdue: not what is within its grace');
SELECT is(pg_temp.listed('{"overdue": true, "plan": "PB"}'), NULL, 'nothing of this plan is overdue');
SELECT is(pg_temp.listed('{"asset": "d2"}'), 'PB:D2 PA:D2 PD:D2', 'of one asset');
SELECT is(pg_temp.listed('{"asset": "BLU:D2", "overdue": true}'), 'PA:D2', 'of one asset, overdue');
SELECT is(pg_temp.listed('{"asset": "D2", "plan": "PB"}'), 'PB:D2', 'of one asset under one plan');
SELECT is(pg_temp.listed(jsonb_build_object('until', pg_temp.today() + 31, 'from', pg_temp.today() + 31)), 'PC:D1 PC:D2 PC:D3 PC:D4 PC:D5', 'from and until are within');
SELECT is(pg_temp.listed(jsonb_build_object('until', pg_temp.today() - 10, 'plan', 'PA')), 'PA:D1 PA:D2 PA:D3 PA:D4 PA:D5', 'with a plan too');
SELECT is(pg_temp.listed(jsonb_build_object('from', pg_temp.today() - 9, 'overdue', true)), NULL, 'and for what is overdue');
SELECT is(pg_temp.listed(jsonb_build_object('from', pg_temp.today() + 5, 'asset', 'D1')), 'PD:D1', 'and for one asset');
SELECT is(pg_temp.listed('{"agency": "emp"}'), NULL, 'nothing is due in an agency without assets');
SELECT is(pg_temp.listed('{"agency": "LSM"}'), radioshop.refuse('NOT_FOUND', 'agency', 'no agency has the code LSM'), 'another agency looks like none');
SELECT is(pg_temp.listed('{"plan": "PM12"}'), radioshop.refuse('NOT_FOUND', 'plan', 'no plan has the code PM12'), 'an unknown plan is said, not an empty list');
SELECT is(pg_temp.listed('{"asset": "P2"}'), radioshop.refuse('NOT_FOUND', 'asset', 'no asset has the code P2'), 'an unknown asset too');
SELECT results_eq($$SELECT l ->> 'agency', l ->> 'due_on', l ->> 'days_overdue', l ->> 'status', l ->> 'last_done_on' FROM pg_temp.list_due('{"asset": "D1", "overdue": true}') l$$,
  $$VALUES ('BLU', (pg_temp.today() - 10)::text, '10', 'in_service', NULL)$$, 'ten days past a date without grace are ten days overdue');
SELECT is((SELECT l ->> 'days_overdue' FROM pg_temp.list_due('{"asset": "D1", "plan": "PB"}') l), '0', 'within its grace it is not overdue');
-- Pages of two, by the key of the last row, for each form.
CREATE FUNCTION pg_temp.paged(request jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  rows jsonb[];
  all_rows jsonb[] := '{}';
BEGIN
  LOOP
    rows := ARRAY(SELECT l FROM pg_temp.list_due(request || '{"page_limit": 2}') l);
    EXIT WHEN cardinality(rows) = 0 OR cardinality(all_rows) > 100;
    all_rows := all_rows || rows;
    request := request || jsonb_build_object('page_key', rows[cardinality(rows)] -> 'page_key');
  END LOOP;
  RETURN (SELECT string_agg((l ->> 'plan') || ':' || (l ->> 'tag'), ' ' ORDER BY n) FROM unnest(all_rows) WITH ORDINALITY u (l, n));
END
$$;
SELECT is(pg_temp.paged(r), pg_temp.listed(r), 'page by page the same: ' || r::text) FROM unnest(ARRAY['{}', '{"plan": "PD"}', '{"overdue": true}', '{"asset": "D3"}',
  jsonb_build_object('from', pg_temp.today() - 10)]::jsonb[]) r;

-- ---------------------------------------------------------------------------------------------------------------------
-- How often a date was moved: since the last service, and by nothing but a new date.
CREATE FUNCTION pg_temp.moved() RETURNS text LANGUAGE sql AS $$
  SELECT (l ->> 'date_changes') || ' ' || (l ->> 'due_on') FROM pg_temp.list_due('{"asset": "D4", "plan": "PD", "until": "2199-01-01"}') l
$$;
SELECT is(pg_temp.moved(), '0 ' || (pg_temp.today() + 30), 'a new date was not moved');
UPDATE radioshop.schedule SET alert_acked = alert_acked;
SELECT is(pg_temp.moved(), '0 ' || (pg_temp.today() + 30), 'nor by an alert');
UPDATE radioshop.schedule SET next_due = next_due + 2;
SELECT is(pg_temp.moved(), '1 ' || (pg_temp.today() + 32), 'a date that moves is counted');
UPDATE radioshop.schedule SET next_due = next_due + 3;
SELECT is(pg_temp.moved(), '2 ' || (pg_temp.today() + 35), 'each time');
UPDATE radioshop.schedule SET next_due = next_due + 3, last_done_on = pg_temp.today();
SELECT is(pg_temp.moved(), '0 ' || (pg_temp.today() + 38), 'and the service begins anew');

SELECT * FROM finish();
ROLLBACK;
