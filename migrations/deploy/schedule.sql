-- Deploy radioshop:schedule to pg
--
-- Schedules: the one next due date of each asset under each plan. Nobody writes here but reschedule(), which the triggers
-- of asset, plan and service_record call, and the alerts, which remember what has been said.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Arithmetic

-- Occurrence k of a recurrence, counted from its anchor and never from the occurrence before: 31 January and one month is
-- the last day of February, and two months is 31 March.
CREATE FUNCTION radioshop.occurrence(anchor date, interval_count int, interval_unit text, k int) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE interval_unit WHEN 'months' THEN (anchor + make_interval(months => interval_count * k))::date
    ELSE anchor + interval_count * k END
$$;

CREATE FUNCTION radioshop.fold_services(first_due date, interval_count int, interval_unit text, basis text, done date[],
  OUT next_due date, OUT last_counted date) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  k int := 0;
  before date;
  day date;
  whole int;
BEGIN
  next_due := first_due;
  IF done IS NULL THEN
    RETURN;
  END IF;
  IF basis = 'completed' THEN
    last_counted := (SELECT max(d) FROM unnest(done) d);
    next_due := coalesce(radioshop.occurrence(last_counted, interval_count, interval_unit, 1), first_due);
    RETURN;
  END IF;
  FOR day IN SELECT d FROM unnest(done) d WHERE d IS NOT NULL ORDER BY d LOOP
    before := radioshop.occurrence(first_due, interval_count, interval_unit, k - 1);
    CONTINUE WHEN day - before <= next_due - day;
    last_counted := day;
    whole := CASE interval_unit
      WHEN 'months' THEN ((extract(year FROM day) - extract(year FROM first_due)) * 12
        + extract(month FROM day) - extract(month FROM first_due))::int / interval_count
      ELSE (day - first_due) / interval_count END;
    k := greatest(k + 1, whole);
    next_due := radioshop.occurrence(first_due, interval_count, interval_unit, k);
    IF next_due <= day THEN
      k := k + 1;
      next_due := radioshop.occurrence(first_due, interval_count, interval_unit, k);
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION radioshop.fold_services(date, int, text, text, date[]) IS
'Next due date, and the last service that counted, after the passed services done (any order, NULLs and repeats allowed).
Occurrence k is d(k) = first_due + k intervals, for k = 0, 1, 2 …; d(-1) = first_due - 1 interval.
basis scheduled: begin with k = 0 and take the services by day. A service on day s counts for the current occurrence k
  when s is nearer to d(k) than to d(k-1), or later: s - d(k-1) > d(k) - s in days; at equal distance it does not count.
  When it counts, the smallest j > k with d(j) > s becomes current: occurrences missed meanwhile are skipped. A service that does
  not count moves nothing. The current d(k) is the next due date.
basis completed: one interval after the last service, or first_due if there is none.';

CREATE FUNCTION radioshop.next_due(first_due date, interval_count int, interval_unit text, basis text, done date[]) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT f.next_due FROM radioshop.fold_services(first_due, interval_count, interval_unit, basis, done) f
$$;
COMMENT ON FUNCTION radioshop.next_due(date, int, text, text, date[]) IS 'Just the next due date of fold_services()';

-- ---------------------------------------------------------------------------------------------------------------------
-- The table. Generated columns follow by themselves, so that nothing can move next_due and forget them.

CREATE TABLE radioshop.schedule (
  agency_id int NOT NULL,
  asset_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  first_due_on date NOT NULL,
  next_due date,
  last_done_on date,
  grace_days int NOT NULL,
  escalate_days int NOT NULL,
  alerted_due date,
  alerted_step int NOT NULL DEFAULT 0,
  alert_acked boolean NOT NULL DEFAULT false,
  overdue_from date GENERATED ALWAYS AS (next_due + grace_days + 1) STORED,
  escalate_on date GENERATED ALWAYS AS (CASE WHEN alerted_due = next_due AND NOT alert_acked AND escalate_days > 0
    THEN next_due + grace_days + 1 + escalate_days * (alerted_step + 1) END) STORED,
  CONSTRAINT schedule_pkey PRIMARY KEY (agency_id, asset_id, plan_id),
  CONSTRAINT schedule_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT schedule_plan_known FOREIGN KEY (agency_id, plan_id) REFERENCES radioshop.plan (agency_id, plan_id)
);
COMMENT ON COLUMN radioshop.schedule.first_due_on IS 'anchor of the recurrence, fixed when the row is made';
COMMENT ON COLUMN radioshop.schedule.next_due IS
  'NULL: nothing is due, because the plan is stopped or does not apply, or the asset is not in use';
