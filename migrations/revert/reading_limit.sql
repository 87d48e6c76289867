-- Revert radioshop:reading_limit from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 2;
DROP FUNCTION radioshop.set_limit(text, text, text, text, text, float8, float8, text, float8, float8, text, text, date, int, boolean);
DROP FUNCTION radioshop.shown_limit(uuid);
DROP TYPE radioshop.limit_shown;
DROP FUNCTION radioshop.limit_for(text, text, text, text, text, date, text, numeric);
DROP FUNCTION radioshop.is_within(numeric, text, numeric, numeric);
DROP FUNCTION radioshop.limit_text(text, numeric, numeric, text);
DROP TABLE radioshop.reading_limit;
DROP FUNCTION radioshop.is_word(text);
DROP FUNCTION radioshop.unit_quantity(text);
DROP FUNCTION radioshop.convert_reading(numeric, text, text, numeric);
DROP FUNCTION radioshop.read_unit(text);
DROP FUNCTION radioshop.exact(float8);

COMMIT;
