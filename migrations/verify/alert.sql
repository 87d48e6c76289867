-- Verify radioshop:alert on pg

BEGIN;

SELECT agency_id, alert_id, kind, asset_id, plan_id, due_on, step, days_overdue, emitted_at, acked_at, acked_by, ack_note, settled_at
  FROM radioshop.alert WHERE false;

DO $$
BEGIN
  ASSERT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'radioshop.alert'::regclass),
    'row level security is not forced';
  ASSERT NOT has_table_privilege('radioshop_app', 'radioshop.alert', 'DELETE, TRUNCATE'), 'alerts can be deleted';
  -- A later change names the asset item_id, and adds what the alert is about beside it.
  ASSERT (SELECT array_agg(a.attname ORDER BY k.place) @> '{agency_id,plan_id,due_on,kind,step}' AND array_agg(a.attname) && '{asset_id,item_id}'
    FROM pg_constraint c CROSS JOIN unnest(c.conkey) WITH ORDINALITY k (attnum, place)
      JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
    WHERE c.conname = 'alert_said_once'), 'the key of the ledger is not the one that says everything once';
END
$$;

ROLLBACK;
