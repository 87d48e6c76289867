-- Plans: constraints, codes, refusals, revision, tenancy.
\set calls `python3 tests/sql/statements.py get_plan list_plans`
BEGIN;
SELECT plan(37);
:calls

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES
  (901, 'IND', 'Independence', 'America/Chicago'), (902, 'LSM', 'Lee''s Summit', 'America/Chicago');
INSERT INTO radioshop.model (number, manufacturer, class) VALUES ('H98UCF9PW6BN', 'Motorola', 'portable');
INSERT INTO radioshop.principal (name, display_name) VALUES ('mona', 'Mona'), ('lee', 'Lee');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'fleet_manager', CASE p.name WHEN 'mona' THEN 901 ELSE 902 END FROM radioshop.principal p WHERE p.name IN ('mona', 'lee');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('mona', '{fleet_manager}', 'PlanService.CreatePlan', 'c1', 60000, 5000, NULL, NULL);

-- Creating
PREPARE made AS SELECT s.refusal, s.code, s.basis, s.first_due_on, s.assets, s.revision FROM radioshop.create_plan('ind', ' PM12 ', 'Yearly check', 'Measure.',
  12, 'months', NULL, NULL, 7, 30, 'portable', '', false) s;
SELECT results_eq('made', $$VALUES (NULL::text, 'PM12', 'scheduled', (radioshop.today('America/Chicago') + interval '12 months')::date, 0, 1::bigint)$$,
  'a plan is made, scheduled by default and first due one interval from today');
SELECT throws_ok($$SELECT s.refusal FROM radioshop.create_plan('IND', 'pm12', 'Again', '', 1, 'days', NULL, NULL, 0, 0, NULL, '', false) s$$,
  '23505', NULL, 'a code is unique whatever its capitals');
SELECT is((SELECT s.refusal FROM radioshop.create_plan('LSM', 'PM12', 'x', '', 1, 'days', NULL, NULL, 0, 0, NULL, '', false) s),
  radioshop.refuse('NOT_FOUND', 'agency', 'no agency has the code LSM'), 'another agency looks like none');
SELECT is((SELECT s.refusal FROM radioshop.create_plan('', 'PM12', 'x', '', 1, 'days', NULL, NULL, 0, 0, NULL, '', false) s),
  radioshop.refuse('INVALID_ARGUMENT', 'agency', 'a plan needs the code of its agency'), 'an agency is needed');
SELECT is(split_part((SELECT s.refusal FROM radioshop.create_plan('IND', 'X', 'x', '', 1, NULL, NULL, NULL, 0, 0, NULL, '', false) s), chr(31), 2),
  'interval_unit', 'a unit is needed');
SELECT is(split_part((SELECT s.refusal FROM radioshop.create_plan('IND', 'X', 'x', '', n, 'days', NULL, NULL, 0, 0, NULL, '', false) s), chr(31), 2),
  'interval_count', format('interval_count %s is refused', n)) FROM unnest('{0,-1,3651,2147483647}'::int[]) n;
SELECT is((SELECT s.refusal FROM radioshop.create_plan('IND', 'X', 'x', '', 1, 'days', NULL, NULL, 0, 0, NULL, 'NONE', false) s),
  radioshop.refuse('FAILED_PRECONDITION', 'model', 'no model of the catalogue has the number NONE'), 'a model must be in the catalogue');
SELECT is((SELECT s.model FROM radioshop.create_plan('IND', 'M', 'm', '', 1, 'days', 'completed', '2026-01-31', 0, 0, NULL, 'h98ucf9pw6bn', false) s),
  'H98UCF9PW6BN', 'a model is found whatever its capitals');
SELECT throws_ok(format($$SELECT s.code FROM radioshop.create_plan('IND', %L, %L, '', 1, 'days', NULL, %L, %s, %s, %L, '', false) s$$, code, name, due, grace, escalate, class),
    '23514', NULL, why)
  FROM (VALUES ('', 'n', NULL::date, 0, 0, NULL, 'no code'), ('a b', 'n', NULL, 0, 0, NULL, 'a code with a space'),
    ('C', '', NULL, 0, 0, NULL, 'no name'), ('C', 'n', NULL, -1, 0, NULL, 'negative grace'), ('C', 'n', NULL, 3651, 0, NULL, 'too much grace'),
    ('C', 'n', NULL, 0, -1, NULL, 'negative escalation'), ('C', 'n', '1969-12-31', 0, 0, NULL, 'first due too early'),
    ('C', 'n', '2200-01-01', 0, 0, NULL, 'first due too late'), ('C', 'n', NULL, 0, 0, 'toaster', 'an unknown class')) v (code, name, due, grace, escalate, class, why);

