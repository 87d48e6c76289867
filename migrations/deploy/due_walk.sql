-- Deploy radioshop:due_walk to pg
--
-- The page of what is due, read by a function with a plan of its own. In one statement with all else that ListDue asks, the estimate for
-- a page whose size is a parameter grew with the register: at 1,000,000 assets PostgreSQL found it cheaper to plan each call anew, which
-- took four times as long as the page itself.

BEGIN;

-- At most `most` items of an agency by due date, behind the given one; of all its plans, or of one (NULL: all).
CREATE FUNCTION radioshop.walk_due(agency int, plan uuid, until date, due_after date, asset_after uuid, plan_after uuid, most int)
RETURNS TABLE (agency_id int, asset_id uuid, plan_id uuid, next_due date, overdue_from date, last_done_on date, date_changes int,
  dated_at timestamptz, occurs_on date, is_deferred boolean, by_meter boolean, meter_left bigint)
LANGUAGE plpgsql STABLE ROWS 50 SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  IF walk_due.plan IS NULL THEN
    RETURN QUERY SELECT i.agency_id, i.asset_id, i.plan_id, i.next_due, i.overdue_from, i.last_done_on, i.date_changes, i.dated_at,
        i.occurs_on, i.is_deferred, i.by_meter, i.meter_left
      FROM radioshop.schedule i
      WHERE i.agency_id = walk_due.agency AND i.next_due <= walk_due.until
        AND (i.next_due, i.asset_id, i.plan_id) > (walk_due.due_after, walk_due.asset_after, walk_due.plan_after)
      ORDER BY i.next_due, i.asset_id, i.plan_id
      LIMIT walk_due.most;
  ELSE
    RETURN QUERY SELECT i.agency_id, i.asset_id, i.plan_id, i.next_due, i.overdue_from, i.last_done_on, i.date_changes, i.dated_at,
        i.occurs_on, i.is_deferred, i.by_meter, i.meter_left
      FROM radioshop.schedule i
      WHERE i.agency_id = walk_due.agency AND i.plan_id = walk_due.plan AND i.next_due <= walk_due.until
        AND (i.next_due, i.asset_id, i.plan_id) > (walk_due.due_after, walk_due.asset_after, walk_due.plan_after)
      ORDER BY i.next_due, i.asset_id
      LIMIT walk_due.most;
  END IF;
END
$$;

UPDATE radioshop.schema_version SET version = 30;

COMMIT;
