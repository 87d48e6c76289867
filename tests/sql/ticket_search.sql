-- Searching tickets: the questions, the documents, and that the one function of the owner gives nobody another city's.
BEGIN;
SELECT no_plan();
INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tess', 'Tess'), ('lee', 'Lee');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id)
  SELECT p.principal_id, 'technician', CASE p.name WHEN 'tess' THEN 901 ELSE 902 END FROM radioshop.principal p WHERE p.name IN ('tess', 'lee');
INSERT INTO radioshop.asset (agency_id, tag, class, serial) VALUES (901, 'P1', 'portable', '426CXB0001'), (902, 'L1', 'portable', '426CXB0002');
SELECT is(radioshop.search_query(q)::text, wanted, coalesce(q, 'nothing')) FROM (VALUES
  ('No TX', $$'no' & ( 'transmit' | 'tx' | 'xmit' | 'key' <-> 'up' )$$), ('APX-6000', $$'apx6000' | 'apx' <-> '6000'$$), ('squeals or hums', $$'squeal' | 'hum'$$),
  ('"no audio"', $$'no' <-> 'audio'$$), ('audio -rain', $$'audio' & !'rain'$$), ('-rain', NULL), ('', NULL), (NULL, NULL), ('( & | ! :* <->', NULL), ('@901', $$'901'$$)) v (q, wanted);
SELECT is(radioshop.search_words('No TX on APX-6000, APX6000: 8.5W'), 'no tx on apx 6000 apx6000 8 5w apx6000 85w apx 6000 5 w', 'words as they are indexed');
SELECT is(char_length(radioshop.search_words(repeat('x', 5000))), 40, 'the longest word');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('lee', '{technician}', 'x', 'c0', 60000, 5000, NULL, NULL);
SELECT is((SELECT t.state FROM radioshop.open_ticket('L1', 'squeals in Lee''s Summit', NULL, true) t), 'received', 'a ticket of another city');
SELECT radioshop.enter('tess', '{technician}', 'x', 'c1', 60000, 5000, NULL, NULL);
SELECT is((SELECT t.state FROM radioshop.open_ticket('P1', 'squeals', NULL, true) t), 'received', 'and one of this');
CREATE FUNCTION pg_temp.found(q text) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM radioshop.find_documents(radioshop.search_query(q), NULL) $$;
SELECT is(pg_temp.found('squealing'), 1::bigint, 'found is the city''s own');
SELECT is((SELECT count(*) FROM radioshop.find_documents(radioshop.search_query('squeals'), 902)), 0::bigint, 'also when the other is asked for');
SELECT is((SELECT count(*) FROM radioshop.find_documents('squeal | ''@902'''::tsquery, NULL) f WHERE f.agency_id <> 901), 0::bigint, 'or its mark is smuggled in');
SELECT is((SELECT count(*) FROM radioshop.find_documents('!zzz'::tsquery, NULL)), 1::bigint, 'or everything is');
SELECT is((SELECT count(*) FROM radioshop.ticket_document), 1::bigint, 'the documents of another city are not there');
SELECT is(pg_temp.found('426cxb0001'), 1::bigint, 'by the serial number');
UPDATE radioshop.asset SET serial = '426CXB0009' WHERE tag = 'P1';
SELECT is(pg_temp.found('426cxb0001') || ' ' || pg_temp.found('426cxb0009'), '0 1', 'by the new one');
SELECT is((SELECT count(*) FROM radioshop.add_ticket_entry((SELECT t.number FROM radioshop.ticket t), 'note', string_agg(md5(n::text || k), ' '), 0, 0) a), 1::bigint, 'a long history')
  FROM generate_series(1, 60) k, generate_series(1, 120) n GROUP BY k;
SELECT ok((SELECT length(d.document) FROM radioshop.ticket_document d) BETWEEN 4000 AND 4500, 'is searched as far as there is room');
UPDATE radioshop.ticket SET cause = 'zebra';
SELECT is(pg_temp.found('zebra squeal'), 1::bigint, 'and can still be changed');
SELECT set_config('radioshop.agencies', '', true);
SELECT is(pg_temp.found('squeals'), 0::bigint, 'who is nobody finds nothing');
SELECT * FROM finish();
