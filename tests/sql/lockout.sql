-- Who of the connected may not stay, and that the question shows nobody anything else.
BEGIN;
SELECT plan(9);

INSERT INTO radioshop.principal (name, display_name, disabled)
  VALUES ('here', 'Here', false), ('here.too', 'Here too', false), ('gone', 'Gone', true);

CREATE FUNCTION pg_temp.out(names text[]) RETURNS text[] LANGUAGE sql AS $$
  SELECT array_agg(n ORDER BY n) FROM radioshop.locked_out(names) n
$$;

SET LOCAL ROLE radioshop_app;
SELECT is(pg_temp.out('{}'), NULL, 'of nobody, nobody');
SELECT is(pg_temp.out('{here,here.too}'), NULL, 'who may stay is not named');
SELECT is(pg_temp.out('{here,gone,never}'), '{gone,never}', 'who is locked out or unknown is');
SELECT is(pg_temp.out('{Here,here.,"her%","","here ","NULL"}'), '{"","Here","NULL","her%","here ","here."}', 'names are compared byte for byte');
SELECT is((SELECT count(*) FROM radioshop.principal), 0::bigint, 'and its rights to look are gone with it');
SELECT is(radioshop.agencies(), NULL, 'as are its agencies');
SELECT is((SELECT count(*) FROM radioshop.locked_out((SELECT array_agg('n' || i) FROM generate_series(1, 5000) i))), 5000::bigint, 'of five thousand as well');

-- Inside of somebody's call it changes nothing of what the caller may see.
SELECT set_config('radioshop.agencies', '{901}', true);
SELECT is(pg_temp.out('{gone}'), '{gone}', 'a caller may ask');
SELECT is(radioshop.agencies(), '{901}', 'and keeps its own agencies');

SELECT finish();
ROLLBACK;
