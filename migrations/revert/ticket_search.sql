-- Revert radioshop:ticket_search from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 27;

DROP FUNCTION radioshop.change_synonym(boolean, text, text);
DROP FUNCTION radioshop.search_excerpt(int, uuid, tsquery);
DROP FUNCTION radioshop.find_documents(tsquery, int);
DROP TRIGGER document_changed ON radioshop.asset;
DROP TRIGGER document_changed ON radioshop.ticket_entry;
DROP TRIGGER document_changed ON radioshop.ticket;
DROP TRIGGER document_added ON radioshop.ticket;
DROP FUNCTION radioshop.ticket_document_follow();
DROP FUNCTION radioshop.write_document(int, uuid);
DROP TABLE radioshop.ticket_document;
DROP FUNCTION radioshop.search_query(text);
DROP FUNCTION radioshop.search_rewrites(text[]);
DROP TABLE radioshop.synonym;
DROP FUNCTION radioshop.search_vector(text, "char");
DROP FUNCTION radioshop.search_words(text);
DROP TEXT SEARCH CONFIGURATION radioshop.shop;
DROP TEXT SEARCH DICTIONARY radioshop.shop_stem;

COMMIT;
