-- Attachments: what holds whatever statement tries.
BEGIN;
SELECT no_plan();
SELECT is(radioshop.media_type_of(head, false, name), want, format('%s is %s', name, want)) FROM (VALUES ('\xffd8ffe1'::bytea, 'a.txt', 'image/jpeg'), ('\x89504e470d0a1a0a00', 'a', 'image/png'),
  ('\x255044462d312e37', 'a', 'application/pdf'), ('abc', 'a.jpg', 'text/plain'), ('a,b', 'A.CSV', 'text/csv'), ('\x00', 'a.csv', 'application/octet-stream'), ('\xc3', 'a.txt', 'application/octet-stream'),
  ('\xc2855c', 'c1.txt', 'application/octet-stream'), ('\xefbbbf61', 'bom.txt', 'text/plain')) v (head, name, want);
SELECT is(radioshop.is_plain_text('\x61e282', cut), cut, format('cut within a character: %s', cut)) FROM unnest('{t,f}'::boolean[]) cut;
SELECT is(radioshop.is_plain_text('\xff6161616161', true), false, 'but not any byte');
SELECT is(radioshop.shown_size(n), want, want) FROM (VALUES (1::bigint, '1 bytes'), (1048575, '1048575 bytes'), (33554432, '32 MiB'), (1572864, '1.5 MiB')) v (n, want);

INSERT INTO radioshop.agency (agency_id, code, name, time_zone) VALUES (901, 'IND', 'Independence', 'UTC'), (902, 'LSM', 'Lee''s Summit', 'UTC');
SELECT is((SELECT array_agg(l.file_bytes || ' ' || l.total_bytes || ' ' || l.record_files || ' ' || l.used_bytes) FROM radioshop.attachment_limits l WHERE l.agency_id > 900),
  ARRAY['33554432 10737418240 100 0', '33554432 10737418240 100 0'], 'an agency has limits from its beginning');
INSERT INTO radioshop.principal (name, display_name) VALUES ('tina', 'Tina'), ('mona', 'Mona');
INSERT INTO radioshop.principal_grant (principal_id, role, agency_id) SELECT p.principal_id, v.role, v.agency_id
  FROM (VALUES ('tina', 'technician', 0), ('mona', 'fleet_manager', 902)) v (name, role, agency_id) JOIN radioshop.principal p USING (name);
INSERT INTO radioshop.asset (agency_id, tag, class) VALUES (901, 'P1', 'portable'), (901, 'P2', 'portable'), (902, 'Q1', 'portable');
SET LOCAL ROLE radioshop_app;
SELECT radioshop.enter('tina', '{technician}', 'M', 'c1', 60000, 5000, NULL, NULL);
CREATE FUNCTION pg_temp.said(refusal text) RETURNS text LANGUAGE sql AS $$ SELECT translate(refusal, chr(31), '|') $$;
CREATE FUNCTION pg_temp.made() RETURNS uuid LANGUAGE sql AS $$ SELECT a.attachment_id FROM radioshop.attachment a WHERE a.state <> 'removed' ORDER BY a.attachment_id DESC LIMIT 1 $$;
CREATE FUNCTION pg_temp.sha(data bytea) RETURNS text LANGUAGE sql AS $$ SELECT encode(sha256(data), 'hex') $$;

SELECT throws_ok(format($$INSERT INTO radioshop.attachment (agency_id, asset_id, name, size_bytes, sha256, note) SELECT agency_id, asset_id, %L, %L, %L, %L FROM radioshop.asset WHERE tag = 'P1'$$,
    name, size, digest, note), '23514', format('new row for relation "attachment" violates check constraint "%s"', rule), format('%s: %s', rule, name))
  FROM (VALUES ('', 1, sha256(''), '', 'attachment_name_form'), ('../x', 1, sha256(''), '', 'attachment_name_form'), ('-x', 1, sha256(''), '', 'attachment_name_form'),
    ('.x', 1, sha256(''), '', 'attachment_name_form'), ('x.', 1, sha256(''), '', 'attachment_name_form'), (E'a\tb', 1, sha256(''), '', 'attachment_name_form'),
    (U&'a\202Eb', 1, sha256(''), '', 'attachment_name_form'), (repeat(U&'\00e4', 101), 1, sha256(''), '', 'attachment_name_form'), ('x', 0, sha256(''), '', 'attachment_size_bytes_range'),
    ('x', 134217729, sha256(''), '', 'attachment_size_bytes_range'), ('x', 1, '\x00', '', 'attachment_sha256_form'), ('x', 1, sha256(''), E'a\nb', 'attachment_note_form')) v (name, size, digest, note, rule);
SELECT throws_ok($$INSERT INTO radioshop.attachment (agency_id, asset_id, name, size_bytes, sha256, state, stored_at, media_type)
  SELECT agency_id, asset_id, 'x', 1, sha256('x'), 'stored', now(), 'text/plain' FROM radioshop.asset WHERE tag = 'P1'$$, '23514', 'attachment x cannot go from nothing to stored', 'nothing is stored without an upload');
SELECT throws_ok($$INSERT INTO radioshop.attachment (agency_id, asset_id, ticket_id, name, size_bytes, sha256) SELECT agency_id, asset_id, radioshop.uuid_v7(), 'x', 1, sha256('x')
  FROM radioshop.asset WHERE tag = 'P1'$$, '23503', NULL, 'nor on a ticket that is not its asset''s');

