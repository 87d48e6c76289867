-- Deploy radioshop:report to pg
--
-- What reports need beside the register: which due dates were met and when, and whose days a period is counted in.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Due dates that were met. A schedule knows just the next one; what was due is written down when a service answers it, as the
-- plan was then: a plan that is changed later makes nothing late that was not.

CREATE TABLE radioshop.due_met (
  agency_id int NOT NULL,
  asset_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  due_on date NOT NULL,
  overdue_from date NOT NULL,
  done_on date NOT NULL,
  CONSTRAINT due_met_pkey PRIMARY KEY (agency_id, asset_id, plan_id, due_on),
  CONSTRAINT due_met_asset_known FOREIGN KEY (agency_id, asset_id) REFERENCES radioshop.asset (agency_id, asset_id),
  CONSTRAINT due_met_plan_known FOREIGN KEY (agency_id, plan_id) REFERENCES radioshop.plan (agency_id, plan_id)
);
COMMENT ON TABLE radioshop.due_met IS 'due dates that a service has met, each as it was then; written by trigger of schedule';
COMMENT ON COLUMN radioshop.due_met.overdue_from IS 'a service on this day or later was late';
CREATE INDEX due_met_by_day ON radioshop.due_met (agency_id, due_on, plan_id) INCLUDE (overdue_from, done_on);
CREATE TRIGGER only_append BEFORE UPDATE OR DELETE OR TRUNCATE ON radioshop.due_met
  FOR EACH STATEMENT EXECUTE FUNCTION radioshop.only_append();

ALTER TABLE radioshop.due_met ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY due_met_agency ON radioshop.due_met
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
GRANT SELECT, INSERT ON radioshop.due_met TO radioshop_app;

-- A service a whole interval before the due date, or earlier, is history that was entered: it answers an older one.
CREATE FUNCTION radioshop.note_due_met() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO radioshop.due_met (agency_id, asset_id, plan_id, due_on, overdue_from, done_on)
    SELECT OLD.agency_id, OLD.asset_id, OLD.plan_id, OLD.next_due, OLD.overdue_from, NEW.last_done_on
      FROM radioshop.plan p
      WHERE p.agency_id = OLD.agency_id AND p.plan_id = OLD.plan_id
        AND NEW.last_done_on > radioshop.occurrence(OLD.next_due, p.interval_count, p.interval_unit, -1)
    ON CONFLICT ON CONSTRAINT due_met_pkey DO NOTHING;
  RETURN NULL;
END
$$;
CREATE TRIGGER note_due_met AFTER UPDATE ON radioshop.schedule FOR EACH ROW
  WHEN (OLD.next_due IS NOT NULL AND NEW.last_done_on IS DISTINCT FROM OLD.last_done_on AND NEW.last_done_on IS NOT NULL)
  EXECUTE FUNCTION radioshop.note_due_met();

-- ---------------------------------------------------------------------------------------------------------------------
-- Entries of tickets by time: they only grow, so that a summary of each block finds a period, and costs an entry nothing.
CREATE INDEX ticket_entry_at ON radioshop.ticket_entry USING brin (at) WITH (pages_per_range = 16);

-- The agencies that a report is about, each with its period in its own days: from the begin of `first` to the end of `last`.
CREATE FUNCTION radioshop.report_period(agency text, first date, last date)
RETURNS TABLE (agency_id int, code text, today date, first_on date, last_on date, begins timestamptz, ends timestamptz)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY SELECT g.agency_id, g.code, d.today, f.first_on, l.last_on, f.first_on::timestamp AT TIME ZONE g.time_zone,
      (l.last_on + 1)::timestamp AT TIME ZONE g.time_zone
    FROM radioshop.agency g
      CROSS JOIN LATERAL (SELECT radioshop.today(g.time_zone) AS today) d
      CROSS JOIN LATERAL (SELECT coalesce(report_period.last, d.today) AS last_on) l
      CROSS JOIN LATERAL (SELECT coalesce(report_period.first, (l.last_on - interval '1 year')::date) AS first_on) f
    WHERE g.agency_id = ANY (radioshop.agencies()) AND g.agency_id > 0
      AND (coalesce(report_period.agency, '') = '' OR g.code = upper(report_period.agency))
    ORDER BY g.code;
END
$$;

-- Why a report cannot be made; NULL when it can.
CREATE FUNCTION radioshop.refuse_report(agency text, first date, last date, top int DEFAULT 0) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN CASE
    WHEN coalesce(refuse_report.agency, '') <> '' AND NOT EXISTS (
        SELECT FROM radioshop.agency g WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(refuse_report.agency)) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', refuse_report.agency))
    WHEN first > last THEN radioshop.refuse('INVALID_ARGUMENT', 'from', format('%s is after %s, where the period ends', first, last))
    WHEN top NOT BETWEEN 0 AND 1000 THEN radioshop.refuse('INVALID_ARGUMENT', 'top', 'give 1 to 1000, or 0 for 100')
  END;
END
$$;

UPDATE radioshop.schema_version SET version = 9;

COMMIT;
