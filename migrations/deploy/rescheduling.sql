-- Deploy radioshop:rescheduling to pg
--
-- What is read for the schedules of many assets grows with them and no faster, whatever the planner believes. An agency that is new since
-- the last ANALYZE has no rows in the statistics, so that every index which leads with it looks as good as any other; and a connection
-- keeps the plans that it made while the tables were small, until the next ANALYZE.

BEGIN;

-- Days of the passed services of these assets, under one plan or (NULL) each plan: a failed one never moves a due date. All in one
-- query: one for each asset, with a plan that the connection keeps from when there were few rows, read all of them each time.
DROP FUNCTION radioshop.services_done(int, uuid, uuid);
CREATE FUNCTION radioshop.services_done(agency int, assets uuid[], plan uuid) RETURNS TABLE (asset_id uuid, plan_id uuid, days date[])
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY EXECUTE $statement$
    SELECT r.asset_id, r.plan_id, array_agg(r.done_on) FROM radioshop.service_record r
      WHERE r.agency_id = $1 AND r.asset_id = ANY ($2) AND ($3 IS NULL OR r.plan_id = $3) AND r.result <> 'failed'
      GROUP BY r.asset_id, r.plan_id
  $statement$ USING services_done.agency, services_done.assets, services_done.plan;
END
$$;

-- Makes the schedules of these assets right, under one plan or (NULL) all plans of the agency. anew: the plan's first due date has
-- changed, so the anchors are made again. Rows are locked first, in one order, and services read after: whoever held one of
-- the rows has then committed and is seen. The anchors come from that first query, as arrays: a statement that looked into the
-- table that it fills would wade through its own new index entries (100,000 assets took minutes). EXECUTE, because for one asset
-- and for 100,000 different plans are right: none is kept.
CREATE OR REPLACE FUNCTION radioshop.reschedule(agency int, assets uuid[], plan uuid DEFAULT NULL, anew boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  many constant int := 20;
  planned constant text := current_setting('plan_cache_mode');
  ignored text;
  old_assets uuid[];
  old_plans uuid[];
  old_anchors date[];
BEGIN
  IF cardinality(assets) > many THEN
    ignored := set_config('plan_cache_mode', 'force_custom_plan', true); -- only a known array is hashed, and not gone through for each row
  END IF;
  SELECT array_agg(l.asset_id), array_agg(l.plan_id), array_agg(l.first_due_on) INTO old_assets, old_plans, old_anchors FROM (
    SELECT s.asset_id, s.plan_id, s.first_due_on FROM radioshop.schedule s
      WHERE s.agency_id = agency AND s.asset_id = ANY (assets) AND (plan IS NULL OR s.plan_id = plan)
      ORDER BY s.asset_id, s.plan_id FOR NO KEY UPDATE) l;
  ignored := set_config('plan_cache_mode', planned, true); -- the triggers of the rows below must not plan for each
  EXECUTE $statement$
  INSERT INTO radioshop.schedule AS s (agency_id, asset_id, plan_id, first_due_on, next_due, last_done_on, grace_days, escalate_days)
    SELECT a.agency_id, a.asset_id, p.plan_id, f.first_due_on, CASE WHEN w.applies THEN d.next_due END, d.last_counted,
        p.grace_days, p.escalate_days
      FROM unnest($2) x (asset_id)
      JOIN radioshop.asset a ON a.agency_id = $1 AND a.asset_id = x.asset_id
      JOIN radioshop.agency g ON g.agency_id = a.agency_id
      JOIN radioshop.plan p ON p.agency_id = a.agency_id AND ($3 IS NULL OR p.plan_id = $3)
      LEFT JOIN unnest($5, $6, $7) o (asset_id, plan_id, first_due_on) ON o.asset_id = a.asset_id AND o.plan_id = p.plan_id
      LEFT JOIN radioshop.services_done($1, $2, $3) v ON v.asset_id = a.asset_id AND v.plan_id = p.plan_id
      CROSS JOIN LATERAL (SELECT NOT p.stopped AND (p.class IS NULL OR p.class = a.class)
        AND (p.model_id IS NULL OR p.model_id = a.model_id) IS TRUE AND radioshop.is_in_use(a.status) AS applies) w
      CROSS JOIN LATERAL (SELECT CASE
          WHEN o.first_due_on IS NOT NULL AND NOT $4 THEN o.first_due_on
          WHEN a.created_at <= p.created_at THEN p.first_due_on
          ELSE greatest(p.first_due_on,
            radioshop.occurrence((a.created_at AT TIME ZONE g.time_zone)::date, p.interval_count, p.interval_unit, 1))
        END AS first_due_on) f
      CROSS JOIN LATERAL radioshop.fold_services(f.first_due_on, p.interval_count, p.interval_unit, p.basis, v.days) d
      WHERE w.applies OR o.asset_id IS NOT NULL
  ON CONFLICT (agency_id, asset_id, plan_id) DO UPDATE
    SET first_due_on = excluded.first_due_on, next_due = excluded.next_due, last_done_on = excluded.last_done_on,
      grace_days = excluded.grace_days, escalate_days = excluded.escalate_days
    WHERE (s.first_due_on, s.next_due, s.last_done_on, s.grace_days, s.escalate_days)
      IS DISTINCT FROM (excluded.first_due_on, excluded.next_due, excluded.last_done_on, excluded.grace_days, excluded.escalate_days)
  $statement$ USING agency, assets, plan, anew, old_assets, old_plans, old_anchors;
END
$$;

UPDATE radioshop.schema_version SET version = 13;

COMMIT;