-- Changing
CREATE FUNCTION pg_temp.change(revision bigint, mask text[], name text, unit text, due date) RETURNS radioshop.plan_shown LANGUAGE sql AS $$
  SELECT s.* FROM radioshop.update_plan('IND', 'pm12', revision, mask, name, '', 6, unit, NULL, due, 3, 0, NULL, '', true) s
$$;
SELECT is((pg_temp.change(0, '{name}', 'x', NULL, NULL)).refusal, radioshop.refuse('INVALID_ARGUMENT', 'revision', 'give the revision you have read'), 'revision 0 is refused');
SELECT is((pg_temp.change(9, '{name}', 'x', NULL, NULL)).refusal, radioshop.refuse('ABORTED', 'revision', 'the plan has moved on to revision 1; read it again'),
  'a stale revision is refused with the current one');
SELECT is((pg_temp.change(1, '{}', 'x', NULL, NULL)).refusal, radioshop.refuse('INVALID_ARGUMENT', 'update_mask', 'name the fields to change'), 'an empty mask is refused');
SELECT alike((pg_temp.change(1, '{code}', 'x', NULL, NULL)).refusal, '%update_mask%code cannot be changed%', 'the code cannot be changed');
SELECT alike((pg_temp.change(1, '{interval_unit}', 'x', NULL, NULL)).refusal, '%interval_unit%', 'the unit cannot be taken away');
SELECT alike((pg_temp.change(1, '{first_due_on}', 'x', NULL, NULL)).refusal, '%first_due_on%', 'the first due date cannot be taken away');
PREPARE changed AS SELECT s.refusal, s.name, s.interval_count, s.interval_unit, s.grace_days, s.class, s.stopped, s.revision
  FROM pg_temp.change(1, '{name,class}', 'Half', NULL, NULL) s;
SELECT results_eq('changed', $$VALUES (NULL::text, 'Half', 12, 'months', 7, NULL::text, false, 2::bigint)$$, 'just the fields of the mask change');
SELECT is((SELECT array_agg(e.action || ':' || e.principal || ':' || (e.after ->> 'name') ORDER BY e.event_id) FROM radioshop.event e
    JOIN radioshop.plan p ON p.plan_id::text = e.resource_id WHERE e.resource = 'plan' AND p.code = 'PM12'),
  '{insert:mona:Yearly check,update:mona:Half}', 'each change is an event');

-- Reading
SELECT is((SELECT l ->> 'name' FROM pg_temp.get_plan('{"agency": "ind", "plan": "pm12"}') l), 'Half', 'a plan is found whatever the capitals');
SELECT is((SELECT l ->> 'refusal' FROM pg_temp.get_plan('{"agency": "IND", "plan": "NONE"}') l), radioshop.refuse('NOT_FOUND', 'plan', 'agency IND has no plan NONE'), 'or not');
SELECT is((SELECT string_agg(l ->> 'code', ' ') FROM pg_temp.list_plans('{}') l), 'M PM12', 'plans are listed by code');
SELECT is((SELECT string_agg(l ->> 'code', ' ') FROM pg_temp.list_plans('{"page_key": ["IND", "M"]}') l), 'PM12', 'also from a key on');
SELECT is((SELECT l ->> 'refusal' FROM pg_temp.list_plans('{"agency": "LSM"}') l), radioshop.refuse('NOT_FOUND', 'agency', 'no agency has the code LSM'), 'another agency''s are not');
SELECT is_empty($$SELECT l FROM pg_temp.list_plans('{"page_key": ["IND", "PM12"]}') l$$, 'and after the last there is none');

-- Tenancy
SELECT radioshop.enter('lee', '{fleet_manager}', 'PlanService.GetPlan', 'c2', 60000, 5000, NULL, NULL);
SELECT is_empty($$SELECT p.code FROM radioshop.plan p$$, 'another agency sees no plan');
SELECT is((SELECT s.refusal FROM radioshop.update_plan('IND', 'PM12', 2, '{name}', 'x', '', 1, 'days', NULL, NULL, 0, 0, NULL, '', false) s),
  radioshop.refuse('NOT_FOUND', 'code', 'agency IND has no plan PM12'), 'another agency cannot change it');
SELECT throws_ok($$INSERT INTO radioshop.plan (agency_id, code, name, interval_count, interval_unit, first_due_on) VALUES (901, 'Z', 'z', 1, 'days', '2026-01-01')$$,
  '42501', NULL, 'another agency cannot add to it');

SELECT * FROM finish();
ROLLBACK;
