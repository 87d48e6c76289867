-- Searching the register: the words, the forms that were likely meant, and that the one function of the owner gives nobody another city's.
BEGIN;
SELECT no_plan();
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tess', 'Tess'), ('lee', 'Lee'), ('both', 'Both');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, 'technician', g.a FROM radioshop.principal p
  JOIN (VALUES ('tess', 901), ('lee', 902), ('both', 901), ('both', 902)) g (n, a) ON g.n = p.name;
SELECT is(radioshop.plain_words('Jörg O''Brien  C3-0042')::text, '{JORG,OBRIEN,"",C30042,JORG,O,BRIEN,"",C3,0042}', 'words, joined and in parts');
SELECT is(radioshop.plain_words('PD-0042')::text, '{PD0042,0042}', 'of one word the first part is its beginning');
SELECT is(radioshop.plain_word('-O’Brien-' || repeat('x', 90)), left('OBRIEN' || repeat('X', 90), 40), 'the longest word');
SELECT is(radioshop.plain_word('-'), '', 'signs alone are no word');
SELECT ok('{SMIT,MSITH,SMYTH,SMITHE,XSMITH}' <@ radioshop.near_words('SMITH'), 'a letter too few, two changed about, one wrong, one too many');
SELECT is((SELECT max(abs(char_length(n) - 5)) FROM unnest(radioshop.near_words('SMITH')) n), 1, 'and no more than one');

SET LOCAL ROLE radioshop_app;
CREATE FUNCTION pg_temp.found(q text, agency text DEFAULT '', status text DEFAULT NULL, model text DEFAULT '') RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(coalesce(replace(s.refusal, chr(31), '|'), a.tag || ' ' || s.rank || ' ' || s.fields), '; ' ORDER BY s.rank, s.code, s.tag_key), 'nothing')
    FROM radioshop.search_assets(q, agency, status, NULL, model, NULL, 51) s LEFT JOIN radioshop.asset a ON a.agency_id = s.agency_id AND a.asset_id = s.asset_id $$;
SELECT radioshop.enter('lee', '{technician}', 'x', 'c0', 60000, 5000, NULL, NULL);
INSERT INTO radioshop.asset (agency_id, tag, class, serial, unit_id, alias, assigned_to)
  VALUES (902, 'L-1', 'portable', '426CXB9999', 7200001, 'LEE ONE', 'Zebulon Smith');
SELECT radioshop.enter('tess', '{technician}', 'x', 'c1', 60000, 5000, NULL, NULL);
INSERT INTO radioshop.asset (agency_id, tag, class, serial, unit_id, alias, assigned_to) VALUES
  (901, 'P-0042', 'portable', '426CXB0001', 7200042, 'ENGINE 4', 'Jane Smith'),
  (901, 'P-0043', 'portable', '426CXB0002', 7200043, 'ENGINE 5', 'Jean Muñoz'),
  (901, 'P-0044', 'mobile', '', NULL, '', 'Smithson, Jane');
SELECT is((SELECT t.number FROM radioshop.open_ticket('P-0044', 'squeals', NULL, true) t), 'IND-' || to_char(now(), 'YYYY') || '-00001', 'a ticket');
SELECT is(pg_temp.found(q), wanted, q) FROM (VALUES
  ('p-0042', 'P-0042 0 tag'), ('P-004', 'P-0042 2 tag; P-0043 2 tag; P-0044 2 tag'), ('p0042', 'P-0042 1 tag'), ('0042', 'P-0042 1 tag'),
  ('IND:p-0042', 'P-0042 0 tag'), ('426cxb0002', 'P-0043 0 serial'), ('426CXB', 'P-0042 2 serial; P-0043 2 serial'), ('7200042', 'P-0042 0 unit_id'),
  ('720004', 'P-0042 2 unit_id; P-0043 2 unit_id'), ('engine 4', 'P-0042 0 alias, serial; P-0043 2 alias, serial'), ('engine', 'P-0042 1 alias; P-0043 1 alias'),
  ('smith', 'P-0042 1 assigned_to; P-0044 2 assigned_to'), ('smith jane', 'P-0042 1 assigned_to; P-0044 2 assigned_to'), ('jane engine', 'P-0042 1 alias, assigned_to'),
  ('munoz', 'P-0043 1 assigned_to'), ('MUÑOZ', 'P-0043 1 assigned_to'), ('smith 0042 426', 'P-0042 2 assigned_to, serial, tag'), ('smith -', 'P-0042 1 assigned_to; P-0044 2 assigned_to'),
  -- what was likely meant
  ('smiht', 'P-0042 3 assigned_to'), ('jnae', 'P-0042 3 assigned_to; P-0044 3 assigned_to'), ('426CXB0020', 'P-0043 3 serial'), ('426CXB0011', 'P-0042 3 serial'),
  ('p-0034', 'P-0043 3 tag; P-0044 3 tag'), ('7200024', 'P-0042 3 unit_id'), ('p0024', 'P-0042 3 tag; P-0044 3 tag'), ('jnae smtih', 'P-0042 3 assigned_to'), ('munos', 'P-0043 3 assigned_to'),
  -- another city's, and what nobody has
  ('zebulon', 'nothing'), ('lee', 'nothing'), ('426CXB9999', 'nothing'), ('7200001', 'nothing'), ('zebulin', 'nothing'), ('LSM:L-1', 'nothing'), ('jane zebulon', 'nothing'), ('%', 'nothing'), ('_', 'nothing'),
  ('', 'INVALID_ARGUMENT|query|say what to look for: a tag, serial number, unit ID, alias, name or ticket number'),
  ('a b c d e f g h i', 'INVALID_ARGUMENT|query|give at most 8 words, and 500 characters')) v (q, wanted);
