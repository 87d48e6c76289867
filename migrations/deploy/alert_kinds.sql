-- Deploy radioshop:alert_kinds to pg
--
-- Three kinds of alerts more: a part of which too few are left, an analyser whose calibration ends, and a repair whose time runs out.

BEGIN;

INSERT INTO radioshop.alert_kind (kind, subjects, days, resolves, of_shop, unit, stages, urgent) VALUES
  ('part_low', 'alert_parts_low', 0, true, true, '', false, false),
  ('calibration_ending', 'alert_calibrations_ending', 30, true, true, 'days', true, false),
  ('ticket_late', 'alert_tickets_late', 80, true, false, 'percent', true, true);

-- The move with which a part fell to its reorder point, read back from the last one: 0 if it never had more. Moves from place to place
-- change nothing. A reorder point that is changed may name another fall: then the one before is settled, and this one is told.
CREATE FUNCTION radioshop.part_fell(part uuid, reorder_point int, OUT move_no bigint, OUT at timestamptz) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  left_then bigint := radioshop.on_hand(part);
  it record;
BEGIN
  FOR it IN SELECT m.move_no, m.at, m.quantity FROM radioshop.part_move m WHERE m.part_id = part_fell.part AND m.kind <> 'move'
      ORDER BY m.move_no DESC LOOP
    left_then := left_then - it.quantity;
    IF left_then > part_fell.reorder_point THEN
      move_no := it.move_no;
      at := it.at;
      RETURN;
    END IF;
  END LOOP;
  move_no := 0;
  SELECT p.created_at INTO part_fell.at FROM radioshop.part p WHERE p.part_id = part_fell.part;
END
$$;

-- What parts low lists: as many as the reorder point are left, or fewer. The fall is the occasion: after the next one it is told again.
CREATE FUNCTION radioshop.alert_parts_low(agency int, today date, number int) RETURNS SETOF radioshop.alert_subject LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT NULL::uuid, NULL::uuid, (f.at AT TIME ZONE 'UTC')::date, 0, 0,
      format('%s: %s %s left, reorder point %s%s', p.name, p.on_hand, p.unit, p.reorder_point,
        CASE WHEN p.reorder_quantity > 0 THEN format(', order %s', p.reorder_quantity) ELSE '' END), p.number, f.move_no
    FROM radioshop.parts_below_reorder() p CROSS JOIN LATERAL radioshop.part_fell(p.part_id, p.reorder_point) f;
END
$$;

-- Analysers in use whose calibration ends within so many days (0), or has ended (1). The day itself is still inside.
CREATE FUNCTION radioshop.alert_calibrations_ending(agency int, today date, number int) RETURNS SETOF radioshop.alert_subject
LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT NULL::uuid, NULL::uuid, a.calibration_due_on, (a.calibration_due_on < alert_calibrations_ending.today)::int,
      abs(a.calibration_due_on - alert_calibrations_ending.today), a.manufacturer || ' ' || a.model
        || CASE WHEN a.calibration_due_on < alert_calibrations_ending.today THEN ': what it measures now is kept as out of calibration' ELSE '' END,
      a.serial, 0::bigint
    FROM radioshop.analyser a
    WHERE NOT a.retired AND a.calibration_due_on <= alert_calibrations_ending.today + alert_calibrations_ending.number;
END
$$;

-- Repairs of whose agreed working time so many percent are spent while their clock runs (0), or that did not keep it (1). A clock that stands
-- still has no end until it runs again, and then another one: so the end is the occasion. What is broken stays broken until the ticket ends.
CREATE FUNCTION radioshop.alert_tickets_late(agency int, today date, number int) RETURNS SETOF radioshop.alert_subject LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT t.asset_id, NULL::uuid, (c.due_at AT TIME ZONE g.time_zone)::date, (c.due_at <= now())::int, 0,
      CASE WHEN c.due_at <= now()
        THEN format('%s is %s: its %s working hours were over on %s', t.number, replace(t.state, '_', ' '), c.target_seconds / 3600, e.local)
        ELSE format('%s is %s: %s of %s working hours are spent, over on %s', t.number, replace(t.state, '_', ' '),
          round(w.spent / 3600.0, 1), c.target_seconds / 3600, e.local) END,
      t.number, extract(epoch FROM c.due_at)::bigint
    FROM radioshop.ticket_clock c
      JOIN radioshop.ticket t ON t.agency_id = c.agency_id AND t.ticket_id = c.ticket_id
      JOIN radioshop.agency g ON g.agency_id = c.agency_id
      CROSS JOIN LATERAL (SELECT c.spent_seconds + CASE WHEN c.since IS NULL THEN 0
        ELSE radioshop.shop_seconds(now()) - radioshop.shop_seconds(c.since) END AS spent) w
      CROSS JOIN LATERAL (SELECT to_char(c.due_at AT TIME ZONE g.time_zone, 'YYYY-MM-DD HH24:MI') AS local) e
    WHERE c.agency_id = alert_tickets_late.agency AND NOT c.ended AND c.due_at IS NOT NULL
      AND (c.due_at <= now() OR w.spent * 100 >= c.target_seconds * alert_tickets_late.number);
END
$$;

UPDATE radioshop.schema_version SET version = 21;

COMMIT;
