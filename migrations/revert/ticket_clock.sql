-- Revert radioshop:ticket_clock from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 16;

DROP FUNCTION radioshop.change_shop_holiday(boolean, date, text);
DROP FUNCTION radioshop.update_shop_calendar(bigint, text[], text, text[]);
DROP FUNCTION radioshop.settle_shop_calendar();
DROP FUNCTION radioshop.shown_shop_calendar();
DROP TYPE radioshop.shop_calendar_shown;
ALTER TYPE radioshop.ticket_shown DROP ATTRIBUTE sla_due_at, DROP ATTRIBUTE sla_remaining_minutes, DROP ATTRIBUTE sla_breached;

-- As deploy/ticket_outcome.sql has it.
CREATE OR REPLACE FUNCTION radioshop.shown_ticket(agency int, ticket uuid) RETURNS radioshop.ticket_shown LANGUAGE plpgsql STABLE AS $$
DECLARE
  shown radioshop.ticket_shown;
BEGIN
  SELECT NULL, t.ticket_id, t.number, g.code, a.tag, t.state, t.priority, t.problem, t.cause, t.action, t.opened_by, t.opened_at,
      t.closed_at, t.labour_minutes, t.cost_cents, radioshop.ticket_moves(t.state), t.revision,
      coalesce(t.problem_code, ''), coalesce(t.cause_code, ''), coalesce(t.action_code, ''), t.outcome, coalesce(r.number, ''),
      t.estimate_cents, t.approved_cents, t.write_off_approved
    INTO shown
    FROM radioshop.ticket t JOIN radioshop.agency g ON g.agency_id = t.agency_id
      JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
      LEFT JOIN radioshop.ticket r ON r.agency_id = t.agency_id AND r.ticket_id = t.returns_id
    WHERE t.agency_id = agency AND t.ticket_id = ticket;
  RETURN shown;
END
$$;

DROP TRIGGER clock_follow ON radioshop.ticket_terms;
DROP FUNCTION radioshop.ticket_terms_follow();
DROP TRIGGER clock_follow ON radioshop.ticket;
DROP TRIGGER clock_follow ON radioshop.ticket_entry;
DROP FUNCTION radioshop.ticket_clock_follow();
DROP FUNCTION radioshop.count_ticket_clocks(int);
DROP FUNCTION radioshop.count_ticket_clock(int, uuid);
DROP FUNCTION radioshop.clock_runs(text);
DROP TABLE radioshop.ticket_clock;
ALTER TABLE radioshop.ticket_terms DROP COLUMN urgent_hours, DROP COLUMN high_hours, DROP COLUMN normal_hours, DROP COLUMN low_hours;
DROP FUNCTION radioshop.shop_instant(bigint);
DROP FUNCTION radioshop.shop_seconds(timestamptz);
DROP FUNCTION radioshop.lay_shop_spans();
DROP TABLE radioshop.shop_span, radioshop.shop_holiday, radioshop.shop_hours, radioshop.shop_calendar;

COMMIT;