SELECT is(pg_temp.found('IND-' || to_char(now(), 'YYYY') || '-00001'), 'P-0044 0 ticket', 'by the number of a ticket');
SELECT is(pg_temp.found(to_char(now(), 'YYYY') || '-00001 jane'), 'P-0044 1 assigned_to, ticket', 'without its agency, and with a name');
SELECT is(pg_temp.found('IND-' || to_char(now(), 'YYYY')), 'P-0044 2 ticket', 'by its beginning');
SELECT is(pg_temp.found('smith', 'ind', 'in_service'), 'P-0042 1 assigned_to', 'filters combine: what is in the shop is left out');
SELECT is(pg_temp.found('smith', 'ind', 'missing'), 'nothing', 'and no other status');
SELECT is(pg_temp.found('smith', 'LSM'), 'NOT_FOUND|agency|no agency has the code LSM', 'an agency of somebody else is none');
SELECT is(pg_temp.found('smith', '', NULL, 'NOPE'), 'NOT_FOUND|model|no model of the catalogue has the number NOPE', 'a model that is none');
SELECT is((SELECT count(*) FROM radioshop.find_words('{SMITH,ZEBULON,LEE,JANE}') f WHERE f.agency_id <> 901 OR f.word NOT IN ('SMITH', 'JANE')), 0::bigint,
  'the function of the owner names but the caller''s agencies and their words');
SELECT is((SELECT count(*) FROM radioshop.asset_word w WHERE w.agency_id <> 901), 0::bigint, 'the words of another city are not there');

-- The table of words follows
UPDATE radioshop.asset SET assigned_to = 'Rita', alias = 'JANE 7' WHERE tag = 'P-0042';
SELECT is(pg_temp.found('smith jane') || ', ' || pg_temp.found('rita') || ', ' || pg_temp.found('jane 7'), 'P-0044 2 assigned_to, P-0042 1 assigned_to, P-0042 0 alias, unit_id', 'what is changed is found at once, and only so');
UPDATE radioshop.asset SET tag = 'Q-1' WHERE tag = 'P-0042';
SELECT is(pg_temp.found('p0042 rita') || ', ' || pg_temp.found('q1'), 'nothing, Q-1 1 tag', 'by its new tag');
SELECT is((SELECT array_agg(w.word ORDER BY w.word) FROM radioshop.asset_word w JOIN radioshop.asset a ON a.agency_id = w.agency_id AND a.asset_id = w.asset_id WHERE a.tag = 'Q-1')::text,
  '{1,7,JANE,Q1,RITA}', 'and no old word stays');
SELECT radioshop.enter('both', '{technician}', 'x', 'c2', 60000, 5000, NULL, NULL);
SELECT is(pg_temp.found('smith'), 'L-1 1 assigned_to; P-0044 2 assigned_to', 'who works for both cities finds both');
SELECT is(pg_temp.found('smith', 'lsm'), 'L-1 1 assigned_to', 'or one of them');
SELECT is(pg_temp.found('zebulin'), 'L-1 3 assigned_to', 'also what was likely meant');
-- Words that very many have
INSERT INTO radioshop.asset (agency_id, tag, class, assigned_to, status) SELECT 901, 'M' || n, 'portable', 'Officer Common' || CASE n WHEN 400 THEN ' Rare' ELSE '' END,
  CASE n WHEN 350 THEN 'missing' ELSE 'in_service' END FROM generate_series(1, 400) n;
SELECT is((SELECT count(*) FROM radioshop.search_assets('officer', '', NULL, NULL, '', NULL, 51)), 51::bigint, 'a page of a word that very many have');
SELECT is(pg_temp.found('officer rare') || ', ' || pg_temp.found('rare common officer'), 'M400 1 assigned_to, M400 1 assigned_to', 'a rare word leads');
SELECT is(pg_temp.found('officer', '', 'missing'), 'M350 1 assigned_to', 'or a filter that few pass');
INSERT INTO radioshop.asset (agency_id, tag, class, assigned_to) SELECT 901, 'N' || n, 'portable', CASE WHEN n > 320 THEN 'Lefthand' ELSE 'Righthand' END FROM generate_series(1, 640) n;
SELECT is(pg_temp.found('lefthand righthand'), 'FAILED_PRECONDITION|query|more than 300 assets have each of these words, and none of the first 300 answers; add a word, or a filter', 'too many to look through');
SELECT is(pg_temp.found('lefthand righthand n320'), 'nothing', 'and not too many, with another word');
SELECT set_config('radioshop.agencies', '', true);
SELECT is(pg_temp.found('smith'), 'nothing', 'who is nobody finds nothing');
SELECT * FROM finish();
ROLLBACK;
