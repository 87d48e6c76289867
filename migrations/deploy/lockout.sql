-- Deploy radioshop:lockout to pg
--
-- Who of the connected may not stay: principals that were locked out, or are gone, while their connection lives.

BEGIN;

-- Which of these names are nobody, or somebody who is locked out. The daemon asks for everybody who is connected, on nobody's
-- behalf: so it looks as the shop does, for the length of this one query, and gives back nothing but names that it was given.
CREATE FUNCTION radioshop.locked_out(names text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  before text := coalesce(current_setting('radioshop.agencies', true), '');
  ignored text;
BEGIN
  ignored := set_config('radioshop.agencies', '{0}', true);
  RETURN QUERY SELECT n FROM unnest(locked_out.names) n
    WHERE NOT EXISTS (SELECT FROM radioshop.principal p WHERE p.name = n AND NOT p.disabled);
  ignored := set_config('radioshop.agencies', before, true);
END
$$;

UPDATE radioshop.schema_version SET version = 2;

COMMIT;