COMMENT ON COLUMN radioshop.schedule.grace_days IS 'the plan''s, as are escalate_days: copied for the generated columns';
COMMENT ON COLUMN radioshop.schedule.alerted_due IS 'the due date for which an alert is out; a newer next_due settles it';
COMMENT ON COLUMN radioshop.schedule.alerted_step IS 'the last escalation of that alert';
COMMENT ON COLUMN radioshop.schedule.overdue_from IS 'first day on which it is overdue';
COMMENT ON COLUMN radioshop.schedule.escalate_on IS 'day on which the alert is raised again';
CREATE INDEX schedule_by_due ON radioshop.schedule (agency_id, next_due, asset_id, plan_id) WHERE next_due IS NOT NULL;
-- Serves one plan, and the overdue list plan by plan: within a plan the grace days are the same for all.
CREATE INDEX schedule_by_plan ON radioshop.schedule (agency_id, plan_id, next_due, asset_id);

ALTER TABLE radioshop.schedule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY schedule_agency ON radioshop.schedule
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT, UPDATE (first_due_on, next_due, last_done_on, grace_days, escalate_days, alerted_due, alerted_step, alert_acked)
  ON radioshop.schedule TO radioshop_app;

-- ---------------------------------------------------------------------------------------------------------------------
-- Keeping it right

