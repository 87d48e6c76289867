-- Schedules of many assets at once: what is read for them grows with them and no faster, though the statistics are of a time when
-- all the rows there were belonged to another agency, and a connection keeps its plans of that time.

-- What other tests have left of dead rows would let the planner expect many.
VACUUM radioshop.asset, radioshop.plan, radioshop.schedule, radioshop.service_record;
BEGIN;
SELECT no_plan();

\set many 1500
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (931, 'OLDTOWN', 'Old', 'UTC'), (932, 'NEWTOWN', 'New', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT principal_id, 'admin', 0 FROM radioshop.principal WHERE name = 'mona';
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('mona', '{admin}', 'test', 'call', 600000, 3000, NULL, NULL);

CREATE FUNCTION pg_temp.add_assets(place int, prefix text, count int) RETURNS void LANGUAGE sql AS $$
  INSERT INTO radioshop.asset (agency_id, tag, class) SELECT place, prefix || n, 'portable' FROM generate_series(1, count) n
$$;
CREATE FUNCTION pg_temp.serve_all(place int, plan_code text, ago int) RETURNS void LANGUAGE sql AS $$
  INSERT INTO radioshop.service_record (agency_id, asset_id, plan_id, done_on, result)
    SELECT s.agency_id, s.asset_id, s.plan_id, current_date - ago, 'passed'
      FROM radioshop.schedule s JOIN radioshop.plan p ON p.agency_id = s.agency_id AND p.plan_id = s.plan_id
      WHERE s.agency_id = place AND p.code = plan_code
$$;
-- Rows that scans of the tables have given so far in this transaction, whatever they were then filtered by.
CREATE FUNCTION pg_temp.rows_read() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_xact_user_tables WHERE schemaname = 'radioshop'
$$;
CREATE FUNCTION pg_temp.reads_for(statement text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  before constant bigint := pg_temp.rows_read();
BEGIN
  EXECUTE statement;
  RETURN pg_temp.rows_read() - before;
END
$$;
CREATE FUNCTION pg_temp.add_plan(agency text, code text) RETURNS text LANGUAGE sql AS $$
  SELECT p.refusal FROM radioshop.create_plan(agency, code, 'Check', '', 12, 'months', 'completed', current_date + 10, 0, 0, NULL, '',
    false) p
$$;

-- Few rows, all of one agency: the statistics, and by the tenth time the plans that this connection keeps.
SELECT pg_temp.add_assets(931, 'O', 20);
SELECT pg_temp.add_plan('OLDTOWN', 'A');
SELECT pg_temp.serve_all(931, 'A', n) FROM generate_series(400, 410) n;
RESET ROLE;
ANALYZE radioshop.asset, radioshop.plan, radioshop.schedule, radioshop.service_record;
SET LOCAL ROLE radioshop_app;
SELECT pg_temp.serve_all(931, 'A', n) FROM generate_series(411, 420) n;

SELECT pg_temp.add_plan('NEWTOWN', 'A');
SELECT cmp_ok(pg_temp.reads_for(format($$SELECT pg_temp.add_assets(932, 'N', %s)$$, :many)) / :many, '<=', 30::bigint,
  'rows read for each of many new assets');
SELECT pg_temp.serve_all(932, 'A', 300);
SELECT cmp_ok(pg_temp.reads_for($$SELECT pg_temp.add_plan('NEWTOWN', 'B')$$) / :many, '<=', 30::bigint,
  'rows read for each asset of a new plan');
SELECT cmp_ok(pg_temp.reads_for($$SELECT p.refusal FROM radioshop.update_plan('NEWTOWN', 'A', 1, '{interval_count}', NULL, NULL, 6, NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL) p$$) / :many, '<=', 30::bigint, 'rows read for each asset of a plan that changes');
SELECT is(count(*), :many::bigint, 'and each has its due date, counted from its service') FROM radioshop.schedule s
  JOIN radioshop.plan p ON p.agency_id = s.agency_id AND p.plan_id = s.plan_id
  WHERE s.agency_id = 932 AND p.code = 'A' AND s.next_due = (current_date - 300 + interval '6 months')::date;
SELECT is(count(*), :many::bigint, 'or from the first due date') FROM radioshop.schedule s
  JOIN radioshop.plan p ON p.agency_id = s.agency_id AND p.plan_id = s.plan_id
  WHERE s.agency_id = 932 AND p.code = 'B' AND s.next_due = current_date + 10;
-- A plan for few assets beside these many.
SELECT cmp_ok(pg_temp.reads_for($$SELECT pg_temp.add_plan('OLDTOWN', 'B')$$) / :many, '<=', 10::bigint, 'another agency''s, for few assets');

SELECT * FROM finish();
ROLLBACK;
