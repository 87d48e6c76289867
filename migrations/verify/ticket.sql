-- Verify radioshop:ticket on pg

BEGIN;

SELECT from_state, to_state FROM radioshop.ticket_move WHERE false;
SELECT agency_id, year, last FROM radioshop.ticket_counter WHERE false;
SELECT agency_id, ticket_id, number, asset_id, state, from_state, priority, problem, cause, action, opened_by, opened_at, closed_at,
  asset_before, labour_minutes, cost_cents, revision, updated_at FROM radioshop.ticket WHERE false;
SELECT agency_id, ticket_id, entry_no, at, principal, kind, text, minutes, cost_cents, state FROM radioshop.ticket_entry WHERE false;

DO $$
BEGIN
  ASSERT (SELECT count(*) FROM radioshop.ticket_move) >= 35, 'the table of moves is not complete';
  ASSERT (SELECT count(*) FROM pg_class WHERE oid IN ('radioshop.ticket_counter'::regclass, 'radioshop.ticket'::regclass,
    'radioshop.ticket_entry'::regclass) AND relrowsecurity AND relforcerowsecurity) = 3, 'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.ticket', 'DELETE, TRUNCATE'), 'tickets can be deleted';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.ticket_entry', 'UPDATE, DELETE, TRUNCATE'), 'entries can be changed';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.ticket_move', 'INSERT, UPDATE, DELETE, TRUNCATE'), 'the moves can be changed';
END
$$;

ROLLBACK;
