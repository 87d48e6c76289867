-- Revert radioshop:rescheduling from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 12;

DROP FUNCTION radioshop.services_done(int, uuid[], uuid);
CREATE FUNCTION radioshop.services_done(agency int, asset uuid, plan uuid) RETURNS date[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT array_agg(r.done_on) FROM radioshop.service_record r
    WHERE r.agency_id = agency AND r.asset_id = asset AND r.plan_id = plan AND r.result <> 'failed');
END
$$;

CREATE OR REPLACE FUNCTION radioshop.reschedule(agency int, assets uuid[], plan uuid DEFAULT NULL, anew boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  old_assets uuid[];
  old_plans uuid[];
  old_anchors date[];
BEGIN
  SELECT array_agg(l.asset_id), array_agg(l.plan_id), array_agg(l.first_due_on) INTO old_assets, old_plans, old_anchors FROM (
    SELECT s.asset_id, s.plan_id, s.first_due_on FROM radioshop.schedule s
      WHERE s.agency_id = agency AND s.asset_id = ANY (assets) AND (plan IS NULL OR s.plan_id = plan)
      ORDER BY s.asset_id, s.plan_id FOR NO KEY UPDATE) l;
  EXECUTE $statement$
  INSERT INTO radioshop.schedule AS s (agency_id, asset_id, plan_id, first_due_on, next_due, last_done_on, grace_days, escalate_days)
    SELECT a.agency_id, a.asset_id, p.plan_id, f.first_due_on, CASE WHEN w.applies THEN d.next_due END, d.last_counted,
        p.grace_days, p.escalate_days
      FROM unnest($2) x (asset_id)
      JOIN radioshop.asset a ON a.agency_id = $1 AND a.asset_id = x.asset_id
      JOIN radioshop.agency g ON g.agency_id = a.agency_id
      JOIN radioshop.plan p ON p.agency_id = a.agency_id AND ($3 IS NULL OR p.plan_id = $3)
      LEFT JOIN unnest($5, $6, $7) o (asset_id, plan_id, first_due_on) ON o.asset_id = a.asset_id AND o.plan_id = p.plan_id
      CROSS JOIN LATERAL (SELECT NOT p.stopped AND (p.class IS NULL OR p.class = a.class)
        AND (p.model_id IS NULL OR p.model_id = a.model_id) IS TRUE AND radioshop.is_in_use(a.status) AS applies) w
      CROSS JOIN LATERAL (SELECT CASE
          WHEN o.first_due_on IS NOT NULL AND NOT $4 THEN o.first_due_on
          WHEN a.created_at <= p.created_at THEN p.first_due_on
          ELSE greatest(p.first_due_on,
            radioshop.occurrence((a.created_at AT TIME ZONE g.time_zone)::date, p.interval_count, p.interval_unit, 1))
        END AS first_due_on) f
      CROSS JOIN LATERAL radioshop.fold_services(f.first_due_on, p.interval_count, p.interval_unit, p.basis,
        radioshop.services_done(a.agency_id, a.asset_id, p.plan_id)) d
      WHERE w.applies OR o.asset_id IS NOT NULL
  ON CONFLICT (agency_id, asset_id, plan_id) DO UPDATE
    SET first_due_on = excluded.first_due_on, next_due = excluded.next_due, last_done_on = excluded.last_done_on,
      grace_days = excluded.grace_days, escalate_days = excluded.escalate_days
    WHERE (s.first_due_on, s.next_due, s.last_done_on, s.grace_days, s.escalate_days)
      IS DISTINCT FROM (excluded.first_due_on, excluded.next_due, excluded.last_done_on, excluded.grace_days, excluded.escalate_days)
  $statement$ USING agency, assets, plan, anew, old_assets, old_plans, old_anchors;
END
$$;

COMMIT;
