-- Verify radioshop:alert_subject on pg

BEGIN;

SELECT of_shop, unit, stages, urgent FROM radioshop.alert_kind WHERE false;
SELECT percent FROM radioshop.alert_rule WHERE false;
SELECT item_id, subject, occasion FROM radioshop.alert WHERE false;

DO $$
BEGIN
  ASSERT (SELECT version FROM radioshop.schema_version) >= 19, 'schema_version is below 19';
END
$$;

ROLLBACK;