SELECT is((SELECT s.state || ' ' || s.next_offset FROM radioshop.start_upload('P1', 'a.txt', 262147, pg_temp.sha(convert_to(repeat('x', 262147), 'UTF8')), '', false) s), 'uploading 0', 'begun');
SELECT is((SELECT l.used_bytes FROM radioshop.attachment_limits l WHERE l.agency_id = 901), 262147::bigint, 'and counted');
SELECT throws_ok($$INSERT INTO radioshop.attachment (agency_id, asset_id, name, size_bytes, sha256) SELECT agency_id, asset_id, 'A.TXT', 1, sha256('x') FROM radioshop.asset WHERE tag = 'P1'$$,
  '23505', NULL, 'one file of a name');
SELECT throws_ok(format('INSERT INTO radioshop.attachment_chunk (agency_id, attachment_id, chunk_no, bytes) VALUES (901, %L, %s, %L)', pg_temp.made(), no, bytes), '23514', NULL, format('chunk %s of %s bytes', no, octet_length(bytes)))
  FROM (VALUES (0, 'x'::bytea), (1, 'xx'), (1, 'xxxx'), (2, 'x'), (-1, 'x'), (512, 'x'), (1, '')) v (no, bytes);
SELECT is((SELECT c.refusal IS NULL AND c.next_offset = 0 FROM radioshop.put_chunk(pg_temp.made(), 262144, 'xxx') c), true, 'the last chunk first');
SELECT throws_ok($$UPDATE radioshop.attachment SET state = 'stored', stored_at = now(), media_type = 'text/plain'$$, '23514', 'attachment a.txt is not whole', 'no statement stores half a file');
SELECT matches(pg_temp.said((SELECT c.refusal FROM radioshop.put_chunk(pg_temp.made(), 262144, 'xxy') c)), '^ALREADY_EXISTS\|data', 'other bytes are refused');
SELECT is((SELECT c.next_offset FROM radioshop.put_chunk(pg_temp.made(), 0, convert_to(repeat('x', 262144), 'UTF8')) c), 262147::bigint, 'all are there');
SELECT throws_ok('UPDATE radioshop.attachment_chunk SET bytes = ''x''', '42501', NULL, 'bytes are never changed');
SELECT throws_ok('DELETE FROM radioshop.attachment', '42501', NULL, 'no record is deleted');
SELECT is((SELECT s.state || ' ' || s.media_type FROM radioshop.finish_upload(pg_temp.made()) s), 'stored text/plain', 'stored');
SELECT throws_ok('DELETE FROM radioshop.attachment_chunk', '23514', 'attachment a.txt is stored: its bytes stay as they are', 'no statement takes bytes from what is stored');
SELECT throws_ok($$UPDATE radioshop.attachment SET state = 'uploading', stored_at = NULL, media_type = NULL$$, '23514', 'attachment a.txt cannot go from stored to uploading', 'nor makes it an upload again');
SELECT throws_ok($$UPDATE radioshop.attachment SET state = 'removed', removed_at = now(), removed_by = 'x'$$, '23514', 'new row for relation "attachment" violates check constraint "attachment_reason_form"', 'it is not removed without a reason');
SELECT is((SELECT c.refusal IS NULL AND c.next_offset = 262147 FROM radioshop.put_chunk(pg_temp.made(), 262144, 'xxx') c), true, 'a late twin of a chunk is no fault');
SELECT is((SELECT s.state || ' ' || s.reason FROM radioshop.remove_attachment(pg_temp.made(), ' wrong ') s), 'removed wrong', 'removed');
SELECT is_empty('SELECT 1 FROM radioshop.attachment_chunk', 'its bytes are gone');
SELECT is((SELECT l.used_bytes || ' ' || l.revision FROM radioshop.attachment_limits l WHERE l.agency_id = 901), '0 1', 'and counted no more; the limits are at the revision they were');
SELECT throws_ok($$INSERT INTO radioshop.attachment_chunk (agency_id, attachment_id, chunk_no, bytes) SELECT agency_id, attachment_id, 1, 'xxx' FROM radioshop.attachment$$, '23514', NULL, 'none come after it');
SELECT is((SELECT array_agg(e.action || ' ' || (e.after ? 'sha256') ORDER BY e.event_id) FROM radioshop.event e WHERE e.resource = 'attachment'), '{"insert true","update false","update false"}', 'three events, and no bytes in them');

SELECT is((SELECT s.state FROM radioshop.start_upload('P1', 'b.txt', 3, pg_temp.sha('abc'), '', false) s), 'uploading', 'another');
SELECT is((SELECT c.refusal IS NULL FROM radioshop.put_chunk(pg_temp.made(), 0, 'abd') c), true, 'with other bytes');
SELECT matches(pg_temp.said((radioshop.finish_upload(pg_temp.made())).refusal), '^FAILED_PRECONDITION\|sha256', 'is not what was announced');

SELECT radioshop.enter('mona', '{fleet_manager}', 'M', 'c2', 60000, 5000, NULL, NULL);
SELECT is_empty('SELECT 1 FROM radioshop.attachment UNION ALL SELECT 1 FROM radioshop.attachment_chunk UNION ALL SELECT 1 FROM radioshop.attachment_limits WHERE agency_id = 901', 'another agency sees nothing of it');
SELECT throws_ok($$INSERT INTO radioshop.attachment (agency_id, asset_id, name, size_bytes, sha256) VALUES (901, radioshop.uuid_v7(), 'x', 1, sha256('x'))$$, '42501', NULL, 'nor adds to it');

SELECT * FROM finish();
ROLLBACK;
