-- Revert radioshop:transfer from pg
--
-- What was transferred is disposed of at its giver, as returned to a vendor; the link between both assets is forgotten.

BEGIN;

UPDATE radioshop.schema_version SET version = 47;

DROP FUNCTION radioshop.offer_transfer(text[], text, bigint, text, boolean, text[]);
DROP FUNCTION radioshop.drop_transfer(text, boolean, text);
DROP FUNCTION radioshop.accept_transfer(text, text[], text);
DROP FUNCTION radioshop.one_transfer(text);
DROP FUNCTION radioshop.shown_transfer(int, uuid);
DROP TYPE radioshop.transfer_shown;
DROP FUNCTION radioshop.why_not_transfer(int, uuid, uuid[]);
DROP FUNCTION radioshop.any_agency(text);
DROP FUNCTION radioshop.act_again(text);
DROP FUNCTION radioshop.act_for(int);
DROP TRIGGER asset_not_transferred ON radioshop.asset;
DROP FUNCTION radioshop.asset_stays_transferred();
ALTER TABLE radioshop.retirement NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER, DROP COLUMN transfer_id,
  DROP CONSTRAINT retirement_reason_known, DROP CONSTRAINT retirement_method_known;
UPDATE radioshop.retirement SET method = 'returned' WHERE method = 'transferred';
UPDATE radioshop.retirement SET reason = 'other' WHERE reason = 'transferred';
ALTER TABLE radioshop.retirement
  ADD CONSTRAINT retirement_reason_known CHECK (reason IN ('end_of_life', 'end_of_support', 'beyond_repair', 'replaced', 'surplus', 'lost', 'other')),
  ADD CONSTRAINT retirement_method_known CHECK (method IN ('sold', 'scrapped', 'destroyed', 'donated', 'returned', 'traded_in'));
ALTER TABLE radioshop.retirement FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER;
COMMENT ON CONSTRAINT retirement_reason_known ON radioshop.retirement IS
  'reason: a reason is end_of_life, end_of_support, beyond_repair, replaced, surplus, lost or other';
COMMENT ON CONSTRAINT retirement_method_known ON radioshop.retirement IS
  'method: it is sold, scrapped, destroyed, donated, returned or traded_in';
DROP TABLE radioshop.transfer_item, radioshop.transfer;
DROP FUNCTION radioshop.transfer_stays();

COMMIT;
