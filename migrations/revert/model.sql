-- Revert radioshop:model from pg

BEGIN;

DROP FUNCTION radioshop.import_models(text[], text[], text[], text[], text[], text[], text[]);
DROP FUNCTION radioshop.read_date(text);
DROP TABLE radioshop.model;
DROP FUNCTION radioshop.is_equipment_class(text);

COMMIT;
