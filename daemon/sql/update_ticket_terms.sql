-- Changes the named terms of an agency that are still at the revision read. A limit that is cleared has no value.
WITH held AS MATERIALIZED (
  SELECT s.agency_id, g.code, s.revision FROM radioshop.agency g JOIN radioshop.ticket_terms s ON s.agency_id = g.agency_id
  WHERE g.code = upper(btrim(:terms.agency::text)) AND g.agency_id = ANY (radioshop.agencies()) FOR NO KEY UPDATE OF s
), verdict AS MATERIALIZED (
  SELECT radioshop.refuse_update(:update_mask.paths::text[], '{approval_above_cents,return_days,urgent_hours,high_hours,normal_hours,low_hours,budget_month}',
    :terms.revision::int8, (SELECT h.revision FROM held h), 'agreement of agency ' || btrim(:terms.agency::text)) AS refusal
), changed AS (
  UPDATE radioshop.ticket_terms s SET
    approval_above_cents = CASE WHEN 'approval_above_cents' = ANY (:update_mask.paths) THEN :terms.approval_above_cents::int8
      ELSE s.approval_above_cents END,
    return_days = CASE WHEN 'return_days' = ANY (:update_mask.paths) THEN :terms.return_days::int4 ELSE s.return_days END,
    urgent_hours = CASE WHEN 'urgent_hours' = ANY (:update_mask.paths) THEN :terms.urgent_hours::int4 ELSE s.urgent_hours END,
    high_hours = CASE WHEN 'high_hours' = ANY (:update_mask.paths) THEN :terms.high_hours::int4 ELSE s.high_hours END,
    normal_hours = CASE WHEN 'normal_hours' = ANY (:update_mask.paths) THEN :terms.normal_hours::int4 ELSE s.normal_hours END,
    low_hours = CASE WHEN 'low_hours' = ANY (:update_mask.paths) THEN :terms.low_hours::int4 ELSE s.low_hours END,
    budget_month = CASE WHEN 'budget_month' = ANY (:update_mask.paths) THEN :terms.budget_month::int4 ELSE s.budget_month END
  FROM held h, verdict v WHERE s.agency_id = h.agency_id AND v.refusal IS NULL
  RETURNING h.code, s.approval_above_cents, s.return_days, s.urgent_hours, s.high_hours, s.normal_hours, s.low_hours, s.budget_month, s.revision
)
SELECT v.refusal, n.code AS agency, n.approval_above_cents, n.return_days, n.urgent_hours, n.high_hours, n.normal_hours, n.low_hours,
  n.budget_month, n.revision
FROM verdict v LEFT JOIN changed n ON true
