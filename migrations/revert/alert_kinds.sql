-- Revert radioshop:alert_kinds from pg
--
-- What was said of these kinds is forgotten: the release before has no words for it.

BEGIN;

UPDATE radioshop.schema_version SET version = 20;
ALTER TABLE radioshop.alert NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_notice NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_rule NO FORCE ROW LEVEL SECURITY;
DELETE FROM radioshop.alert_notice n USING radioshop.alert l WHERE l.agency_id = n.agency_id AND l.alert_id = n.alert_id
  AND l.kind IN ('part_low', 'calibration_ending', 'ticket_late');
DELETE FROM radioshop.alert WHERE kind IN ('part_low', 'calibration_ending', 'ticket_late');
UPDATE radioshop.alert_route SET kinds = ARRAY(SELECT k FROM unnest(kinds) k WHERE k NOT IN ('part_low', 'calibration_ending', 'ticket_late'))
  WHERE kinds && '{part_low,calibration_ending,ticket_late}';
DELETE FROM radioshop.alert_rule WHERE kind IN ('part_low', 'calibration_ending', 'ticket_late');
ALTER TABLE radioshop.alert FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_notice FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_rule FORCE ROW LEVEL SECURITY;
DELETE FROM radioshop.alert_kind WHERE kind IN ('part_low', 'calibration_ending', 'ticket_late');
DROP FUNCTION radioshop.alert_tickets_late(int, date, int);
DROP FUNCTION radioshop.alert_calibrations_ending(int, date, int);
DROP FUNCTION radioshop.alert_parts_low(int, date, int);
DROP FUNCTION radioshop.part_fell(uuid, int);

COMMIT;
