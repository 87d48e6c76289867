-- What new kinds of alerts count with: the fall of a part in its ledger, calibrations and clocks at their edges, and the forms of a rule.
BEGIN;
SELECT no_plan();
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tina', 'Tina');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, 'technician', 0 FROM radioshop.principal p WHERE p.name = 'tina';
SELECT radioshop.enter('tina', '{technician}', 'M', 'c1', 60000, 5000, NULL, NULL);

-- A ledger in words: what came or went, and whether from place to place.
INSERT INTO radioshop.stock_location (location_id, code, name) VALUES ('00000000-0000-4000-8000-000000000001', 'A1', 'Shelf');
CREATE FUNCTION pg_temp.fell(point int, moves int[], aside int[] DEFAULT '{}') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  part uuid;
  lot uuid;
  first bigint;
  fell bigint;
BEGIN
  INSERT INTO radioshop.part (number, name, reorder_point) VALUES ('P' || random(), 'Clip', point) RETURNING part_id INTO part;
  INSERT INTO radioshop.part_lot (part_id, received_on, unit_cost_cents, quantity) VALUES (part, '2026-01-01', 1, 1) RETURNING lot_id INTO lot;
  SELECT coalesce(max(m.move_no), 0) INTO first FROM radioshop.part_move m;
  FOR i IN 1 .. cardinality(moves) LOOP
    INSERT INTO radioshop.part_move (change_id, kind, part_id, lot_id, location_id, quantity, reason)
      VALUES (radioshop.uuid_v7(), CASE WHEN i = ANY (aside) THEN 'move' WHEN moves[i] > 0 THEN 'receive' ELSE 'scrap' END, part, lot,
        '00000000-0000-4000-8000-000000000001', moves[i], 'x');
  END LOOP;
  SELECT f.move_no INTO fell FROM radioshop.part_fell(part, point) f;
  RETURN CASE WHEN fell = 0 THEN 0 ELSE (SELECT count(*) FROM radioshop.part_move m WHERE m.part_id = part AND m.move_no <= fell) END;
END
$$;
SELECT is(pg_temp.fell(5, '{}'), 0::bigint, 'what was never there never fell');
SELECT is(pg_temp.fell(5, '{3,-1,2}'), 0::bigint, 'nor what never rose above its point');
SELECT is(pg_temp.fell(5, '{6,-1}'), 2::bigint, 'it falls when it reaches the point');
SELECT is(pg_temp.fell(5, '{6,-1,-1,-1}'), 2::bigint, 'and not again below it');
SELECT is(pg_temp.fell(5, '{9,-1,-3,-1,3,-2,-1}'), 6::bigint, 'the last fall counts, after it was above');
SELECT is(pg_temp.fell(5, '{9,-5,1,-1}'), 2::bigint, 'reaching the point from below is no rise');
SELECT is(pg_temp.fell(5, '{9,-5,-3,3,-1}', '{3,4}'), 2::bigint, 'from place to place is neither fall nor rise');
SELECT is(pg_temp.fell(5, '{9,-5,4,-4}', '{3,4}'), 2::bigint, 'in either order');

-- Edges of calibrations: the last day of the warning, the last day inside, the day after
INSERT INTO radioshop.analyser (serial, manufacturer, model, calibrated_on, calibration_due_on, retired)
  SELECT v.serial, 'M', 'X', '2026-01-01', v.due::date, v.retired FROM (VALUES ('A', '2026-07-11', false), ('B', '2026-07-10', false), ('C', '2026-07-01', false),
    ('D', '2026-06-30', false), ('E', '2026-06-30', true), ('F', NULL, false)) v (serial, due, retired) WHERE v.due IS NOT NULL;
SELECT results_eq($$SELECT f.subject, f.step, f.days FROM radioshop.alert_calibrations_ending(0, '2026-07-01', 9) f ORDER BY 1$$,
  $$VALUES ('B', 0, 9), ('C', 0, 0), ('D', 1, 1)$$, 'a calibration holds through its last day');

-- Rules: one number, of the unit of the kind
SELECT throws_ok(format('INSERT INTO radioshop.alert_rule (agency_id, kind, days, percent) VALUES (901, %L, %s, %s)', kind, days, percent), code, NULL, what)
  FROM (VALUES ('ticket_late', 3, 50, '23514', 'days and percent'), ('ticket_late', 0, 100, '23514', 'all of it is no part'), ('due_soon', 366, 0, '23514', 'too many days'),
    ('no_such', 1, 0, '23503', 'no such kind')) v (kind, days, percent, code, what);
SELECT ok(to_regprocedure('radioshop.' || k.subjects || '(int, date, int)') IS NOT NULL AND (k.unit = 'days') = (k.days > 0 AND k.unit <> 'percent'), k.kind || ' has its function and its usual number')
  FROM radioshop.alert_kind k;

-- A thing without an asset has a name, and is said once
SELECT throws_ok($$INSERT INTO radioshop.alert (agency_id, kind, due_on, days_overdue) VALUES (0, 'part_low', '2026-01-01', 0)$$, '23514', NULL, 'an alert is about something');
INSERT INTO radioshop.alert (agency_id, kind, due_on, days_overdue, subject, occasion) VALUES (0, 'part_low', '2026-01-01', 0, 'P', 1), (0, 'part_low', '2026-01-01', 0, 'P', 2),
  (0, 'part_low', '2026-01-01', 0, 'Q', 1);
SELECT throws_ok($$INSERT INTO radioshop.alert (agency_id, kind, due_on, days_overdue, subject, occasion) VALUES (0, 'part_low', '2026-01-01', 0, 'P', 2)$$, '23505', NULL,
  'the same fall of the same part is said once');
SELECT * FROM finish();
ROLLBACK;