-- Whether an asset is in use, so that something can be due.
CREATE FUNCTION radioshop.is_in_use(status text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT status NOT IN ('retired', 'disposed', 'missing')
$$;

-- Days of the passed services of one asset under one plan; NULL for none. There are none before the change "service_record".
CREATE FUNCTION radioshop.services_done(agency int, asset uuid, plan uuid) RETURNS date[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN NULL;
END
$$;

-- Makes the schedules of these assets right, under one plan or (NULL) all plans of the agency. anew: the plan's first due date has
-- changed, so the anchors are made again. Rows are locked first, in one order, and services read after: whoever held one of
-- the rows has then committed and is seen. The anchors come from that first query, as arrays: a statement that looked into the
-- table that it fills would wade through its own new index entries (100,000 assets took minutes). EXECUTE, because for one asset
-- and for 100,000 different plans are right: none is kept.
CREATE FUNCTION radioshop.reschedule(agency int, assets uuid[], plan uuid DEFAULT NULL, anew boolean DEFAULT false) RETURNS void
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

-- A new plan must not miss an asset that is being added at the same moment, nor the other way round: neither sees the
-- other before it commits. So plans take this lock alone, and assets share it.
CREATE FUNCTION radioshop.lock_schedules(agency int, alone boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF alone THEN
    PERFORM pg_advisory_xact_lock(hashtext('radioshop.schedule'), agency);
  ELSE
    PERFORM pg_advisory_xact_lock_shared(hashtext('radioshop.schedule'), agency);
  END IF;
END
$$;

CREATE FUNCTION radioshop.reschedule_added_assets() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  group_of record;
BEGIN
  FOR group_of IN SELECT n.agency_id, array_agg(n.asset_id) AS assets FROM added n GROUP BY n.agency_id ORDER BY n.agency_id LOOP
    PERFORM radioshop.lock_schedules(group_of.agency_id, false);
    PERFORM radioshop.reschedule(group_of.agency_id, group_of.assets);
  END LOOP;
  RETURN NULL;
END
$$;
CREATE TRIGGER reschedule_added AFTER INSERT ON radioshop.asset REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.reschedule_added_assets();

CREATE FUNCTION radioshop.reschedule_changed_asset() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM radioshop.lock_schedules(NEW.agency_id, false);
  PERFORM radioshop.reschedule(NEW.agency_id, ARRAY[NEW.asset_id]);
  RETURN NULL;
END
$$;
CREATE TRIGGER reschedule_changed AFTER UPDATE ON radioshop.asset FOR EACH ROW
  WHEN (OLD.class IS DISTINCT FROM NEW.class OR OLD.model_id IS DISTINCT FROM NEW.model_id
    OR radioshop.is_in_use(OLD.status) <> radioshop.is_in_use(NEW.status))
  EXECUTE FUNCTION radioshop.reschedule_changed_asset();

CREATE FUNCTION radioshop.reschedule_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  anew boolean := false;
  assets uuid[];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    anew := OLD.first_due_on <> NEW.first_due_on;
  END IF;
  PERFORM radioshop.lock_schedules(NEW.agency_id, true);
  SELECT array_agg(x.asset_id) INTO assets FROM (
    SELECT a.asset_id FROM radioshop.asset a
      WHERE NOT NEW.stopped AND a.agency_id = NEW.agency_id AND (NEW.class IS NULL OR a.class = NEW.class)
        AND (NEW.model_id IS NULL OR a.model_id = NEW.model_id) AND radioshop.is_in_use(a.status)
    UNION
    SELECT s.asset_id FROM radioshop.schedule s WHERE s.agency_id = NEW.agency_id AND s.plan_id = NEW.plan_id) x;
  IF assets IS NOT NULL THEN
    PERFORM radioshop.reschedule(NEW.agency_id, assets, NEW.plan_id, anew);
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER reschedule_added AFTER INSERT ON radioshop.plan FOR EACH ROW EXECUTE FUNCTION radioshop.reschedule_plan();
CREATE TRIGGER reschedule_changed AFTER UPDATE ON radioshop.plan FOR EACH ROW
  WHEN ((OLD.interval_count, OLD.interval_unit, OLD.basis, OLD.first_due_on, OLD.grace_days, OLD.escalate_days, OLD.class,
      OLD.model_id, OLD.stopped)
    IS DISTINCT FROM (NEW.interval_count, NEW.interval_unit, NEW.basis, NEW.first_due_on, NEW.grace_days, NEW.escalate_days,
      NEW.class, NEW.model_id, NEW.stopped))
  EXECUTE FUNCTION radioshop.reschedule_plan();

-- ---------------------------------------------------------------------------------------------------------------------
-- What the methods share

-- The plan as a caller sees it, with the number of assets that are due under it.
CREATE FUNCTION radioshop.shown_plan(agency int, plan uuid) RETURNS radioshop.plan_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.plan_shown;
BEGIN
  SELECT NULL, g.code, p.code, p.name, p.instructions, p.interval_count, p.interval_unit, p.basis, p.first_due_on, p.grace_days,
      p.escalate_days, p.class, coalesce(m.number, ''), p.stopped,
      (SELECT count(*) FROM radioshop.schedule s
        WHERE s.agency_id = p.agency_id AND s.plan_id = p.plan_id AND s.next_due IS NOT NULL)::int, p.revision
    INTO shown
    FROM radioshop.plan p JOIN radioshop.agency g ON g.agency_id = p.agency_id LEFT JOIN radioshop.model m ON m.model_id = p.model_id
    WHERE p.agency_id = agency AND p.plan_id = plan;
  RETURN shown;
END
$$;

-- The one asset that a UUID or code means, or the refusal: none, or several.
CREATE FUNCTION radioshop.one_asset(code text, OUT agency_id int, OUT asset_id uuid, OUT refusal text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  several text;
  n int;
BEGIN
  IF coalesce(one_asset.code, '') = '' THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'asset', 'give the UUID of an asset, or any code on it');
    RETURN;
  END IF;
  SELECT count(*), (array_agg(f.agency_id))[1], (array_agg(f.asset_id))[1] INTO n, one_asset.agency_id, one_asset.asset_id
    FROM radioshop.find_assets(one_asset.code) f;
  IF n = 0 THEN
    refusal := radioshop.refuse('NOT_FOUND', 'asset', format('no asset has the code %s', one_asset.code));
  ELSIF n > 1 THEN
    SELECT string_agg(x.name, ', ' ORDER BY x.name) INTO several FROM (
      SELECT g.code || ':' || a.tag AS name FROM radioshop.find_assets(one_asset.code) f
        JOIN radioshop.agency g ON g.agency_id = f.agency_id
        JOIN radioshop.asset a ON a.agency_id = f.agency_id AND a.asset_id = f.asset_id
        ORDER BY name LIMIT 8) x;
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'asset', format('the code %s fits %s assets: %s%s; write AGENCY:TAG',
      one_asset.code, n, several, CASE WHEN n > 8 THEN ' and more' ELSE '' END));
  END IF;
END
$$;

COMMIT;
