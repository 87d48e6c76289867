-- Verify radioshop:ticket_outcome on pg

BEGIN;

SELECT t.problem_code, t.cause_code, t.action_code, t.outcome, t.returns_id, t.estimate_cents, t.approved_cents, t.write_off_approved
  FROM radioshop.ticket t WHERE false;
SELECT s.agency_id, s.approval_above_cents, s.return_days, s.revision FROM radioshop.ticket_terms s WHERE false;
SELECT p.approval_no, p.asked_by, d.approved, d.decided_by FROM radioshop.ticket_approval p JOIN radioshop.ticket_decision d
  ON d.agency_id = p.agency_id AND d.ticket_id = p.ticket_id AND d.approval_no = p.approval_no WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 6, 'schema_version is below 6';
  ASSERT (SELECT count(DISTINCT c.kind) FROM radioshop.ticket_code c) = 3, 'a kind of ticket_code is empty';
  ASSERT EXISTS (SELECT FROM radioshop.ticket_outcome o WHERE o.outcome = 'beyond_repair'), 'ticket_outcome is empty';
  ASSERT has_function_privilege('radioshop_app', 'radioshop.decide_approval(text, bigint, boolean, bigint, text)', 'EXECUTE'),
    'the daemon may not call decide_approval';
END
$$;

ROLLBACK;
