-- Revert radioshop:loan from pg
--
-- What is lent is forgotten; assets that are out stay in service.

BEGIN;

UPDATE radioshop.schema_version SET version = 22;

ALTER TABLE radioshop.alert NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_notice NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route NO FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_rule NO FORCE ROW LEVEL SECURITY;
DELETE FROM radioshop.alert_notice n USING radioshop.alert l
  WHERE l.agency_id = n.agency_id AND l.alert_id = n.alert_id AND l.kind = 'loaner_not_back';
DELETE FROM radioshop.alert WHERE kind = 'loaner_not_back';
DELETE FROM radioshop.alert_rule WHERE kind = 'loaner_not_back';
DELETE FROM radioshop.alert_kind WHERE kind = 'loaner_not_back';
UPDATE radioshop.alert_route SET kinds = array_remove(kinds, 'loaner_not_back') WHERE 'loaner_not_back' = ANY (kinds);
ALTER TABLE radioshop.alert FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_notice FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_route FORCE ROW LEVEL SECURITY;
ALTER TABLE radioshop.alert_rule FORCE ROW LEVEL SECURITY;
DROP FUNCTION radioshop.alert_loaners_out(int, date, int);

DROP FUNCTION radioshop.change_loaner(boolean, text, text);
DROP FUNCTION radioshop.shown_loaner(int, uuid);
DROP TYPE radioshop.loaner_shown;
DROP FUNCTION radioshop.open_ticket_with_loaner(text, text, text, boolean, text, text, text, date);
DROP FUNCTION radioshop.return_loan(text, bigint, text, text, text);
DROP FUNCTION radioshop.extend_loan(text, bigint, date, text);
DROP FUNCTION radioshop.issue_loan(text, text, text, text, text, text, text, date, text);
DROP FUNCTION radioshop.loan_to_change(text, bigint);
DROP FUNCTION radioshop.custody_of(int, uuid);
DROP FUNCTION radioshop.loaner_of(text, uuid);
DROP FUNCTION radioshop.refuse_retiring_with(text);
DROP FUNCTION radioshop.refuse_retiring(int, uuid, text);
DROP FUNCTION radioshop.refuse_lending(int, uuid);
DROP FUNCTION radioshop.lock_assets(uuid[]);
DROP FUNCTION radioshop.one_loan(text);
DROP FUNCTION radioshop.shown_loan(int, uuid);
DROP TYPE radioshop.loan_shown;
DROP TRIGGER keep_loaner ON radioshop.ticket;
DROP FUNCTION radioshop.ticket_keep_loaner();
DROP TRIGGER asset_not_lent ON radioshop.asset;
DROP FUNCTION radioshop.asset_stays_lent();
DROP TABLE radioshop.ticket_loaner, radioshop.loan, radioshop.loaner;
DROP FUNCTION radioshop.loan_follow();
DROP FUNCTION radioshop.loan_due(date, date);
DROP FUNCTION radioshop.loan_latest(date, boolean);

COMMIT;
