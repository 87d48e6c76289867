-- Codes, outcome, return and approval of tickets: what the database itself holds against any statement, and tenancy.
BEGIN;
SELECT no_plan();

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES
  (901, 'IND', 'Independence', 'America/Chicago'), (902, 'LSM', 'Lee''s Summit', 'America/Chicago');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tess', 'Tess'), ('mona', 'Mona'), ('lee', 'Lee');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, CASE p.name WHEN 'tess' THEN 'technician' ELSE 'fleet_manager' END, CASE p.name WHEN 'lee' THEN 902 ELSE 901 END
    FROM radioshop.principal p WHERE p.name IN ('tess', 'mona', 'lee');
INSERT INTO radioshop.asset (agency_id, tag, class) SELECT 901, 'P' || n, 'portable' FROM generate_series(1, 9) n;
SELECT results_eq($$SELECT s.agency_id, s.approval_above_cents, s.return_days FROM radioshop.ticket_terms s WHERE s.agency_id > 900 ORDER BY 1$$,
  $$VALUES (901, NULL::bigint, 90), (902, NULL, 90)$$, 'an agency comes with terms: nobody need be asked, 90 days');
SELECT set_eq($$SELECT o.from_state || ' ' || o.to_state || ' ' || o.outcome FROM radioshop.ticket_outcome o$$, $$
  SELECT f || ' ' || t || ' ' || o FROM (VALUES
    ('diagnosing', 'ready', '{no_fault_found,beyond_repair}'::text[]), ('testing', 'ready', '{repaired,no_fault_found,beyond_repair}'),
    ('at_depot', 'ready', '{repaired,no_fault_found,beyond_repair}'), ('ready', 'returned', '{repaired,no_fault_found,beyond_repair}'),
    ('returned', 'closed', '{repaired,no_fault_found,beyond_repair}'), ('reported', 'cancelled', '{cancelled}'), ('received', 'cancelled', '{cancelled}'),
    ('diagnosing', 'cancelled', '{cancelled}'), ('awaiting_parts', 'cancelled', '{cancelled}'), ('awaiting_approval', 'cancelled', '{cancelled}')
  ) v (f, t, os), unnest(os) o$$, 'the outcomes are these');

SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tess', '{technician}', 'TicketService.OpenTicket', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.number(n int) RETURNS text LANGUAGE sql AS $$
  SELECT format('IND-%s-%s', extract(year FROM radioshop.today('America/Chicago')), lpad(n::text, 5, '0'))
