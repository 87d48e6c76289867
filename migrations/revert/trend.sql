-- Revert radioshop:trend from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 14;
DROP TRIGGER keep_trends ON radioshop.service_reading;
DROP FUNCTION radioshop.keep_trends();
DROP FUNCTION radioshop.trends_of(int, uuid);
DROP TABLE radioshop.trend;
DROP FUNCTION radioshop.per_year(float8);
DROP FUNCTION radioshop.fit_line(date[], numeric[], text, numeric, numeric);
DROP FUNCTION radioshop.reading_in(numeric, text, text, numeric);
DROP FUNCTION radioshop.nearest(numeric);

COMMIT;
