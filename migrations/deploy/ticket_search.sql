-- Deploy radioshop:ticket_search to pg
--
-- Full-text search over tickets in the shop's own language. English words are found in all their forms, but no word is too common to be
-- looked for: "no tx", "off" and "on" say what is wrong with a radio. Part numbers, tags and ticket numbers are found as they are
-- written, joined and in parts. Words that mean the same are kept in a table, and are looked up when somebody asks: so a new one needs
-- no new index.

BEGIN;

-- The words of a language without a list of words to leave out.
CREATE TEXT SEARCH DICTIONARY radioshop.shop_stem (TEMPLATE = pg_catalog.snowball, LANGUAGE = english);
CREATE TEXT SEARCH CONFIGURATION radioshop.shop (COPY = pg_catalog.english);
ALTER TEXT SEARCH CONFIGURATION radioshop.shop ALTER MAPPING REPLACE pg_catalog.english_stem WITH radioshop.shop_stem;

-- ---------------------------------------------------------------------------------------------------------------------
-- What a text is found by, and what is asked for

-- A text as it is indexed: small words of letters and digits in their order, and behind them each word with signs in it joined (APX-6000:
-- apx6000), and each of letters with a number before or behind it in two (APX6000: apx 6000).
CREATE FUNCTION radioshop.search_words(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  small constant text := lower(value);
  plain constant text := regexp_replace(small, '[^[:alnum:]]+', ' ', 'g');
BEGIN
  RETURN regexp_replace(concat_ws(' ', plain,
    (SELECT string_agg(regexp_replace(m[1], '[^[:alnum:]]+', '', 'g'), ' ')
      FROM regexp_matches(small, '([[:alnum:]]+(?:[^[:alnum:][:space:]]+[[:alnum:]]+)+)', 'g') m),
    (SELECT string_agg(regexp_replace(m[1], '([a-z])([0-9])|([0-9])([a-z])', '\1\3 \2\4'), ' ')
      FROM regexp_matches(plain, '\m([a-z]+[0-9]+|[0-9]+[a-z]+)\M', 'g') m)), '([[:alnum:]]{40})[[:alnum:]]+', '\1', 'g');
END
$$;

CREATE FUNCTION radioshop.search_vector(value text, weight "char") RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN setweight(to_tsvector('radioshop.shop', radioshop.search_words(coalesce(value, ''))), weight);
END
$$;

-- Words that mean the same as another word, or as several.
CREATE TABLE radioshop.synonym (
  word text COLLATE "C" NOT NULL,
  means text COLLATE "C" NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT synonym_pkey PRIMARY KEY (word),
  CONSTRAINT synonym_word_form CHECK (char_length(word) <= 64 AND word ~ '^[a-z0-9]+( [a-z0-9]+){0,3}$'),
  CONSTRAINT synonym_means_form CHECK (char_length(means) <= 64 AND means ~ '^[a-z0-9]+( [a-z0-9]+){0,3}$' AND means <> word)
);
COMMENT ON TABLE radioshop.synonym IS 'the shop''s own language: what is asked for as one of them is found as all that mean the same';
COMMENT ON CONSTRAINT synonym_pkey ON radioshop.synonym IS 'word: this word has a meaning already';
COMMENT ON CONSTRAINT synonym_word_form ON radioshop.synonym IS
  'word: give one to four words of letters and digits, at most 64 characters, such as spkr mic';
COMMENT ON CONSTRAINT synonym_means_form ON radioshop.synonym IS
  'means: give another one to four words of letters and digits, at most 64 characters, such as speaker microphone';
CREATE INDEX synonym_by_meaning ON radioshop.synonym (means);
INSERT INTO radioshop.synonym (word, means) VALUES
  ('tx', 'transmit'), ('xmit', 'transmit'), ('key up', 'transmit'), ('rx', 'receive'), ('rcv', 'receive'), ('recv', 'receive'),
  ('ptt', 'push to talk'), ('batt', 'battery'), ('bat', 'battery'), ('sq', 'squelch'), ('ant', 'antenna'), ('spkr', 'speaker'),
  ('mic', 'microphone'), ('mike', 'microphone'), ('rsm', 'speaker microphone'), ('spkr mic', 'speaker microphone'),
  ('freq', 'frequency'), ('dev', 'deviation'), ('pwr', 'power'), ('disp', 'display'), ('lcd', 'display'), ('screen', 'display'),
  ('prog', 'program'), ('cp', 'codeplug'), ('enc', 'encryption'), ('crypto', 'encryption'), ('chg', 'charger'), ('vol', 'volume'),
  ('intermit', 'intermittent'), ('wet', 'water'), ('liquid', 'water'), ('fw', 'firmware'), ('sw', 'software'), ('tg', 'talkgroup'),
  ('emer', 'emergency'), ('rssi', 'signal strength'), ('ber', 'bit error rate'), ('sinad', 'sensitivity'), ('xcvr', 'transceiver'),
  ('chan', 'channel'), ('conn', 'connector'), ('pot', 'potentiometer'), ('syn', 'synthesizer'), ('pll', 'synthesizer');
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.synonym
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('synonym', 'word');
ALTER TABLE radioshop.synonym ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY synonym_read ON radioshop.synonym FOR SELECT USING (true);
CREATE POLICY synonym_add ON radioshop.synonym FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY synonym_change ON radioshop.synonym FOR UPDATE USING ((SELECT radioshop.is_shop()));
CREATE POLICY synonym_drop ON radioshop.synonym FOR DELETE USING ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT, DELETE, UPDATE (means, updated_at) ON radioshop.synonym TO radioshop_app;

-- What to put in place of the words of a question: of each synonym whose words all occur in it, all that mean the same; of a number
-- with letters, also the two apart. Longer ones first. For ts_rewrite().
CREATE FUNCTION radioshop.search_rewrites(said text[]) RETURNS TABLE (target tsquery, substitute tsquery) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    WITH term AS MATERIALIZED (
      SELECT s.word AS term, s.means FROM radioshop.synonym s UNION SELECT s.means, s.means FROM radioshop.synonym s
    ), asked AS MATERIALIZED (
      SELECT t.term, t.means FROM term t WHERE tsvector_to_array(to_tsvector('radioshop.shop', t.term)) <@ said
    ), meaning AS (
      SELECT a.term, (SELECT string_agg('(' || phraseto_tsquery('radioshop.shop', o.term)::text || ')', ' | ' ORDER BY o.term)
          FROM (SELECT DISTINCT t.term FROM asked b JOIN term t ON t.means = b.means WHERE b.term = a.term) o)::tsquery AS substitute
        FROM (SELECT DISTINCT a.term FROM asked a) a
    ), pair AS (
      SELECT phraseto_tsquery('radioshop.shop', m.term) AS target, m.substitute FROM meaning m
      UNION ALL SELECT plainto_tsquery('radioshop.shop', m.term), m.substitute FROM meaning m WHERE position(' ' IN m.term) > 0
      UNION ALL SELECT phraseto_tsquery('radioshop.shop', w), phraseto_tsquery('radioshop.shop', w)
          || phraseto_tsquery('radioshop.shop', array_to_string(regexp_match(w, '^([a-z]+|[0-9]+)([0-9]+|[a-z]+)$'), ' '))
        FROM unnest(said) w WHERE w ~ '^([a-z]+[0-9]+|[0-9]+[a-z]+)$'
    )
    SELECT p.target, p.substitute FROM pair p WHERE numnode(p.target) > 0 ORDER BY numnode(p.target) DESC, p.target;
END
$$;

-- A question as people type it into a search box: words that must all be found, "or" between them, "phrases", and -words that must not be.
-- There is no text that it refuses; it is NULL when there is no word in it that is to be found.
CREATE FUNCTION radioshop.search_query(question text) RETURNS tsquery LANGUAGE plpgsql STABLE SET client_min_messages = warning AS $$
DECLARE
  plain text := lower(left(question, 1000));
  asked tsquery;
  said text[];
BEGIN
  plain := regexp_replace(plain, '([[:alnum:]])[^[:alnum:][:space:]"]+(?=[[:alnum:]])', '\1', 'g'); -- apx-6000 is apx6000
  plain := regexp_replace(plain, '[^[:alnum:][:space:]"-]+', ' ', 'g');
  asked := websearch_to_tsquery('radioshop.shop', plain);
  IF numnode(asked) = 0 OR querytree(asked) = 'T' THEN
    RETURN NULL;
  END IF;
  said := ARRAY(SELECT DISTINCT m[1] FROM regexp_matches(asked::text, '''([^'']+)''', 'g') m);
  RETURN ts_rewrite(asked, format('SELECT r.target, r.substitute FROM radioshop.search_rewrites(%L::text[]) r', said));
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What is searched: one document a ticket, kept by triggers. The lexeme @N is the agency, so that the index itself reads no other's; no
-- question can hold one.

CREATE TABLE radioshop.ticket_document (
  agency_id int NOT NULL,
  ticket_id uuid NOT NULL,
  document tsvector NOT NULL,
  CONSTRAINT ticket_document_pkey PRIMARY KEY (agency_id, ticket_id),
  CONSTRAINT ticket_document_ticket_known FOREIGN KEY (agency_id, ticket_id) REFERENCES radioshop.ticket (agency_id, ticket_id) ON DELETE CASCADE
);
COMMENT ON TABLE radioshop.ticket_document IS 'what a ticket is found by: written by triggers from the ticket, its asset and its history';
CREATE INDEX ticket_document_words ON radioshop.ticket_document USING gin (document);
ALTER TABLE radioshop.ticket_document ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY ticket_document_agency ON radioshop.ticket_document TO radioshop_app
  USING (agency_id = ANY ((SELECT nullif(current_setting('radioshop.agencies', true), '')::int[])::int[]));
-- For find_documents() below, which is the owner's, and for nobody else.
CREATE POLICY ticket_document_search ON radioshop.ticket_document TO radioshop_owner USING (true);
GRANT SELECT, INSERT, UPDATE (document) ON radioshop.ticket_document TO radioshop_app;

-- The document of a ticket anew, from the rows themselves. Of a very long history the first 100,000 characters are searched.
CREATE FUNCTION radioshop.write_document(agency int, ticket uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO radioshop.ticket_document AS d (agency_id, ticket_id, document)
    SELECT t.agency_id, t.ticket_id, array_to_tsvector(ARRAY['@' || t.agency_id])
        || radioshop.search_vector(concat_ws(' ', t.number, a.tag, a.serial), 'A')
        || radioshop.search_vector(concat_ws(' ', t.problem, t.problem_code), 'B')
        || radioshop.search_vector(concat_ws(' ', t.cause, t.cause_code, t.action, t.action_code), 'C')
        || radioshop.search_vector(left((SELECT string_agg(e.text, ' ' ORDER BY e.entry_no) FROM radioshop.ticket_entry e
          WHERE e.agency_id = t.agency_id AND e.ticket_id = t.ticket_id AND e.text <> ''), 100000), 'D')
      FROM radioshop.ticket t JOIN radioshop.asset a ON a.agency_id = t.agency_id AND a.asset_id = t.asset_id
      WHERE t.agency_id = agency AND t.ticket_id = ticket
    ON CONFLICT (agency_id, ticket_id) DO UPDATE SET document = excluded.document;
END
$$;

CREATE FUNCTION radioshop.ticket_document_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'ticket' THEN
    PERFORM radioshop.write_document(NEW.agency_id, NEW.ticket_id);
  ELSIF TG_TABLE_NAME = 'ticket_entry' THEN -- what is added to the history is added to the document, as long as that has room
    UPDATE radioshop.ticket_document d SET document = d.document || radioshop.search_vector(NEW.text, 'D')
      WHERE d.agency_id = NEW.agency_id AND d.ticket_id = NEW.ticket_id AND length(d.document) < 4000;
  ELSE
    PERFORM radioshop.write_document(t.agency_id, t.ticket_id) FROM radioshop.ticket t
      WHERE t.agency_id = NEW.agency_id AND t.asset_id = NEW.asset_id;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER document_added AFTER INSERT ON radioshop.ticket FOR EACH ROW EXECUTE FUNCTION radioshop.ticket_document_follow();
CREATE TRIGGER document_changed AFTER UPDATE ON radioshop.ticket FOR EACH ROW
  WHEN ((NEW.problem, NEW.problem_code, NEW.cause, NEW.cause_code, NEW.action, NEW.action_code)
    IS DISTINCT FROM (OLD.problem, OLD.problem_code, OLD.cause, OLD.cause_code, OLD.action, OLD.action_code))
  EXECUTE FUNCTION radioshop.ticket_document_follow();
CREATE TRIGGER document_changed AFTER INSERT ON radioshop.ticket_entry FOR EACH ROW WHEN (NEW.text <> '')
  EXECUTE FUNCTION radioshop.ticket_document_follow();
CREATE TRIGGER document_changed AFTER UPDATE ON radioshop.asset FOR EACH ROW
  WHEN ((NEW.tag, NEW.serial) IS DISTINCT FROM (OLD.tag, OLD.serial)) EXECUTE FUNCTION radioshop.ticket_document_follow();

-- What is there already, as the owner, who sees what the settings say.
DO $$
BEGIN
  PERFORM set_config('radioshop.agencies', '{0}', true);
  PERFORM set_config('radioshop.agencies', (SELECT array_agg(g.agency_id)::text FROM radioshop.agency g), true);
  PERFORM radioshop.write_document(t.agency_id, t.ticket_id) FROM radioshop.ticket t;
END
$$;

-- The tickets of the caller's agencies that answer a question, with their rank in millionths. SECURITY DEFINER: the operator @@ is not
-- leakproof, so that under a policy with a condition the index on words is not used, and every document of the agency is read. It
-- runs as the owner, whose policy on this one table has no condition, and takes the agencies from the settings of the call itself,
-- never from whoever calls it: agency can but narrow them. The lexeme of the agency is a part of the question, and the agency is compared
-- once more. It gives back nothing but keys and ranks; the rows behind them are read under the caller's own policy.
CREATE FUNCTION radioshop.find_documents(question tsquery, agency int) RETURNS TABLE (agency_id int, ticket_id uuid, rank int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, radioshop, pg_temp ROWS 1000 AS $$
#variable_conflict use_column
DECLARE
  scope constant int[] := ARRAY(SELECT a FROM unnest(radioshop.agencies()) a WHERE find_documents.agency IS NULL OR a = find_documents.agency);
  places constant tsquery := (SELECT string_agg(format('''@%s''', a), ' | ')::tsquery FROM unnest(scope) a);
BEGIN
  IF places IS NULL OR question IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT d.agency_id, d.ticket_id, (ts_rank('{0.1, 0.2, 0.5, 1.0}', d.document, question) * 1000000)::int
    FROM radioshop.ticket_document d WHERE d.document @@ (places && question) AND d.agency_id = ANY (scope);
END
$$;

-- Where a ticket answers the question, for people: pieces of what it says, with the words that were found in brackets.
CREATE FUNCTION radioshop.search_excerpt(agency int, ticket uuid, question tsquery) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT translate(ts_headline('radioshop.shop', left(concat_ws(' · ', t.problem, nullif(t.cause, ''), nullif(t.action, ''),
        (SELECT string_agg(e.text, ' · ' ORDER BY e.entry_no) FROM (SELECT y.entry_no, y.text FROM radioshop.ticket_entry y
          WHERE y.agency_id = t.agency_id AND y.ticket_id = t.ticket_id AND y.text <> '' ORDER BY y.entry_no LIMIT 200) e)), 20000), question,
      'StartSel=[, StopSel=], MaxFragments=2, MaxWords=14, MinWords=4, FragmentDelimiter=" … "'), E'\n\r\t', '   ')
    FROM radioshop.ticket t WHERE t.agency_id = search_excerpt.agency AND t.ticket_id = search_excerpt.ticket);
END
$$;

-- Adds a word that means the same as another, or takes it away.
CREATE FUNCTION radioshop.change_synonym(add boolean, word text, means text, OUT refusal text, OUT shown_word text, OUT shown_means text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
  shown_word := lower(regexp_replace(btrim(change_synonym.word), '\s+', ' ', 'g'));
  shown_means := lower(regexp_replace(btrim(change_synonym.means), '\s+', ' ', 'g'));
  IF NOT radioshop.is_shop() THEN
    refusal := radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes its synonyms');
  ELSIF add THEN
    -- A word stands for one meaning, and a meaning for itself: chains would be followed one step only.
    PERFORM pg_advisory_xact_lock(hashtext('radioshop.synonym'));
    refusal := (SELECT CASE WHEN s.word = shown_word THEN
          radioshop.refuse('ALREADY_EXISTS', 'word', format('%s means %s already; remove that first', s.word, s.means))
        WHEN s.word = shown_means THEN
          radioshop.refuse('FAILED_PRECONDITION', 'means', format('%s itself means %s; give that', s.word, s.means))
        ELSE radioshop.refuse('FAILED_PRECONDITION', 'word', format('%s is what %s means; remove that first', s.means, s.word)) END
      FROM radioshop.synonym s WHERE s.word IN (shown_word, shown_means) OR s.means = shown_word
      ORDER BY s.word <> shown_word, s.word LIMIT 1);
    IF refusal IS NULL AND (SELECT count(*) FROM radioshop.synonym s) >= 2000 THEN
      refusal := radioshop.refuse('FAILED_PRECONDITION', 'word', 'there are 2000 synonyms, which is the most');
    END IF;
    IF refusal IS NULL THEN
      INSERT INTO radioshop.synonym (word, means) VALUES (shown_word, shown_means);
    END IF;
  ELSE
    DELETE FROM radioshop.synonym s WHERE s.word = shown_word RETURNING s.means INTO shown_means;
    IF NOT FOUND THEN
      refusal := radioshop.refuse('NOT_FOUND', 'word', format('%s is no synonym', left(shown_word, 64)));
    END IF;
  END IF;
END
$$;

UPDATE radioshop.schema_version SET version = 28;

COMMIT;
