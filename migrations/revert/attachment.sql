-- Revert radioshop:attachment from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 26;

DROP FUNCTION radioshop.remove_attachment(uuid, text);
DROP FUNCTION radioshop.finish_upload(uuid);
DROP FUNCTION radioshop.put_chunk(uuid, bigint, bytea);
DROP FUNCTION radioshop.one_upload(uuid);
DROP FUNCTION radioshop.start_upload(text, text, bigint, text, text, boolean);
DROP FUNCTION radioshop.drop_bytes(int, uuid[], text);
DROP FUNCTION radioshop.shown_attachment(int, uuid);
DROP FUNCTION radioshop.next_offset(int, uuid, bigint);
DROP TYPE radioshop.attachment_shown;
DROP FUNCTION radioshop.one_attachment(text, text);
DROP FUNCTION radioshop.one_record(text);
DROP FUNCTION radioshop.media_type_of(bytea, boolean, text);
DROP FUNCTION radioshop.is_plain_text(bytea, boolean);
DROP TABLE radioshop.attachment_chunk;
DROP TABLE radioshop.attachment;
DROP FUNCTION radioshop.chunk_follow();
DROP FUNCTION radioshop.attachment_count();
DROP FUNCTION radioshop.attachment_follow();
DROP TRIGGER add_attachment_limits ON radioshop.agency;
DROP FUNCTION radioshop.add_attachment_limits();
DROP TABLE radioshop.attachment_limits;
DROP FUNCTION radioshop.shown_size(bigint);
DROP FUNCTION radioshop.chunk_bytes();

COMMIT;
