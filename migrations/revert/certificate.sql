-- Revert radioshop:certificate from pg
--
-- What was said of this kind is forgotten: the release before has no words for it.

BEGIN;

UPDATE radioshop.schema_version SET version = 25;
ALTER TABLE radioshop.alert NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_notice NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_rule NO FORCE ROW LEVEL SECURITY;
DELETE FROM radioshop.alert_notice n USING radioshop.alert l WHERE l.agency_id = n.agency_id AND l.alert_id = n.alert_id
  AND l.kind = 'certificate_ending';
DELETE FROM radioshop.alert WHERE kind = 'certificate_ending';
UPDATE radioshop.alert_route SET kinds = array_remove(kinds, 'certificate_ending') WHERE 'certificate_ending' = ANY (kinds);
DELETE FROM radioshop.alert_rule WHERE kind = 'certificate_ending';
ALTER TABLE radioshop.alert FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_notice FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_rule FORCE ROW LEVEL SECURITY;
DELETE FROM radioshop.alert_kind WHERE kind = 'certificate_ending';
DROP FUNCTION radioshop.alert_certificates_ending(int, date, int);
DROP FUNCTION radioshop.note_certificates(text[]);
DROP TABLE radioshop.principal_certificate;

COMMIT;