$$;
CREATE FUNCTION pg_temp.move(n int, state text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(m.refusal, m.state) FROM radioshop.ticket t CROSS JOIN LATERAL radioshop.move_ticket(t.number, t.revision, move.state, '', '', '') m
    WHERE t.number = pg_temp.number(n)
$$;
CREATE FUNCTION pg_temp.set(n int, what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  violated text;
BEGIN
  EXECUTE format('UPDATE radioshop.ticket SET %s WHERE number = %L', what, pg_temp.number(n));
  RETURN 'done';
EXCEPTION WHEN check_violation OR foreign_key_violation THEN
  GET STACKED DIAGNOSTICS violated = CONSTRAINT_NAME;
  RETURN violated;
END
$$;

-- Statements that go round the functions
SELECT is((SELECT t.number FROM radioshop.open_ticket('P1', 'dead', NULL, true, 'no_tx') t), pg_temp.number(1), 'a ticket');
SELECT is(pg_temp.move(1, 'diagnosing'), 'diagnosing', 'is diagnosed');
SELECT is(pg_temp.set(1, what), rule, what) FROM (VALUES
  ($$problem_code = 'WEAR'$$, 'ticket_problem_code_known'), ($$cause_code = 'NO_TX'$$, 'ticket_cause_code_known'),
  ($$action_code = 'NO_TX'$$, 'ticket_action_code_known'), ($$outcome = 'repaired'$$, 'ticket_outcome_fits'),
  ($$state = 'ready', outcome = 'repaired'$$, 'ticket_outcome_allowed'), ($$state = 'ready', outcome = 'beyond_repair'$$, 'ticket_write_off_approved'),
  ($$state = 'ready', outcome = 'burnt'$$, 'ticket_outcome_known'),
  ($$returns_id = ticket_id$$, 'ticket_returns_another'), ($$estimate_cents = -1$$, 'ticket_estimate_cents_range')) v (what, rule);
SELECT throws_ok(format($$UPDATE radioshop.ticket SET %s$$, what), '42501', NULL, what || ' is not the daemon''s to set')
  FROM unnest('{write_off_approved = true,approved_cents = 1,closed_at = NULL,from_state = NULL}'::text[]) what;

-- The limit of the agency holds against a bare UPDATE, too
SELECT radioshop.enter('mona', '{fleet_manager}', 'x', 'c2', 60000, 5000, NULL, NULL);
UPDATE radioshop.ticket_terms SET approval_above_cents = 10000;
SELECT throws_ok(format('UPDATE radioshop.ticket_terms SET %s = %s', name, n), '23514', format('new row for relation "ticket_terms" violates check constraint "ticket_terms_%s_range"', name), format('not %s of them: %s', n, name))
  FROM unnest('{urgent_hours,high_hours,normal_hours,low_hours}'::text[]) name, unnest('{-1,10001}'::int[]) n;
SELECT radioshop.enter('tess', '{technician}', 'x', 'c3', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.set(1, 'estimate_cents = 10001'), 'done', 'an estimate');
SELECT is(pg_temp.set(1, format('state = %L', s)), 'ticket_cost_approved', 'holds back ' || s) FROM unnest('{repairing,at_depot}'::text[]) s;
SELECT is(pg_temp.set(1, 'state = ''awaiting_parts'''), 'done', 'but nothing else');
SELECT is(pg_temp.move(1, 'diagnosing'), 'diagnosing', 'back');
SELECT is((SELECT t.state FROM radioshop.ticket x CROSS JOIN LATERAL radioshop.request_approval(x.number, x.revision, 10001, ' board ', false) t
  WHERE x.number = pg_temp.number(1)), 'awaiting_approval', 'the agency is asked');
SELECT throws_ok($$INSERT INTO radioshop.ticket_decision (agency_id, ticket_id, approval_no, asked_by, write_off, approved, approved_cents)
  SELECT p.agency_id, p.ticket_id, p.approval_no, p.asked_by, p.write_off, true, 10001 FROM radioshop.ticket_approval p$$, '23514', NULL, 'who asked does not answer');
SELECT throws_ok($$INSERT INTO radioshop.ticket_decision (agency_id, ticket_id, approval_no, asked_by, write_off, approved, approved_cents)
  SELECT p.agency_id, p.ticket_id, p.approval_no, 'somebody', p.write_off, true, 10001 FROM radioshop.ticket_approval p$$, '23503', NULL, 'nor as if another had asked');
SELECT alike((SELECT t.refusal FROM radioshop.ticket x CROSS JOIN LATERAL radioshop.decide_approval(x.number, x.revision, true, 0, '') t),
  'FAILED_PRECONDITION%tess has asked%', 'nor through the function');
SELECT radioshop.enter('lee', '{fleet_manager}', 'x', 'c4', 60000, 5000, NULL, NULL);
SELECT alike((SELECT t.refusal FROM radioshop.decide_approval(pg_temp.number(1), 5, true, 0, '') t), 'NOT_FOUND%', 'another city does not answer');
SELECT is_empty($$SELECT 1 FROM radioshop.ticket_approval$$, 'nor sees what was asked');
SELECT results_eq($$SELECT s.agency_id FROM radioshop.ticket_terms s$$, '{902}'::int[], 'nor other terms than its own');
SELECT radioshop.enter('mona', '{fleet_manager}', 'x', 'c5', 60000, 5000, NULL, NULL);
SELECT throws_ok($$INSERT INTO radioshop.ticket_decision (agency_id, ticket_id, approval_no, asked_by, write_off, approved)
  SELECT p.agency_id, p.ticket_id, p.approval_no, p.asked_by, true, true FROM radioshop.ticket_approval p$$, '23503', NULL, 'nor to another question');
SELECT is((SELECT t.state || ' ' || t.approved_cents FROM radioshop.ticket x CROSS JOIN LATERAL radioshop.decide_approval(x.number, x.revision, true, 0, 'yes') t),
  'diagnosing 10001', 'the manager does');
SELECT throws_ok(format('%s radioshop.%s', what, place), '42501', NULL, what || ' ' || place) FROM (VALUES
  ('UPDATE', 'ticket_approval SET reason = ''x'''), ('DELETE FROM', 'ticket_approval'), ('UPDATE', 'ticket_decision SET approved = false'),
  ('DELETE FROM', 'ticket_decision')) v (what, place);
SELECT radioshop.enter('tess', '{technician}', 'x', 'c6', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.set(1, 'state = ''repairing'''), 'done', 'then the work goes on');

-- Links between tickets of one asset only, backwards only
SELECT is((SELECT t.number FROM radioshop.open_ticket('P2', 'dead', NULL, true) t), pg_temp.number(2), 'a ticket of another asset');
RESET ROLE;
ALTER TABLE radioshop.ticket DISABLE TRIGGER USER;
UPDATE radioshop.ticket SET opened_at = opened_at - interval '1 day' WHERE number = pg_temp.number(1);
ALTER TABLE radioshop.ticket ENABLE TRIGGER USER;
SET LOCAL ROLE radioshop_app;
SELECT is(pg_temp.set(2, format('returns_id = %L', (SELECT t.ticket_id FROM radioshop.ticket t WHERE t.number = pg_temp.number(1)))),
  'ticket_returns_same_asset', 'is no return of the first');

-- The owner of the schema cannot rewrite it either
RESET ROLE;
SELECT throws_ok(format('%s radioshop.%s', what, place), '42501', NULL, 'not even the owner: ' || what || ' ' || place) FROM (VALUES
  ('UPDATE', 'ticket_approval SET reason = ''x'''), ('DELETE FROM', 'ticket_approval'), ('TRUNCATE', 'ticket_decision'),
  ('DELETE FROM', 'ticket_decision')) v (what, place);

SELECT * FROM finish();
ROLLBACK;
