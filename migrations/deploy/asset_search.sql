-- Deploy radioshop:asset_search to pg
--
-- One box over the register: tags, serial numbers, unit IDs, aliases, people and posts, ticket numbers. Words are found as they are
-- written, then by their beginning, and where nothing is found so, with one letter wrong, missing, too many, or two changed about.
--
-- Measured at 1,000,000 assets: an index of trigrams must read every posting of a common one before it can stop (a half of the register has
-- "OFF" in "Officer"), and LIKE and % lose it under row level security besides. So it is ordered words in a btree, read only as far as needed;
-- the forms that a word with one mistake may have been meant as are a few hundred, and each is one descent of an index.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- Words

-- Words as they are compared: letters and digits in capitals, without accents and signs, at most 40 of each. Of a word with signs in it also
-- its parts, but for a first one that is its beginning anyhow: C003-008300 is C003008300 and 008300. Some may be empty, or there twice.
CREATE FUNCTION radioshop.plain_words(value text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  signs constant text := E'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~\u2010\u2011\u2013\u2014\u2019';
  spaces constant text := repeat(' ', char_length(signs));
  clean text := upper(value);
  joined text;
  words text[];
  parts text[];
BEGIN
  IF octet_length(value) <> char_length(value) THEN
    clean := translate(upper(regexp_replace(normalize(value, NFD), '[\u0300-\u036f]+', '', 'g')), E'\u00a0', ' ');
  END IF;
  joined := translate(clean, signs, '');
  words := string_to_array(joined, ' ');
  IF joined <> clean THEN
    parts := string_to_array(translate(clean, signs, spaces), ' ');
    words := words || CASE WHEN position(' ' IN clean) > 0 OR parts[1] = '' THEN parts ELSE parts[2:] END;
  END IF;
  IF char_length(joined) > 40 THEN
    words := ARRAY(SELECT left(w, 40) FROM unnest(words) w);
  END IF;
  RETURN words;
END
$$;

-- One word as it is compared; empty if there are but signs.
CREATE FUNCTION radioshop.plain_word(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce((radioshop.plain_words(translate(value, E' \t\r\n\u00a0', '')))[1], '')
$$;

-- The words that an asset is found by beside its own codes, which have indices already: whom it is assigned to, its alias, and a tag
-- with signs in it. They may be there twice.
CREATE FUNCTION radioshop.asset_words(tag text, alias text, assigned_to text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN array_remove(CASE WHEN tag ~ '^[A-Za-z0-9]*$' THEN '{}' ELSE radioshop.plain_words(tag) END
    || CASE alias WHEN '' THEN '{}' ELSE radioshop.plain_words(alias) END
    || CASE assigned_to WHEN '' THEN '{}' ELSE radioshop.plain_words(assigned_to) END, '');
END
$$;

CREATE TABLE radioshop.asset_word (
  agency_id int NOT NULL,
  word text COLLATE "C" NOT NULL,
  asset_id uuid NOT NULL,
  CONSTRAINT asset_word_pkey PRIMARY KEY (agency_id, word, asset_id)
);
COMMENT ON TABLE radioshop.asset_word IS
  'what an asset is found by: written by triggers, so that it needs no foreign key, which would cost each of its rows a look-up';
-- In which agencies a word is: see find_words().
CREATE INDEX asset_word_everywhere ON radioshop.asset_word (word, agency_id);
ALTER TABLE radioshop.asset_word ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY asset_word_agency ON radioshop.asset_word TO radioshop_app
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
-- For find_words() below and for the filling of the table, which are the owner's, and for nobody else.
CREATE POLICY asset_word_search ON radioshop.asset_word TO radioshop_owner USING (true);
GRANT SELECT, INSERT, DELETE ON radioshop.asset_word TO radioshop_app;

-- Only when what is searched has changed: see the conditions of the triggers.
CREATE FUNCTION radioshop.asset_word_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  old_words text[] := '{}';
  new_words text[] := '{}';
BEGIN
  IF TG_OP <> 'DELETE' THEN
    new_words := radioshop.asset_words(NEW.tag, NEW.alias, NEW.assigned_to);
  END IF;
  IF TG_OP <> 'INSERT' THEN
    old_words := radioshop.asset_words(OLD.tag, OLD.alias, OLD.assigned_to);
    DELETE FROM radioshop.asset_word w USING unnest(old_words) o
      WHERE w.agency_id = OLD.agency_id AND w.word = o COLLATE "C" AND w.asset_id = OLD.asset_id
        AND (TG_OP = 'DELETE' OR NEW.agency_id <> OLD.agency_id OR o <> ALL (new_words));
  END IF;
  IF new_words <> '{}' THEN
    INSERT INTO radioshop.asset_word (agency_id, word, asset_id) SELECT NEW.agency_id, n, NEW.asset_id FROM unnest(new_words) n ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER words_added AFTER INSERT OR DELETE ON radioshop.asset FOR EACH ROW EXECUTE FUNCTION radioshop.asset_word_follow();
CREATE TRIGGER words_changed AFTER UPDATE ON radioshop.asset FOR EACH ROW
  WHEN ((NEW.agency_id, NEW.tag, NEW.alias, NEW.assigned_to) IS DISTINCT FROM (OLD.agency_id, OLD.tag, OLD.alias, OLD.assigned_to))
  EXECUTE FUNCTION radioshop.asset_word_follow();

-- What is there already, as the owner, who sees what the settings say.
DO $$
BEGIN
  PERFORM set_config('radioshop.agencies', '{0}', true);
  PERFORM set_config('radioshop.agencies', (SELECT array_agg(g.agency_id)::text FROM radioshop.agency g), true);
  INSERT INTO radioshop.asset_word (agency_id, word, asset_id)
    SELECT DISTINCT a.agency_id, w, a.asset_id FROM radioshop.asset a CROSS JOIN LATERAL unnest(radioshop.asset_words(a.tag, a.alias, a.assigned_to)) w;
END
$$;

-- What a word with one mistake may have been meant as: a letter too many, two changed about, one wrong, one missing.
CREATE FUNCTION radioshop.near_words(word text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  letters constant text[] := string_to_array('A B C D E F G H I J K L M N O P Q R S T U V W X Y Z 0 1 2 3 4 5 6 7 8 9', ' ');
BEGIN
  RETURN array_remove(ARRAY(
    SELECT left(word, i - 1) || substr(word, i + 1) FROM generate_series(1, char_length(word)) i
    UNION ALL SELECT left(word, i - 1) || substr(word, i + 1, 1) || substr(word, i, 1) || substr(word, i + 2) FROM generate_series(1, char_length(word) - 1) i
    UNION ALL SELECT h.head || c || h.tail FROM (SELECT left(word, i - 1) AS head, substr(word, i + 1) AS tail FROM generate_series(1, char_length(word)) i) h, unnest(letters) c
    UNION ALL SELECT h.head || c || h.tail FROM (SELECT left(word, i) AS head, substr(word, i + 1) AS tail FROM generate_series(0, char_length(word)) i) h, unnest(letters) c), '');
END
$$;

-- Which of these words the caller's agencies have, and which of the agencies. SECURITY DEFINER: row level security would read all that other
-- agencies have of a word before it knew that the caller's have none, or make a descent for every word and agency. It runs as the
-- owner, whose policy on this one table has no condition, goes from agency to agency of the few words that exist, and takes the
-- caller's agencies from the settings of the call itself. It gives back nothing but words that it was given.
CREATE FUNCTION radioshop.find_words(words text[]) RETURNS TABLE (agency_id int, word text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, radioshop, pg_temp ROWS 10 AS $$
#variable_conflict use_column
DECLARE
  scope constant int[] := radioshop.agencies();
  known constant text[] := ARRAY(SELECT DISTINCT u FROM unnest(words) u
    CROSS JOIN LATERAL (SELECT 1 FROM radioshop.asset_word w WHERE w.word = u COLLATE "C" LIMIT 1) w);
BEGIN
  RETURN QUERY
    WITH RECURSIVE place AS (
      SELECT k AS word, (SELECT w.agency_id FROM radioshop.asset_word w WHERE w.word = k COLLATE "C" ORDER BY w.agency_id LIMIT 1) AS agency_id
        FROM unnest(known) k
      UNION ALL
      SELECT p.word, (SELECT w.agency_id FROM radioshop.asset_word w
          WHERE w.word = p.word COLLATE "C" AND w.agency_id > p.agency_id ORDER BY w.agency_id LIMIT 1)
        FROM place p WHERE p.agency_id IS NOT NULL
    )
    SELECT p.agency_id, p.word FROM place p WHERE p.agency_id = ANY (scope);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Assets by words

-- How well an asset answers: 0 by a whole code, 1 by a whole word, 2 by a beginning, 3 by what was likely meant. And by which fields, or by
-- a word of the table of words, with a = before it.
CREATE TYPE radioshop.asset_hit AS (agency_id int, asset_id uuid, rank int, fields text[]);

-- Assets that have a word or its beginning, at most `most` of each kind; in `near`, also those that have it with one mistake. Kinds that
-- are full are not read further. A ticket number names its agency; without that it is looked for in each. Without sorts, since what is
-- wanted first must come from an index: the planner would rather read all that 300 agencies have of a word, and sort it.
CREATE FUNCTION radioshop.assets_by_word(asked text, scope int[], near boolean, most int) RETURNS TABLE (agency_id int, asset_id uuid, rank int, field text)
LANGUAGE plpgsql STABLE ROWS 100 SET enable_sort = off AS $$
#variable_conflict use_column
DECLARE
  key constant text COLLATE "C" := upper(asked);
  behind constant text COLLATE "C" := key || chr(1114111);
  plain constant text COLLATE "C" := radioshop.plain_word(asked);
  plain_behind constant text COLLATE "C" := plain || chr(1114111);
  number constant bigint := CASE WHEN asked ~ '^[1-9][0-9]{0,7}$' THEN asked::bigint END;
  meant text[];
  numbers int[];
  tens int := 1;
  -- Who acts for the shop sees every agency: order by the words alone then finds as much with one descent as with one for each.
  wide constant boolean := radioshop.is_shop() AND cardinality(scope) > 1;
BEGIN
  RETURN QUERY SELECT a.agency_id, a.asset_id, 0, 'tag' FROM radioshop.asset a WHERE a.agency_id = ANY (scope) AND a.tag_key = key LIMIT most;
  RETURN QUERY SELECT a.agency_id, a.asset_id, 0, 'serial' FROM radioshop.asset a WHERE a.agency_id = ANY (scope) AND a.serial_key = key LIMIT most;
  IF number <= 16777211 THEN
    RETURN QUERY SELECT a.agency_id, a.asset_id, 0, 'unit_id' FROM radioshop.asset a
      WHERE a.agency_id = ANY (scope) AND a.unit_id = number::int LIMIT most;
  END IF;
  IF key ~ '^([A-Z0-9]{2,8}:.|[0-9A-F]{8}-)' THEN
    RETURN QUERY SELECT f.agency_id, f.asset_id, 0, CASE WHEN key ~ ':' THEN 'tag' ELSE 'id' END FROM radioshop.find_assets(asked) f
      WHERE f.agency_id = ANY (scope) LIMIT most;
  END IF;
  RETURN QUERY SELECT f.agency_id, f.asset_id, 0, 'former_serial' FROM radioshop.asset_former_serial f
    WHERE f.agency_id = ANY (scope) AND f.serial_key = key LIMIT most;
  IF key ~ '^[0-9]{4}-[0-9]+$' THEN
    RETURN QUERY SELECT t.agency_id, t.asset_id, 0, 'ticket' FROM radioshop.agency g
      JOIN radioshop.ticket t ON t.agency_id = g.agency_id AND t.number = g.code || '-' || key WHERE g.agency_id = ANY (scope) LIMIT most;
  ELSIF key ~ '^[A-Z0-9]{2,8}-[0-9]{4}(-[0-9]*)?$' THEN
    RETURN QUERY SELECT t.agency_id, t.asset_id, CASE t.number WHEN key THEN 0 ELSE 2 END, 'ticket' FROM radioshop.agency g
      JOIN radioshop.ticket t ON t.agency_id = g.agency_id AND t.number >= key AND t.number < behind
      WHERE g.agency_id = ANY (scope) AND g.code = split_part(key, '-', 1) ORDER BY t.number LIMIT most;
  END IF;
  IF wide THEN
    RETURN QUERY SELECT v.agency_id, v.asset_id, CASE v.word WHEN plain THEN 1 ELSE 2 END, '=' || plain FROM radioshop.asset_word v
      WHERE plain <> '' AND v.word >= plain AND v.word < plain_behind ORDER BY v.word, v.agency_id LIMIT most;
    RETURN QUERY SELECT a.agency_id, a.asset_id, 2, 'tag' FROM radioshop.asset a WHERE a.tag_key > key AND a.tag_key < behind ORDER BY a.tag_key LIMIT most;
    RETURN QUERY SELECT a.agency_id, a.asset_id, 2, 'serial' FROM radioshop.asset a WHERE a.serial_key > key AND a.serial_key < behind ORDER BY a.serial_key LIMIT most;
  ELSE
    RETURN QUERY SELECT s, w.asset_id, 1, '=' || plain FROM unnest(scope) s CROSS JOIN LATERAL (
        SELECT v.asset_id FROM radioshop.asset_word v WHERE v.agency_id = s AND v.word = plain LIMIT most) w LIMIT most;
    RETURN QUERY SELECT s, w.asset_id, 2, '=' || plain FROM unnest(scope) s CROSS JOIN LATERAL (
        SELECT v.asset_id FROM radioshop.asset_word v WHERE plain <> '' AND v.agency_id = s AND v.word > plain AND v.word < plain_behind
        ORDER BY v.word LIMIT most) w LIMIT most;
    RETURN QUERY SELECT s, w.asset_id, 2, 'tag' FROM unnest(scope) s CROSS JOIN LATERAL (SELECT a.asset_id FROM radioshop.asset a
        WHERE a.agency_id = s AND a.tag_key > key AND a.tag_key < behind ORDER BY a.tag_key LIMIT most) w LIMIT most;
    RETURN QUERY SELECT s, w.asset_id, 2, 'serial' FROM unnest(scope) s CROSS JOIN LATERAL (SELECT a.asset_id FROM radioshop.asset a
        WHERE a.agency_id = s AND a.serial_key > key AND a.serial_key < behind ORDER BY a.serial_key LIMIT most) w LIMIT most;
  END IF;
  WHILE number * tens * 10 <= 16777211 LOOP
    tens := tens * 10;
    IF wide THEN
      RETURN QUERY SELECT a.agency_id, a.asset_id, 2, 'unit_id' FROM radioshop.asset a
        WHERE a.unit_id >= (number * tens)::int AND a.unit_id < ((number + 1) * tens)::int ORDER BY a.unit_id LIMIT most;
    ELSE
      RETURN QUERY SELECT s, w.asset_id, 2, 'unit_id' FROM unnest(scope) s CROSS JOIN LATERAL (SELECT a.asset_id FROM radioshop.asset a
          WHERE a.agency_id = s AND a.unit_id >= (number * tens)::int AND a.unit_id < ((number + 1) * tens)::int
          ORDER BY a.unit_id LIMIT most) w LIMIT most;
    END IF;
  END LOOP;
  IF NOT near OR char_length(key) NOT BETWEEN 3 AND 20 THEN
    RETURN;
  END IF;
  IF key ~ '[0-9]' THEN -- a word without a digit is no code
    meant := radioshop.near_words(key);
    RETURN QUERY SELECT a.agency_id, a.asset_id, 3, 'tag' FROM radioshop.asset a WHERE a.tag_key = ANY (meant) AND a.agency_id = ANY (scope) LIMIT most;
    RETURN QUERY SELECT a.agency_id, a.asset_id, 3, 'serial' FROM radioshop.asset a WHERE a.serial_key = ANY (meant) AND a.agency_id = ANY (scope) LIMIT most;
  END IF;
  IF number IS NOT NULL THEN
    numbers := ARRAY(SELECT m::int FROM unnest(meant) m WHERE m ~ '^[1-9][0-9]{0,7}$');
    RETURN QUERY SELECT a.agency_id, a.asset_id, 3, 'unit_id' FROM radioshop.asset a WHERE a.unit_id = ANY (numbers) AND a.agency_id = ANY (scope) LIMIT most;
  END IF;
  IF meant IS NULL OR plain <> key THEN
    meant := radioshop.near_words(plain);
  END IF;
  RETURN QUERY SELECT f.agency_id, w.asset_id, 3, '=' || f.word FROM radioshop.find_words(meant) f CROSS JOIN LATERAL (
      SELECT v.asset_id FROM radioshop.asset_word v WHERE v.agency_id = f.agency_id AND v.word = f.word COLLATE "C" LIMIT most) w LIMIT most;
END
$$;

-- The field of an asset in which a word is, or its beginning; NULL if in none.
CREATE FUNCTION radioshop.field_of_word(asked text, agency int, asset uuid, tag text, serial text, unit_id int, alias text, assigned_to text)
RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  plain constant text := radioshop.plain_word(asked);
BEGIN
  RETURN CASE WHEN starts_with(upper(tag), upper(asked)) THEN 'tag' WHEN starts_with(upper(serial), upper(asked)) THEN 'serial'
    WHEN starts_with(unit_id::text, asked) THEN 'unit_id'
    WHEN plain = '' THEN NULL
    WHEN EXISTS (SELECT FROM unnest(radioshop.plain_words(assigned_to)) w WHERE starts_with(w, plain)) THEN 'assigned_to'
    WHEN EXISTS (SELECT FROM unnest(radioshop.plain_words(alias)) w WHERE starts_with(w, plain)) THEN 'alias'
    WHEN EXISTS (SELECT FROM unnest(radioshop.plain_words(tag)) w WHERE starts_with(w, plain)) THEN 'tag'
    WHEN asked ~ '-[0-9]' AND EXISTS (SELECT FROM radioshop.ticket t WHERE t.agency_id = agency AND t.asset_id = asset AND starts_with(t.number, upper(asked))) THEN 'ticket'
    END;
END
$$;

-- One try of search_assets(). The smallest set that is known whole leads: of a word, of the filters, or several of them together; words that more
-- than `most` have are looked for in its assets. Where every set is larger, the first `most` of one are looked through, and cut is true.
CREATE FUNCTION radioshop.try_assets(words text[], scope int[], near boolean, status text, class text, model text, most int,
  OUT hits radioshop.asset_hit[], OUT cut boolean) LANGUAGE plpgsql STABLE AS $$
DECLARE
  found radioshop.asset_hit[];
  kept radioshop.asset_hit[];
  partial radioshop.asset_hit[];
  partial_word text;
  common text[] := '{}';
  plain text[];
  one text COLLATE "C";
  other text COLLATE "C";
  word text;
  wanted uuid;
BEGIN
  cut := false;
  FOREACH word IN ARRAY words LOOP
    found := ARRAY(SELECT (h.agency_id, h.asset_id, min(h.rank), (array_agg(h.field ORDER BY h.rank))[1:1])::radioshop.asset_hit
      FROM radioshop.assets_by_word(word, scope, near, most + 1) h GROUP BY h.agency_id, h.asset_id);
    IF cardinality(found) > most THEN
      common := common || word;
      IF partial IS NULL THEN
        partial := found;
        partial_word := word;
      END IF;
    ELSIF kept IS NULL THEN
      kept := found;
    ELSE
      kept := ARRAY(SELECT (k.agency_id, k.asset_id, greatest(k.rank, f.rank), k.fields || f.fields)::radioshop.asset_hit
        FROM unnest(kept) k JOIN unnest(found) f ON f.agency_id = k.agency_id AND f.asset_id = k.asset_id);
    END IF;
    EXIT WHEN cardinality(kept) = 0;
  END LOOP;
  IF model <> '' THEN
    wanted := (SELECT m.model_id FROM radioshop.model m WHERE m.number_key = upper(btrim(try_assets.model)));
  END IF;
  IF kept IS NULL AND (status IS NOT NULL OR class IS NOT NULL OR model <> '') THEN
    found := ARRAY(SELECT (w.agency_id, w.asset_id, 1, '{}')::radioshop.asset_hit
      FROM unnest(scope) s JOIN radioshop.agency g ON g.agency_id = s
      CROSS JOIN LATERAL radioshop.walk_assets(g.code, try_assets.status, try_assets.class, try_assets.model, NULL, most + 1) w LIMIT most + 1);
    IF cardinality(found) <= most THEN
      kept := found;
    END IF;
  END IF;
  IF kept IS NULL AND cardinality(common) > 1 AND NOT near THEN -- by two of the words, as whole ones, agency by agency
    one := radioshop.plain_word(common[1]);
    other := radioshop.plain_word(common[2]);
    found := ARRAY(SELECT (s, w.asset_id, 1, ARRAY['=' || one, '=' || other])::radioshop.asset_hit
      FROM unnest(scope) s CROSS JOIN LATERAL (SELECT v.asset_id FROM radioshop.asset_word v WHERE v.agency_id = s AND v.word = one
        INTERSECT SELECT v.asset_id FROM radioshop.asset_word v WHERE v.agency_id = s AND v.word = other) w LIMIT most);
    IF cardinality(found) > 0 THEN
      kept := found;
      common := common[3:];
    END IF;
  END IF;
  IF kept IS NULL THEN
    kept := partial;
    common := array_remove(common, partial_word);
    cut := true;
  END IF;
  IF common = '{}' AND status IS NULL AND class IS NULL AND wanted IS NULL THEN
    hits := kept;
    RETURN;
  END IF;
  plain := ARRAY(SELECT radioshop.plain_word(c) FROM unnest(common) WITH ORDINALITY u (c, n) ORDER BY n);
  hits := ARRAY(SELECT (k.agency_id, k.asset_id, k.rank, k.fields || f.fields)::radioshop.asset_hit
    FROM unnest(kept) k
    JOIN radioshop.asset a ON a.agency_id = k.agency_id AND a.asset_id = k.asset_id
    CROSS JOIN LATERAL (SELECT array_agg('=' || c) AS fields, coalesce(bool_and(coalesce(
        EXISTS (SELECT FROM radioshop.asset_word w WHERE w.agency_id = a.agency_id AND w.word = p COLLATE "C" AND w.asset_id = a.asset_id)
        OR starts_with(a.tag_key, upper(c)) OR starts_with(a.serial_key, upper(c)) OR starts_with(a.unit_id::text, c)
        OR position(' ' || upper(c) IN ' ' || upper(a.assigned_to) || ' ' || upper(a.alias)) > 0, false)), true) AS has FROM unnest(common, plain) u (c, p)) f
    WHERE f.has AND (try_assets.status IS NULL OR a.status = try_assets.status) AND (try_assets.class IS NULL OR a.class = try_assets.class)
      AND (wanted IS NULL OR a.model_id = wanted));
END
$$;

-- The assets that answer a question, the best first, behind `after` (rank, code of the agency, tag key): those that have all its words as they are
-- written or by their beginnings; only where none has, also by what was likely meant.
CREATE FUNCTION radioshop.search_assets(query text, agency text, status text, class text, model text, after text[], most int)
RETURNS TABLE (refusal text, agency_id int, asset_id uuid, rank int, fields text, code text, tag_key text) LANGUAGE plpgsql STABLE ROWS 50 AS $$
#variable_conflict use_column
DECLARE
  scope int[] := array_remove(radioshop.agencies(), 0);
  words constant text[] := ARRAY(SELECT DISTINCT w FROM regexp_split_to_table(search_assets.query, '\s+') w
    WHERE radioshop.plain_word(w) <> '' OR w = btrim(search_assets.query));
  whole constant text COLLATE "C" := upper(btrim(search_assets.query));
  tried record;
BEGIN
  IF btrim(search_assets.query, E' \n\r\t') = '' OR cardinality(words) = 0 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'query', 'say what to look for: a tag, serial number, unit ID, alias, name or ticket number');
  ELSIF cardinality(words) > 8 OR char_length(search_assets.query) > 500 THEN
    refusal := radioshop.refuse('INVALID_ARGUMENT', 'query', 'give at most 8 words, and 500 characters');
  ELSIF btrim(search_assets.agency) <> '' THEN
    scope := ARRAY(SELECT g.agency_id FROM radioshop.agency g WHERE g.agency_id = ANY (scope) AND g.code = upper(btrim(search_assets.agency)));
    IF cardinality(scope) = 0 THEN
      refusal := radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', btrim(search_assets.agency)));
    END IF;
  END IF;
  IF refusal IS NULL AND btrim(search_assets.model) <> ''
      AND NOT EXISTS (SELECT FROM radioshop.model m WHERE m.number_key = upper(btrim(search_assets.model))) THEN
    refusal := radioshop.refuse('NOT_FOUND', 'model', format('no model of the catalogue has the number %s', btrim(search_assets.model)));
  END IF;
  IF refusal IS NOT NULL THEN
    RETURN NEXT;
    RETURN;
  END IF;
  tried := radioshop.try_assets(words, scope, false, search_assets.status, search_assets.class, search_assets.model, 300);
  IF cardinality(tried.hits) = 0 AND NOT tried.cut THEN
    tried := radioshop.try_assets(words, scope, true, search_assets.status, search_assets.class, search_assets.model, 300);
  END IF;
  IF cardinality(tried.hits) = 0 AND tried.cut THEN
    refusal := radioshop.refuse('FAILED_PRECONDITION', 'query',
      'more than 300 assets have each of these words, and none of the first 300 answers; add a word, or a filter');
    RETURN NEXT;
    RETURN;
  END IF;
  RETURN QUERY SELECT NULL, p.agency_id, p.asset_id, p.rank,
      (SELECT string_agg(DISTINCT CASE WHEN f NOT LIKE '=%' THEN f
          ELSE radioshop.field_of_word(substr(f, 2), a.agency_id, a.asset_id, a.tag, a.serial, a.unit_id, a.alias, a.assigned_to) END, ', ') FROM unnest(p.fields) f),
      p.code, p.tag_key
    FROM (SELECT h.agency_id, h.asset_id, r.rank, h.fields, g.code, b.tag_key
      FROM unnest(tried.hits) h
      JOIN radioshop.agency g ON g.agency_id = h.agency_id
      JOIN radioshop.asset b ON b.agency_id = h.agency_id AND b.asset_id = h.asset_id
      -- A tag or an alias may have several words, and is whole all the same.
      CROSS JOIN LATERAL (SELECT CASE WHEN whole IN (b.tag_key, b.alias_key) THEN 0 ELSE h.rank END AS rank) r
      WHERE search_assets.after IS NULL OR (r.rank, g.code, b.tag_key) > (search_assets.after[1]::int, search_assets.after[2], search_assets.after[3])
      ORDER BY r.rank, g.code, b.tag_key LIMIT most) p
    JOIN radioshop.asset a ON a.agency_id = p.agency_id AND a.asset_id = p.asset_id
    ORDER BY p.rank, p.code, p.tag_key;
END
$$;

UPDATE radioshop.schema_version SET version = 42;

COMMIT;
